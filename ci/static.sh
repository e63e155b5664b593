#!/bin/sh
# Builds plimsoll as one static file, for Linux of this machine's architecture, and puts it into FOLDER. Needs rustup and a C
# compiler; musl comes with the target.
#
#   static.sh FOLDER
set -eu
if [ $# -ne 1 ]; then
    sed -n 's/^# \{0,1\}//; 2,5p' "$0" >&2
    exit 2
fi
mkdir -p "$1"
folder=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
target=$(uname -m)-unknown-linux-musl
rustup target add "$target" wasm32-unknown-unknown
# A C file of the engine and the allocator need a compiler, and of its C library only what musl has too: no checked calls of
# glibc, and none of its names for C23.
variable=$(printf %s "$target" | tr - _)
export "CC_$variable=${CC:-cc}" "CFLAGS_$variable=-std=gnu11 -U_FORTIFY_SOURCE"
cargo build --locked --profile dist --target "$target" --package plimsoll
cp "${CARGO_TARGET_DIR:-target}/$target/dist/plimsoll" "$folder/plimsoll"
