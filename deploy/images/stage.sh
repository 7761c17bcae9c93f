#!/usr/bin/env bash
# Builds everything that goes into the images, for each platform, into a folder.
# `make images` runs it from the repository's root.
#
#   stage.sh STAGE VERSION TOOLS PLATFORM...
#
# TOOLS is the folder .tools, which has a Python environment with ziglang: zig
# compiles the C of the model server's ONNX Runtime bindings for any platform.
set -euo pipefail
stage=$1 version=$2 tools=$(cd "$3" && pwd)
shift 3
ldflags="-s -w -X main.version=$version"
onnxruntime=$(sed -n 's/^onnxruntime==\([0-9.]*\).*/\1/p' .ci/pip/onnxruntime.txt)

# build PLATFORM compiles the three programs.
build() {
  local arch=${1#linux/} out=$PWD/$stage/${1//\//-} target
  mkdir -p "$out"
  case $arch in
    amd64) target=x86_64-linux-gnu.2.31 ;;
    arm64) target=aarch64-linux-gnu.2.31 ;;
    *) echo "make images: $1 is neither linux/amd64 nor linux/arm64" >&2; exit 2 ;;
  esac
  echo "images: compiling for $1" >&2
  CGO_ENABLED=0 GOOS=linux GOARCH=$arch go build -trimpath -ldflags "$ldflags" -o "$out/" ./exporter ./dashgen
  CGO_ENABLED=1 GOOS=linux GOARCH=$arch CC="$tools/venv/bin/python -m ziglang cc -target $target" \
    go build -trimpath -ldflags "$ldflags" -o "$out/" ./modelserver
  library "$arch" "$out/libonnxruntime.so"
}

# library ARCH FILE copies ONNX Runtime's shared library out of its wheel.
library() {
  local wheels=$tools/wheels/$1 machine=x86_64
  [ "$1" = amd64 ] || machine=aarch64
  [ -n "$(ls "$wheels"/onnxruntime-"$onnxruntime"-*.whl 2>/dev/null)" ] ||
    "$tools/venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --python-version 3.11 \
      --platform "manylinux_2_28_$machine" --platform "manylinux_2_27_$machine" -d "$wheels" --require-hashes -r .ci/pip/onnxruntime.txt
  "$tools/venv/bin/python" - "$wheels"/onnxruntime-"$onnxruntime"-*.whl "$2" <<'PYTHON'
import sys, zipfile
wheel, out = sys.argv[1:]
archive = zipfile.ZipFile(wheel)
name, = [n for n in archive.namelist() if "/libonnxruntime.so." in n]
open(out, "wb").write(archive.read(name))
PYTHON
}

rm -rf "$stage/common"
mkdir -p "$stage/common/doc"
for platform in "$@"; do build "$platform"; done
echo 'images: compiling the filter' >&2
GOOS=wasip1 GOARCH=wasm go build -trimpath -buildmode=c-shared -ldflags '-s -w' -o "$stage/common/plugin.wasm" ./plugin
cp -r modelserver/models/bert-emotion-model "$stage/common/model"
cp LICENSE NOTICE docs/third-party.md bin/third-party-licenses.txt "$stage/common/doc/"
deploy/images/base.sh "$tools/debian" "$stage" "${@#linux/}"
