# shellcheck shell=sh
# Installs the Debian packages that are missing; sourced by quickstart.sh, tests/run.sh and tests/lint.sh.
#
# install_packages PACKAGE... : those that every build needs, and these. Says what it installs, uses sudo when not root, and
# tells other systems what they need.

install_packages() {
    missing=""
    if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
        command -v cmake >/dev/null 2>&1 && command -v pkg-config >/dev/null 2>&1 && return 0
        cat >&2 <<'LIST'
This script installs packages on Debian and its relatives only. Please install:
  a C11 compiler (gcc and clang for the tests), make, CMake 3.25 or newer, pkg-config,
  Python 3.11 or newer,
  and the development files of libcurl (7.88.1+, with OpenSSL), SQLite (3.40.1+),
  json-c (0.16+), OpenSSL (3.0+), zlib and libmicrohttpd (for the simulator),
  and cmocka (for the unit tests). Then run this script again.
LIST
        return 1
    fi
    for package in gcc make cmake pkg-config libc6-dev libcurl4-openssl-dev libsqlite3-dev libjson-c-dev libssl-dev \
        zlib1g-dev libmicrohttpd-dev ca-certificates "$@"; do
        state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$state" = installed ] || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    echo "Installing:$missing"
    as_root=""
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null 2>&1; then
            echo "Please run this as root once, or install these packages:$missing" >&2
            return 1
        fi
        as_root=sudo
    fi
    log=$(mktemp)
    # shellcheck disable=SC2086 # a list of words: sudo or nothing, and the packages
    if ! { $as_root apt-get update &&
           $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
               $missing; } >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}
