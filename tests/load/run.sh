#!/usr/bin/env bash
# What a server bears on loopback, as one table: reviews a second, time of an answer, CPU and memory of the server.
#
#   tests/load/run.sh [PROGRAM]       PROGRAM: target/release/plimsoll by default
#   REVIEWS=1000000                   reviews of the long run (default 100000)
#
# Needs h2load (Debian: nghttp2-client; https://nghttp2.org) and a release build: cargo build --release -p plimsoll.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
program=${1:-${CARGO_TARGET_DIR:-target}/release/plimsoll}
reviews=${REVIEWS:-100000}
command -v h2load >/dev/null || { echo "h2load is missing (Debian: nghttp2-client)" >&2; exit 2; }
[ -x "$program" ] || { echo "$program is missing: cargo build --release -p plimsoll" >&2; exit 2; }

scratch=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$scratch"' EXIT

# A port of loopback that nobody listens on, from a range that the system does not hand out.
port() {
    local try
    for try in $(seq 50); do
        local number=$((20000 + RANDOM % 10000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$number") 2>/dev/null; then
            echo "$number"
            return
        fi
    done
    echo "no free port" >&2
    return 1
}

start() {
    listen=$(port) status=$(port)
    RUST_LOG=${SERVER_LOG:-warn} "$program" serve --listen "127.0.0.1:$listen" --metrics-listen "127.0.0.1:$status" \
        --linger 0 "$@" >"$scratch/server.log" 2>&1 &
    server=$!
    local try
    for try in $(seq 100); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$status") 2>/dev/null; then return; fi
        sleep 0.05
    done
    cat "$scratch/server.log" >&2
    return 1
}

stop() {
    local code=0
    kill "$server"
    wait "$server" || code=$?
    server=
    [ "$code" -eq 0 ] || { echo "the server ended with $code" >&2; cat "$scratch/server.log" >&2; return 1; }
}

ticks=$(getconf CLK_TCK)
# Seconds of CPU that the server has used.
cpu() { awk -v ticks="$ticks" '{ sub(/.*\) /, ""); print ($12 + $13) / ticks }' "/proc/$server/stat"; }
# MiB that it holds.
memory() { awk '/^VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$server/status"; }

# One row: a name, a review, so many of them, over so many connections, and what h2load is told besides. Leaves the reviews a
# second in $rate.
row() {
    local name=$1 body=$2 count=$3 clients=$4 scheme=$5
    shift 5
    local before after resident
    before=$(cpu)
    : >"$scratch/each"
    h2load -n "$count" -c "$clients" -t 1 -d "$body" -H "content-type: application/json" --log-file "$scratch/each" "$@" \
        "$scheme://127.0.0.1:$listen/validate?timeout=10s" >"$scratch/out" 2>&1 || { cat "$scratch/out" >&2; return 1; }
    after=$(cpu) resident=$(memory)
    grep -q " $count succeeded, 0 failed, 0 errored" "$scratch/out" || { cat "$scratch/out" >&2; return 1; }
    grep -q " $count 2xx" "$scratch/out" || { echo "not every review was answered:" >&2; cat "$scratch/out" >&2; }
    rate=$(awk '/^finished in/ { print $4 }' "$scratch/out")
    # Third column: microseconds until the end of the answer.
    cut -f3 "$scratch/each" | sort -n | awk -v name="$name" -v count="$count" -v rate="$rate" \
        -v cpu="$(awk -v a="$after" -v b="$before" 'BEGIN { print a - b }')" -v resident="$resident" '
        { took[NR] = $1 / 1000 }
        function at(share) { return took[int((NR - 1) * share) + 1] }
        END {
            printf "| %s | %d | %.0f | %.0f | %.2f | %.2f | %.2f | %.3f | %s |\n", name, count, rate,
                (cpu ? count / cpu : 0), at(0.5), at(0.99), at(1), cpu * 1000 / count, resident
        }
    '
}

pod=tests/benches/review/pod-review.json
small=tests/benches/review/small-pod-review.json
deployment=tests/reviews/deployment-create.json
update=tests/reviews/deployment-update.json

echo "| reviews | count | a second | a second of server CPU | median ms | p99 ms | longest ms | ms of server CPU each | MiB resident |"
echo "|---|---|---|---|---|---|---|---|---|"
start --plain-http --no-context
printf '| idle | | | | | | | | %s |\n' "$(memory)"
row "warm up: a Pod" "$pod" 2000 4 http --h1
row "a Pod, one connection" "$pod" $((reviews / 10)) 1 http --h1
row "a Pod, 4 connections" "$pod" $((reviews / 10)) 4 http --h1
row "a small Pod, 4 connections" "$small" $((reviews / 10)) 4 http --h1
row "a small Pod, 8 connections" "$small" $((reviews / 10)) 8 http --h1
row "a Deployment, 4 connections" "$deployment" $((reviews / 10)) 4 http --h1
row "an update, 4 connections" "$update" $((reviews / 10)) 4 http --h1
row "a Pod, 100 connections" "$pod" $((reviews / 10)) 100 http --h1
row "a Pod, HTTP/2, 4 × 10 streams" "$pod" $((reviews / 10)) 4 http -m 10
row "a Pod, saturated: 8 connections" "$pod" $((reviews / 10)) 8 http --h1
half=$(awk -v rate="$rate" 'BEGIN { printf "%d", rate / 2 / 8 }')
row "a Pod, half of that" "$pod" $((reviews / 10)) 8 http --h1 --rps "$half"
row "a Pod, long run" "$pod" "$reviews" 8 http --h1
stop
start --dev-cert --no-context
row "a Pod, HTTPS, HTTP/2, 4 × 10 streams" "$pod" $((reviews / 10)) 4 https -m 10
row "a Pod, HTTPS, 4 connections" "$pod" $((reviews / 10)) 4 https --h1
stop
