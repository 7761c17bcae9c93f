#!/bin/sh
# Installs a headless Chromium under DIR, without root: a binary for x86-64
# Linux that comes inside a package of npm, with the libraries and the font that
# a bare machine lacks. DIR/bin/chromium runs it.
#
# usage: install.sh DIR VERSION SHA256
set -eu
scripts=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/chromium" "$1/bin"
dir=$(cd "$1" && pwd)
cd "$dir/chromium"

npm pack --silent "@sparticuz/chromium@$2" >package.name
echo "$3  $(cat package.name)" | sha256sum --check --quiet
tar -xzf "$(cat package.name)"

node -e '
  const { readFileSync, writeFileSync } = require("fs");
  const { brotliDecompressSync } = require("zlib");
  for (const name of ["chromium", "al2023.tar", "fonts.tar"])
    writeFileSync(name, brotliDecompressSync(readFileSync("package/bin/" + name + ".br")));
'
chmod +x chromium
tar -xf al2023.tar
tar -xf fonts.tar
rm -r "$(cat package.name)" package.name package al2023.tar fonts.tar

cp "$scripts/chromium.sh" "$scripts/fonts.conf" .
ln -sf ../chromium/chromium.sh "$dir/bin/chromium"
"$dir/bin/chromium" --version
