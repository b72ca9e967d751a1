#!/usr/bin/env bash
# Checks ("check", the default) or rewrites ("apply") the layout of all C files by ../.clang-format.
set -eu

VERSION=14 # what Debian 12 has; other versions lay some lines out differently
cd "$(dirname "${BASH_SOURCE[0]}")"

tool=
for t in "clang-format-$VERSION" clang-format; do
    if command -v "$t" >/dev/null 2>&1 && "$t" --version | grep -q "version $VERSION\."; then
        tool=$t
        break
    fi
done
if [ -z "$tool" ]; then
    echo "format: C files not checked: no clang-format $VERSION"
    exit 0
fi

mapfile -d '' -t files < <(find . -name '*.[ch]' -print0 | sort -z)
case ${1:-check} in
    check)
        if ! "$tool" --style=file --dry-run --Werror "${files[@]}"; then
            echo "format: run 'bash native/format.sh apply'" >&2
            exit 1
        fi
        echo "format: ${#files[@]} C files checked with clang-format $VERSION"
        ;;
    apply) "$tool" --style=file -i "${files[@]}" ;;
    *) echo "usage: format.sh [check|apply]" >&2; exit 2 ;;
esac
