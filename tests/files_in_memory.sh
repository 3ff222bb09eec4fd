#!/bin/sh
# Prints a directory for the files of tests, which live for seconds: in memory where there are 8 GiB of room for it and programs
# may run there, else where files usually go.
room=$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')
if [ "${room:-0}" -ge 8388608 ] && home=$(mktemp -d /dev/shm/ava-tests-XXXXXX); then
    chmod 1777 "$home"
    printf '#!/bin/sh\n' >"$home/try" && chmod +x "$home/try"
    if "$home/try" 2>/dev/null; then
        rm "$home/try"
        echo "$home"
        exit
    fi
    rm -rf "$home"
fi
echo "${TMPDIR:-/tmp}"
