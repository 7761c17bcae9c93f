#!/usr/bin/env bash
# Fetches the pinned Debian 12 packages of base.txt and lays out the libraries of
# the modelserver image, and the certificate authorities of all images.
#
#   base.sh CACHE STAGE ARCH...
#
# CACHE keeps the packages. STAGE gets linux-ARCH/base and common/ca-certificates.crt.
# Packages of other architectures are not fetched.
# Each package is held to its checksum. It needs apt-get and dpkg-deb, and changes
# nothing of the machine's own packages.
set -euo pipefail
cache=$(mkdir -p "$1" && cd "$1" && pwd)
stage=$(mkdir -p "$2" && cd "$2" && pwd)
list=$(cd "$(dirname "$0")" && pwd)/base.txt
arches=("${@:3}")

fail() { echo "make images: $*" >&2; exit 1; }
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
  fail 'apt-get and dpkg-deb are missing; build the images on Debian or Ubuntu'

# apt ARCH ARGUMENT...: apt-get for another architecture, with a state of its own.
apt() {
  local arch=$1 state=$cache/apt-$1
  shift
  mkdir -p "$state/lists/partial" "$state/archives/partial"
  apt-get -qq -o APT::Architecture="$arch" -o APT::Architectures="$arch" -o Dir::State="$state" -o Dir::Cache="$state" \
    -o Dir::State::status=/dev/null -o APT::Sandbox::User=root "$@"
}

# fetch NAME VERSION ARCH SHA256 prints the package's file.
fetch() {
  local file="$cache/$1_${2//:/%3a}_$3.deb" arch=$3
  [ "$arch" != all ] || arch=${arches[0]}
  if [ ! -f "$file" ]; then
    [ -f "$cache/apt-$arch/updated" ] || { apt "$arch" update >&2; touch "$cache/apt-$arch/updated"; }
    (cd "$cache" && apt "$arch" download "$1=$2" >&2) ||
      fail "Debian no longer has $1 $2: write the version and checksum of today's into deploy/images/base.txt"
  fi
  echo "$4  $file" | sha256sum --check --quiet >&2 || { rm -f "$file"; fail "$1 $2 $3 is not what base.txt expects; run again"; }
  echo "$file"
}

unpacked=$(mktemp -d)
trap 'rm -rf "$unpacked"' EXIT
while read -r name version arch sum; do
  [[ " ${arches[*]} all " == *" $arch "* ]] || continue
  file=$(fetch "$name" "$version" "$arch" "$sum")
  dpkg-deb -x "$file" "$unpacked/$arch"
done <"$list"

for arch in "${arches[@]}"; do
  base=$stage/linux-$arch/base
  rm -rf "$base"
  mkdir -p "$base/usr/share/doc/moodring"
  # Shared libraries, the loader and the licenses; no programs, no charsets.
  (cd "$unpacked/$arch" && find . \( -name '*.so*' -o -name copyright \) -not -path '*/gconv/*' -not -path '*/audit/*' \
    -not -path '*gdb*' -print0 | tar -c --null -T -) | tar -x -C "$base"
  grep -F " $arch " "$list" >"$base/usr/share/doc/moodring/debian-packages"
done
mkdir -p "$stage/common"
find "$unpacked/all/usr/share/ca-certificates" -name '*.crt' -print0 | LC_ALL=C sort -z | xargs -0 cat >"$stage/common/ca-certificates.crt"
