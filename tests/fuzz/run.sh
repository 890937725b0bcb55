#!/bin/sh
# Fuzzes every target, or those named: tests/fuzz/run.sh [SECONDS [NAME...]] (20 minutes each). "smoke" for SECONDS: every
# seed and a fixed number of mutations. What it finds is left in build-fuzz/findings.
set -eu
cd "$(dirname "$0")/../.."

how=${1-1200}
[ $# -eq 0 ] || shift
build="build-fuzz"
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
mkdir -p "$build/findings"
if ! { cmake -S . -B "$build" -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_C_FLAGS=-O1 -g" \
    -DHBRSYNC_SANITIZE=address,undefined,fuzzer-no-link -DHBRSYNC_FUZZ=ON -DHBRSYNC_SIMULATOR=ON \
    && cmake --build "$build" -j "$jobs"; } >"$build/build.log" 2>&1; then
    cat "$build/build.log" >&2
    exit 1
fi

export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
# fuzz NAME OPTION... : new inputs that reach new code are kept beside the build, the seeds are not touched.
fuzz() {
    name=$1
    shift
    mkdir -p "$build/corpus/$name"
    "$build/tests/fuzz/fuzz_$name" -artifact_prefix="$build/findings/$name-" -max_len=20000 -timeout=300 \
        -rss_limit_mb=2048 "$@" "$build/corpus/$name" "tests/fuzz/corpus/$name" >"$build/$name.log" 2>&1 || {
        tail -40 "$build/$name.log" >&2
        echo "fuzz_$name: failed; the input is in $build/findings" >&2
        exit 1
    }
    echo "fuzz_$name: $(grep -E '^(Done|stat::number_of_executed_units|#[0-9]+.*DONE)' "$build/$name.log" | tail -1)"
}

if [ $# -eq 0 ]; then
    set -- tests/fuzz/fuzz_*.c
fi
for name in "$@"; do
    name=$(basename "$name" .c)
    name=${name#fuzz_}
    if [ "$how" = smoke ]; then
        fuzz "$name" -runs=3000 -seed=1
    else
        fuzz "$name" "-max_total_time=$how"
    fi
done
