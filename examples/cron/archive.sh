#!/bin/sh
# Syncs, publishes a copy for readers, and keeps dated archives: archive.sh ENVIRONMENT-FILE
#
# The file, lines NAME=value as in hbrsync.env, holds the credentials: they are in the environment only, never among
# arguments. An archive is the API's own JSON, a job a line, gzipped: `hbrsync import` takes it back. Account, region
# and edition are not in it; to keep them apart, export each source by itself (hbrsync-output(5)). It is written beside its
# name and renamed, so under its name there is never half of one. A later run with the same date replaces it; the newest
# ARCHIVE_KEEP stay, the others are removed once the new one is in place.
#
# Exit code: 0 also when another sync is at work (7 of hbrsync), for that one does the rest; 7 when that one has been for
# more than a day. After any other failure of the sync (3, 5 and 8 leave good data behind, and after 4 the data of the
# runs before is still there) what is stored is published and archived all the same, and the script exits with the
# sync's code. When the sync was good, the code is that of what failed after it. An interrupted sync (130, 143) ends the
# script at once.
set -u
umask 077
LC_ALL=C
export LC_ALL

environment=${1-}
if [ $# -ne 1 ] || [ ! -r "$environment" ]; then
    echo "usage: archive.sh ENVIRONMENT-FILE (a file that can be read)" >&2
    exit 2
fi
case $environment in
/*) ;;
*) environment=./$environment ;;
esac
set -a
# shellcheck source=/dev/null
. "$environment"
: "${HBRSYNC_DB:=/var/lib/hbrsync/jobs.db}"
set +a
folder=${ARCHIVE_FOLDER:-/var/lib/hbrsync/archive}
keep=${ARCHIVE_KEEP:-90}
format=${ARCHIVE_DATE:-%Y-%m-%d}
case $keep in
'' | 0* | *[!0-9]*)
    echo "archive.sh: ARCHIVE_KEEP must be a number from 1 up, not \"$keep\"" >&2
    exit 2
    ;;
esac
mkdir -p "$folder" || exit 2

# shellcheck disable=SC2086 # a list of options
hbrsync sync --quiet ${SYNC_OPTIONS:---all-regions}
status=$?
case $status in
7) # the run before is still at work
    [ -n "$(find "$HBRSYNC_DB.lock" -mmin +1440)" ] || exit 0
    echo "archive.sh: the lock of $HBRSYNC_DB is held for more than a day: see which process that is" >&2
    exit 7
    ;;
130 | 143) exit "$status" ;;
esac
[ -e "$HBRSYNC_DB" ] || exit "$status" # the first sync failed: there is nothing to keep

# failed CODE : the code to end with is the first that is not 0.
failed() {
    [ "$status" -ne 0 ] || status=$1
}

if [ -n "${PUBLISH_TO-}" ]; then
    hbrsync publish --quiet --mode "${PUBLISH_MODE:-0640}" "$PUBLISH_TO" || failed $?
fi

name=restores-$(date -u "+$format").ndjson.gz
part=$folder/.$name.$$.part
trap 'rm -f "$part"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# What a run that was killed left behind; a day old, so that no run at work loses its own.
find "$folder" -type f -name '.restores-*.part' -mtime +0 -exec rm -f {} +

# The pipe's own status is gzip's; hbrsync's comes through descriptor 3.
if exported=$({
    {
        hbrsync export 3>&-
        echo $? >&3
    } | gzip -c >"$part"
} 3>&1) && [ "$exported" -eq 0 ] && { sync "$part" 2>/dev/null || sync; } && mv -f "$part" "$folder/$name"; then
    set -- "$folder"/restores-[0-9][0-9][0-9][0-9]*.ndjson.gz
    while [ $# -gt "$keep" ]; do # sorted by name, thus by date
        rm -f "$1"
        shift
    done
else
    echo "archive.sh: no archive was written to $folder" >&2
    [ "${exported:-0}" -ne 0 ] || exported=1
    failed "$exported"
fi
exit "$status"
