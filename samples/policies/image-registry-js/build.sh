#!/bin/sh
# Builds the policy as a component: ./build.sh [OUTPUT.wasm]. Needs Node.js 20 or later with npm.
set -eu
output=${1:-image-registry.wasm}
case $output in
/*) ;;
*) output=$PWD/$output ;;
esac
cd "$(dirname "$0")"

command -v npm >/dev/null || {
    echo "build.sh: npm is not installed (Node.js 20 or later brings it)" >&2
    exit 1
}
[ -d node_modules/@bytecodealliance/jco ] || npm ci --ignore-scripts --loglevel=error >&2

# QuickJS rather than SpiderMonkey: a tenth of the size. Stubbed WASI and no async: the component imports nothing but the
# contract, so the host takes it.
node_modules/.bin/jco componentize policy.js \
    --wit wit --world-name policy \
    --backend qjs --backend-qjs-stub-wasi --backend-qjs-disable-async \
    --out "$output" >&2
echo "$output"
