#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs, in this one shell, the commands that come as files: agent.sh DIR. Of DIR/0.command the output
# is in DIR/0.output and then the exit code in DIR/0.code; next is DIR/1.command. Ends with DIR/end.
set -u

next=0
: >"$1/ready"
while [ ! -e "$1/end" ]; do
    if [ ! -e "$1/$next.command" ]; then
        sleep 0.1
        continue
    fi
    # shellcheck disable=SC1090
    . "$1/$next.command" >"$1/$next.output" 2>&1
    echo $? >"$1/$next.new"
    mv "$1/$next.new" "$1/$next.code"
    next=$((next + 1))
done
