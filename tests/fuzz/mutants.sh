#!/bin/sh
# Shows that the adversary of fuzz_sync.c finds faults: applies those of mutants.py to a copy of src/sync, one at a time,
# and plays until the fault shows: tests/fuzz/mutants.sh [NAME...]. Fails when one is not found within 60 seconds of
# processor time, or when the core without a fault does not pass. What was played is left in build-mutants.
set -eu
cd "$(dirname "$0")/../.."

limit=60
build="build-mutants"
tree="$build/tree"
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
names="$*"
[ $# -gt 0 ] || names=$(python3 tests/fuzz/mutants.py names)

mkdir -p "$tree" "$build/logs"
for part in CMakeLists.txt src sql tests README.md README.zh-CN.md LICENSE CHANGELOG.md examples; do
    rm -rf "${tree:?}/$part"
    cp -rp "$part" "$tree/$part"
done

# build NAME: the program, with the fault that is in the tree.
build() {
    if ! { cmake -S "$tree" -B "$build/build" -DCMAKE_BUILD_TYPE=Release -DHBRSYNC_TESTS=ON \
        && cmake --build "$build/build" -j "$jobs" --target sync_worlds; } >"$build/logs/$1.build" 2>&1; then
        tail -20 "$build/logs/$1.build" >&2
        echo "$1: does not build" >&2
        exit 1
    fi
}

# play NAME SECONDS: true when nothing was found.
play() {
    "$build/build/tests/unit/sync_worlds" --seconds "$2" --seed 1 >"$build/logs/$1.log" 2>&1
}

# used: the seconds of processor time between the two files that times wrote (line 2 is of the programs that were run).
used() {
    cat "$build/before" "$build/after" | tr 'ms' '  ' |
        awk 'NR % 2 == 0 { sum = $1 * 60 + $2 + $3 * 60 + $4 - sum } END { printf "%.1f", sum }'
}

build none
if ! play none 10; then
    head -2 "$build/logs/none.log" >&2
    echo "the core without a fault does not pass" >&2
    exit 1
fi
echo "no fault: $(tail -1 "$build/logs/none.log")"

missed=0
for name in $names; do
    rm -rf "$tree/src/sync" # copied with the time of now, so that it is built anew
    cp -r src/sync "$tree/src/sync"
    python3 tests/fuzz/mutants.py apply "$name" "$tree/src"
    build "$name"
    times >"$build/before"
    if play "$name" "$limit"; then
        missed=$((missed + 1))
        echo "$name: NOT FOUND in $limit s"
    else
        times >"$build/after"
        echo "$name: found in $(used) s: $(head -1 "$build/logs/$name.log")"
    fi
done
exit "$((missed > 0))"
