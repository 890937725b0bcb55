#!/bin/sh
# From nothing to a report: installs what is missing, builds, plays the service on loopback with a simulator, syncs, lets the
# (simulated) world move, syncs again, and looks at the result. Leaves build/ and nothing else behind.
set -eu
cd "$(dirname "$0")/.."

# shellcheck source=examples/install-packages.sh
. examples/install-packages.sh
install_packages curl sqlite3

jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
work=$(mktemp -d)
simulator=""

# shellcheck disable=SC2317 # called by the trap
clean_up() {
    [ -z "$simulator" ] || kill "$simulator" 2>/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

echo "== Building"
if ! { cmake -S . -B build -DCMAKE_BUILD_TYPE=Release -DHBRSYNC_SIMULATOR=ON &&
       cmake --build build -j "$jobs"; } >"$work/build.log" 2>&1; then
    cat "$work/build.log" >&2
    exit 1
fi

echo "== Starting a simulated Alibaba Cloud Backup service (3 regions, 3,000 jobs)"
build/tests/simulator/hbrsync-simulator --jobs 2900 --basic-jobs 100 --tls-dir "$work" \
    --ready-file "$work/ready" >/dev/null &
simulator=$!
tries=0
while [ ! -s "$work/ready" ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 300 ] || ! kill -0 "$simulator" 2>/dev/null; then
        echo "The simulator did not start." >&2
        exit 1
    fi
    sleep 0.1
done
https_port=$(sed 's/.*"https_port": *\([0-9]*\).*/\1/' "$work/ready")
http_port=$(sed 's/.*"port": *\([0-9]*\).*/\1/' "$work/ready")

# The simulator's own key. With a real account these come from your environment, see README.md.
export ALIBABA_CLOUD_ACCESS_KEY_ID=LTAI-simulator-key
export ALIBABA_CLOUD_ACCESS_KEY_SECRET=simulator-secret
export HBRSYNC_DB="$work/jobs.db"
sync() {
    echo "\$ hbrsync sync --all-regions"
    build/hbrsync sync --all-regions --ca-file "$work/ca.pem" \
        --endpoint "https://{region}.localhost:$https_port"
}

echo "== First sync: everything"
sync
echo "== The world moves: jobs start, finish, fail, and are deleted"
curl -sS --noproxy '*' -X POST "http://127.0.0.1:$http_port/control/move" \
    -d '{"create": 4, "start": 3, "finish": 5, "fail": 1, "vanish_old": 2}' >/dev/null
echo "== Second sync: only what changed"
sync
echo "== Status"
build/hbrsync status
echo "== Restores by outcome, from the database"
sqlite3 -header -column "$HBRSYNC_DB" \
    "SELECT restore_type, count(*) AS jobs, sum(outcome = 'succeeded') AS succeeded,
            sum(outcome = 'partial') AS partly, sum(outcome = 'failed') AS failed,
            sum(outcome = 'open') AS open
       FROM v_restore_job GROUP BY restore_type ORDER BY jobs DESC"
