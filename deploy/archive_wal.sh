#!/bin/sh
# PostgreSQL's archive_command: `archive_wal.sh %p %f` copies a finished segment of WAL to ARCHIVE_DIR, durably.
# Asked twice, as after a crash, it answers well when the same bytes are there; other bytes of that name are never
# overwritten, since that would mean that two servers archive to one place.
set -eu
segment=$1
archived=${ARCHIVE_DIR:-/var/lib/postgresql/archive}/$2
if [ -e "$archived" ]; then
    exec cmp "$segment" "$archived"
fi
cp "$segment" "$archived.part"
sync "$archived.part"
mv "$archived.part" "$archived"
sync "$(dirname "$archived")"
