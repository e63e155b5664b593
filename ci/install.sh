#!/bin/sh
# Builds plimsoll from the sources that this script lies in, as `cargo install` does; for CI. Needs rustup and a C compiler.
#
#   install.sh FOLDER   puts it into FOLDER/bin; does nothing where it is there already, made of the same sources
#   install.sh --key    prints what tells these sources from others: the key of a cache
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)

digest() {
    if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi
}

key() {
    cd "$here"
    find Cargo.toml Cargo.lock host policies wit -type f | LC_ALL=C sort | tr '\n' '\0' | xargs -0 cat | digest | cut -c 1-16
}

case ${1:-} in
    --key) key; exit ;;
    "" | -*) sed -n 's/^# \{0,1\}//; 2,5p' "$0" >&2; exit 2 ;;
esac

mkdir -p "$1"
folder=$(cd "$1" && pwd)
key=$(key)
if [ -x "$folder/bin/plimsoll" ] && [ "$(cat "$folder/key" 2>/dev/null || true)" = "$key" ]; then
    echo "$folder/bin/plimsoll is there"
    exit
fi
# In the sources, so that the toolchain is the one that they ask for.
cd "$here"
cargo install --locked --force --path host/cli --root "$folder"
printf '%s\n' "$key" >"$folder/key"
