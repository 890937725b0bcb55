#!/bin/sh
# Installs what is missing, builds with sanitizers, and runs every test; seeded tests run a sample.
# --long: then runs the whole-program tests once more, optimised, with the full figures of seeded tests.
set -eu
cd "$(dirname "$0")/.."

usage() {
    echo "usage: tests/run.sh [--long] [ctest options]"
}

long=false
case "${1-}" in
--long)
    long=true
    shift
    ;;
-h | --help)
    usage
    exit 0
    ;;
esac

# shellcheck source=examples/install-packages.sh
. examples/install-packages.sh
install_packages clang dpkg-dev file fish libclang-rt-dev libcmocka-dev python3 sqlite3 tinyproxy-bin valgrind zsh

jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

# build FOLDER OPTION... : quiet unless it fails.
build() {
    folder=$1
    shift
    log=$folder.log
    echo "== building $folder"
    if ! { cmake -S . -B "$folder" "$@" && cmake --build "$folder" -j "$jobs"; } >"$log" 2>&1; then
        cat "$log" >&2
        exit 1
    fi
    rm -f "$log"
}

# As users build it, for the tests whose faults do not go together with sanitizers.
build build-gcc -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Release
export HBRSYNC_PLAIN="$PWD/build-gcc/hbrsync"
build build-sanitize -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_C_FLAGS=-O1 -g" \
    -DHBRSYNC_SANITIZE=address,undefined -DHBRSYNC_COVERAGE=ON -DHBRSYNC_TESTS=ON
build build-thread -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_C_FLAGS=-O1 -g" -DHBRSYNC_SANITIZE=thread

# Databases of tests are synced to disk again and again: in memory where there is room, on disk else.
if [ -z "${TMPDIR-}" ] && [ -w /dev/shm ] && [ "$(df -Pk /dev/shm | awk 'NR == 2 {print $4}')" -gt 2000000 ]; then
    export TMPDIR=/dev/shm
fi

echo "== building with clang; fuzzing, a little"
tests/fuzz/run.sh smoke

echo "== tests"
find build-sanitize -name '*.gcda' -exec rm -f {} +
ctest --test-dir build-sanitize --output-on-failure -j "$((jobs + jobs / 2))" "$@" # many of them wait
if [ $# -eq 0 ]; then # all of them
    echo "== several regions at once, with ThreadSanitizer"
    HBRSYNC="$PWD/build-thread/hbrsync" HBRSYNC_SIMULATOR="$PWD/build-sanitize/tests/simulator/hbrsync-simulator" \
        PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=tests/cli python3 -m unittest -k truth -k one_region \
        -k interrupt -k database_failure -k progress -k renewed -k several_accounts test_parallel
    echo "== coverage" # without the limits: they are for CI's gcc, another one counts lines differently
    python3 tests/coverage.py build-sanitize
fi

if $long; then
    build build-long -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Release -DHBRSYNC_TESTS=ON \
        -DHBRSYNC_TEST_TIMEOUT=7200
    echo "== tests, full figures"
    HBRSYNC_TEST_LONG=1 ctest --test-dir build-long --output-on-failure -L cli -j "$jobs" "$@"
    tests/fuzz/mutants.sh
fi
