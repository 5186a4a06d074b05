#!/bin/sh
# Removes from node_modules what the agent never loads on this platform: prune.sh FOLDER [x64|arm64] (default: this machine's)
set -eu

modules=$1
case ${2:-$(uname -m)} in
  x64 | x86_64 | amd64) arch=x64 ;;
  arm64 | aarch64) arch=arm64 ;;
  *) echo "prune.sh: no such architecture: $2" >&2 && exit 2 ;;
esac
[ -d "$modules/onnxruntime-node" ] || { echo "prune.sh: $modules holds no node_modules of Millwright" >&2 && exit 2; }

# ONNX Runtime brings every platform's libraries, and a CUDA installer.
for platform in "$modules"/onnxruntime-node/bin/napi-v*/*; do
  [ "${platform##*/}" = linux ] || rm -rf "$platform"
done
for platform in "$modules"/onnxruntime-node/bin/napi-v*/linux/*; do
  [ "${platform##*/}" = "$arch" ] || rm -rf "$platform"
done
rm -f "$modules"/onnxruntime-node/bin/napi-v*/linux/*/libonnxruntime_providers_cuda.so \
  "$modules"/onnxruntime-node/bin/napi-v*/linux/*/libonnxruntime_providers_tensorrt.so

# TensorFlow's native binding (over 400 MB) does not run on Node 24; training uses WebAssembly there.
rm -rf "$modules/@tensorflow/tfjs-node"

# TensorFlow.js in the formats of browsers; Node reads tf*.node.js.
for package in "$modules"/@tensorflow/*/dist; do
  find "$package" -maxdepth 1 -type f -name 'tf*.js*' ! -name '*.node.js' ! -name 'tfjs-backend-wasm*' -delete
done

# Source maps, types, sources, tests and texts are for developers. Licences stay.
find "$modules" -type f \( -name '*.map' -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.tsbuildinfo' \) -delete
find "$modules" -type f \( -name '*.md' -o -name '*.markdown' \) ! -iname '*licen[sc]e*' ! -iname '*notice*' -delete
find "$modules" -type f -path '*/@tensorflow/*' -name '*_test.js' -delete
rm -rf "$modules"/@tensorflow/*/src "$modules/protobufjs/cli" "$modules/.cache"

# What npm brought for musl: the image has glibc.
rm -rf "$modules"/@img/sharp-linuxmusl-* "$modules"/@img/sharp-libvips-linuxmusl-* "$modules"/@lmdb/*-musl
find "$modules" -type d -empty -delete
