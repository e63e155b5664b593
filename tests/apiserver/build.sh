#!/usr/bin/env bash
# Builds kube-apiserver and etcd, for the tests against a real API server: tests/apiserver/build.sh [FOLDER]
#
# FOLDER (default: plimsoll-ci/apiserver in the user's cache) gets the two programs and, in `versions`, what they were built
# from; when that is unchanged nothing is built. Needs Go; fetches modules once; 5 to 10 minutes on two cores. Prints the
# folder last.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=${1:-${PLIMSOLL_CI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/plimsoll-ci}/apiserver}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$here"

wanted=$(cat go.mod go.sum build.sh | cksum)
if command -v flock >/dev/null; then
    exec 8>"$folder/lock"
    flock 8
fi
if [ "$(cat "$folder/versions" 2>/dev/null || true)" = "$wanted" ] && [ -x "$folder/etcd" ] && [ -x "$folder/kube-apiserver" ]; then
    echo "$folder"
    exit 0
fi
command -v go >/dev/null || { echo "Go is needed to build kube-apiserver and etcd: https://go.dev/dl" >&2; exit 1; }

# What is linked into the programs: clients refuse a server whose version they cannot read.
kubernetes=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
IFS=. read -r major minor _ <<<"${kubernetes#v}"
of=k8s.io/component-base/version
flags="-s -w -X $of.gitVersion=$kubernetes -X $of.gitMajor=$major -X $of.gitMinor=$minor -X $of.gitTreeState=clean"

export CGO_ENABLED=0
build() {
    echo "building $1: $2" >&2
    go build -trimpath -ldflags "$flags" -o "$folder/$1.new" "$2" >&2
    mv "$folder/$1.new" "$folder/$1"
}
build etcd go.etcd.io/etcd/server/v3
build kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver
printf '%s' "$wanted" >"$folder/versions"
echo "$folder"
