#!/bin/sh
# Runs the Chromium that install.sh has installed beside this file, with its own
# libraries and font.
dir=$(dirname "$(readlink -f "$0")")

# A page is other people's text, so Chromium's sandbox stays on. Chromium refuses
# to run as root in its sandbox.
if [ "$(id -u)" = 0 ]; then
  case " $* " in
    *" --no-sandbox "*) ;;
    *)
      echo "chromium: without its sandbox, because this user is root; another user has the sandbox" >&2
      set -- --no-sandbox "$@"
      ;;
  esac
fi
LD_LIBRARY_PATH=$dir/lib FONTCONFIG_FILE=$dir/fonts.conf exec "$dir/chromium" "$@"
