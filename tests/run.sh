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
install_packages gcc clang make cmake pkg-config libc6-dev libcurl4-openssl-dev libsqlite3-dev \
    libjson-c-dev libssl-dev zlib1g-dev libmicrohttpd-dev libcmocka-dev python3 ca-certificates \
    libclang-rt-dev clang-tidy clang-format cppcheck valgrind shellcheck sqlite3

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

# Without a warning from either compiler, with the optimisation that users get; gcc also analyses each path.
build build-gcc -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Release -DHBRSYNC_WERROR=ON \
    -DHBRSYNC_SIMULATOR=ON -DHBRSYNC_ANALYZE=ON
build build-sanitize -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_C_FLAGS=-O1 -g" \
    -DHBRSYNC_SANITIZE=address,undefined -DHBRSYNC_COVERAGE=ON -DHBRSYNC_WERROR=ON -DHBRSYNC_TESTS=ON

echo "== clang-format, cppcheck, clang-tidy"
clang-format --dry-run -Werror src/*.c src/*/*.[ch] tests/*/*.[ch]
cppcheck --quiet --error-exitcode=1 --enable=warning,style,performance,portability --std=c11 \
    --inline-suppr --suppress=missingIncludeSystem -I src -j "$jobs" src tests/simulator tests/fuzz
# One file at a time: LLVM 14 takes every va_list for uninitialized from a run's second file on.
# Its analyzer takes ten times as long as all the rest, and gcc's has been at work above.
tidy="clang-tidy --quiet -p build-sanitize"
$long || tidy="$tidy --checks=-clang-analyzer-*"
# shellcheck disable=SC2086 # words
if ! printf '%s\n' src/*.c src/*/*.c | xargs -n 1 -P "$jobs" $tidy >build-tidy.log 2>&1; then
    cat build-tidy.log >&2
    exit 1
fi
rm -f build-tidy.log

echo "== shellcheck"
shellcheck -x examples/*.sh examples/cron/*.sh tests/*.sh tests/fuzz/*.sh .ci/run

# Databases of tests are synced to disk again and again: in memory where there is room, on disk else.
if [ -z "${TMPDIR-}" ] && [ -w /dev/shm ] && [ "$(df -Pk /dev/shm | awk 'NR == 2 {print $4}')" -gt 2000000 ]; then
    export TMPDIR=/dev/shm
fi

# For the tests whose faults do not go together with sanitizers.
export HBRSYNC_PLAIN="$PWD/build-gcc/hbrsync"

echo "== building with clang; fuzzing, a little"
tests/fuzz/run.sh smoke

echo "== tests"
find build-sanitize -name '*.gcda' -exec rm -f {} +
ctest --test-dir build-sanitize --output-on-failure -j "$jobs" "$@"
if [ $# -eq 0 ]; then # all of them
    echo "== coverage"
    python3 tests/coverage.py build-sanitize
fi

if $long; then
    build build-long -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Release -DHBRSYNC_WERROR=ON -DHBRSYNC_TESTS=ON \
        -DHBRSYNC_TEST_TIMEOUT=7200
    echo "== tests, full figures"
    HBRSYNC_TEST_LONG=1 ctest --test-dir build-long --output-on-failure -L cli -j "$jobs" "$@"
    tests/fuzz/mutants.sh
fi
