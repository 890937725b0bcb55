#!/bin/sh
# From nothing to a report: installs what is missing, builds, plays the service on loopback with a simulator, syncs, lets the
# (simulated) world move, syncs again, and looks at the result. Prints every command that it runs; leaves build/, with the
# program and the database.
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

# run COMMAND : prints a shell command and runs that very text.
run() {
    printf '$ %s\n' "$1"
    eval "$1"
}

# build COMMAND : the same, quiet unless it fails.
build() {
    printf '$ %s\n' "$1"
    eval "$1" >"$work/build.log" 2>&1 || {
        cat "$work/build.log" >&2
        exit 1
    }
}

echo "== Building"
build "cmake -S . -B build -DCMAKE_BUILD_TYPE=Release -DHBRSYNC_SIMULATOR=ON"
build "cmake --build build -j $jobs"

echo "== Starting a simulated Alibaba Cloud Backup service (3 regions, 3,000 jobs)"
run "build/tests/simulator/hbrsync-simulator --jobs 2900 --basic-jobs 100 --tls-dir $work --ready-file $work/ready >/dev/null &"
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

echo "== A key, which a real account needs, too; where the simulator is, which it does not; and the database"
run "export ALIBABA_CLOUD_ACCESS_KEY_ID=LTAI-simulator-key ALIBABA_CLOUD_ACCESS_KEY_SECRET=simulator-secret"
run "export ALIBABA_CLOUD_ENDPOINT='https://{region}.localhost:$https_port' ALIBABA_CLOUD_STS_ENDPOINT=localhost:$https_port"
run "export SSL_CERT_FILE=$work/ca.pem"
run "export HBRSYNC_DB=build/quickstart.db"
rm -f build/quickstart.db build/quickstart.db-wal build/quickstart.db-shm build/quickstart.db.lock

echo "== First sync: everything"
run "build/hbrsync sync --all-regions"
echo "== The world moves: jobs start, finish, fail, and are deleted"
run "curl -sS --noproxy '*' -X POST http://127.0.0.1:$http_port/control/move -o $work/moved \
-d '{\"create\": 4, \"start\": 3, \"finish\": 5, \"fail\": 1, \"vanish_old\": 2}'"
echo "== Second sync: only what changed"
run "build/hbrsync sync --all-regions --show-changes"
echo "== Status"
run "build/hbrsync status"
echo "== Restores by outcome, from the database"
run "sqlite3 -header -column build/quickstart.db \"SELECT restore_type, count(*) AS jobs,
    sum(outcome = 'succeeded') AS succeeded, sum(outcome = 'partial') AS partly,
    sum(outcome = 'failed') AS failed, sum(outcome = 'open') AS open
    FROM v_restore_job GROUP BY restore_type ORDER BY jobs DESC\""
cat <<'NEXT'
== Next
The program is build/hbrsync, and these jobs are in build/quickstart.db:
  build/hbrsync --db build/quickstart.db report --format html > build/report.html
  build/hbrsync help
With an account, set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, then:
  build/hbrsync doctor --region cn-hangzhou
  build/hbrsync sync --region cn-hangzhou
NEXT
