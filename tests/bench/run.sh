#!/bin/sh
# Measures hbrsync against a serial script, sqlite-utils and the floor of this machine, and prints one table: what was
# reached beside what is aimed at. Installs what is missing and builds in build-bench. Takes about ten minutes.
# --quick: little of everything, once, which only shows that it works. --long: 1,000,000 jobs, too.
# --readme: the table of tests/README.md at the end. --build FOLDER: a build with -DHBRSYNC_TESTS=ON that is there; installs nothing.
set -eu
cd "$(dirname "$0")/../.."

if [ "${1-}" = --build ]; then
    folder=$2
    shift 2
else
    case "${1-}" in
    -h | --help) exec python3 tests/bench/bench.py - --help ;;
    esac
    # shellcheck source=examples/install-packages.sh
    . examples/install-packages.sh
    install_packages libcmocka-dev python3
    install_packages sqlite-utils || echo "== sqlite-utils could not be installed: its line will be left out"
    folder=build-bench
    echo "== building $folder"
    if ! { cmake -S . -B "$folder" -DCMAKE_BUILD_TYPE=Release -DHBRSYNC_TESTS=ON &&
           cmake --build "$folder" -j "$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)" \
               --target hbrsync hbrsync-simulator bench_floor bench_measure bench_count_writes; } >"$folder.log" 2>&1; then
        cat "$folder.log" >&2
        exit 1
    fi
    rm -f "$folder.log"
fi
exec python3 tests/bench/bench.py "$folder" "$@"
