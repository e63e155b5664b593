#!/usr/bin/env bash
# Renders the chart into the plain manifests: deploy/render.sh [FOLDER]   (default: deploy/manifests). Needs helm.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=${1:-$here/manifests}
mkdir -p "$folder"

render() {
    local file=$1
    shift
    {
        echo "# Made by deploy/render.sh from deploy/chart: change that. docs/deploy.md tells the order."
        # A helm that was not built for a release takes the cluster for an old one.
        helm template plimsoll "$here/chart" --namespace plimsoll --kube-version 1.34 \
            --set image.repository=registry.example.com/plimsoll \
            --set certificate.from=cert-manager --set namespace.create=true "$@"
    } | sed 's/[[:space:]]*$//' >"$folder/$file"
}
render server.yaml --set webhook.enabled=false
render webhook.yaml --show-only templates/webhook.yaml
