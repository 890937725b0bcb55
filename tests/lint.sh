#!/bin/sh
# What depends on a tool's version rather than on the program: formatting, static analysis, builds without a
# warning. Made for the tools of Debian 12, and installs them there. Elsewhere it installs nothing and skips each check
# whose tool is missing or of another version, since that would judge differently.
# --long: clang's analyzer, too.
set -eu
cd "$(dirname "$0")/.."

tidy_checks="-clang-analyzer-*" # they take ten times as long as all the rest, and gcc's analyzer runs anyway
case "${1-}" in
"") ;;
--long) tidy_checks="" ;;
*)
    echo "usage: tests/lint.sh [--long]"
    [ "$1" = --help ] || [ "$1" = -h ]
    exit
    ;;
esac

# shellcheck source=/dev/null
[ ! -r /etc/os-release ] || . /etc/os-release
if [ "${ID-} ${VERSION_ID-}" = "debian 12" ]; then
    # shellcheck source=examples/install-packages.sh
    . examples/install-packages.sh
    install_packages clang clang-format clang-tidy cppcheck libclang-rt-dev libcmocka-dev python3 shellcheck
fi

jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
passed=0
failed=0
skipped=0

# check NAME "TOOL-VERSION..." COMMAND... : quiet unless it fails or a tool is not of that version.
check() {
    name=$1
    needs=$2
    shift 2
    for need in $needs; do
        found=$("${need%-*}" --version 2>/dev/null | grep -oE '[0-9]+\.[0-9]+' | head -1) || true
        case $found in
        "${need##*-}" | "${need##*-}".*) ;;
        *)
            echo "== $name: skipped, made for $need, found ${found:-none}"
            skipped=$((skipped + 1))
            return
            ;;
        esac
    done
    echo "== $name"
    if "$@" >build-lint.log 2>&1; then
        passed=$((passed + 1))
    else
        cat build-lint.log >&2
        failed=$((failed + 1))
    fi
    rm -f build-lint.log
}

# build FOLDER OPTION... : all there is, with the optimisation that users get.
build() {
    cmake -S . -B "$@" -DCMAKE_BUILD_TYPE=Release -DHBRSYNC_WERROR=ON -DHBRSYNC_TESTS=ON &&
        cmake --build "$1" -j "$jobs"
}

# One file at a time: LLVM 14 takes every va_list for uninitialized from a run's second file on.
tidy() {
    printf '%s\n' src/*.c src/*/*.c |
        xargs -n 1 -P "$jobs" clang-tidy --quiet -p build-lint-clang "--checks=$tidy_checks"
}

check clang-format clang-format-14 clang-format --dry-run -Werror src/*.c src/*/*.[ch] tests/*/*.[ch]
check shellcheck shellcheck-0.9 \
    shellcheck -x examples/*.sh examples/cron/*.sh tests/*.sh tests/*/*.sh .ci/run src/packaging/p* \
    src/cli/completion/complete.in src/cli/completion/hbrsync.bash
check cppcheck cppcheck-2.10 cppcheck --quiet --error-exitcode=1 --enable=warning,style,performance,portability \
    --std=c11 --inline-suppr --suppress=missingIncludeSystem -I src -j "$jobs" src tests/simulator tests/fuzz
check "gcc's warnings and analyzer" gcc-12 build build-lint-gcc -DCMAKE_C_COMPILER=gcc -DHBRSYNC_ANALYZE=ON
check "clang's warnings" clang-14 build build-lint-clang -DCMAKE_C_COMPILER=clang -DHBRSYNC_FUZZ=ON
check clang-tidy "clang-14 clang-tidy-14" tidy

echo "== $passed checks passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
