#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Gets what run.sh boots, all of it packages of Debian: a kernel, busybox, a QEMU. Nothing that is
# there is got again. Prints nothing when all is there; otherwise what it does, and at last why not.
#
#   FLUE_GUEST_CACHE=DIR   where it goes, 200 MB; default ~/.cache/flue/guest
#   FLUE_NO_INSTALL=1      install nothing; what is only unpacked into the cache is no installation
#
# In the cache: vmlinux, initramfs.gz, and qemu/ where the machine's own one is older than 8.0: it knows
# no igb, and loses segments that a NIC is to cut over IPv6.
set -eu -o pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CACHE=${FLUE_GUEST_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/flue/guest}
ROOT=$CACHE/root # of the initramfs

say() { echo "guest: $*"; }
fail() { say "$*" >&2; exit 1; }
apt() {
    apt-get -q -y -o APT::Sandbox::User=root -o Acquire::Retries=1 -o Acquire::http::Timeout=20 \
        -o DPkg::Lock::Timeout=600 "$@" </dev/null >>"$CACHE/apt.log" 2>&1
}

# The newest packages of these names, into the directory deb of the cache. Options for apt come first.
download() {
    local options=()
    while [ "$1" != -- ]; do options+=("$1"); shift; done
    shift
    say "downloading $*"
    (mkdir -p "$CACHE/deb" && cd "$CACHE/deb" && rm -f "${@/%/_*}" && apt "${options[@]}" download "$@") ||
        fail "apt-get could not download $*, see $CACHE/apt.log"
}

# ---- QEMU --------------------------------------------------------------------------------------

# The exit code is 0 in any case, and a list of all devices would load modules of another QEMU.
knows_igb() { [[ $("$1" -device igb,help 2>/dev/null) == *mac=* ]]; }

install_qemu() {
    local why=
    if command -v qemu-system-x86_64 >/dev/null; then return; fi
    [ "$(id -u)" = 0 ] || why='not root'
    [ -z "${FLUE_NO_INSTALL:-}" ] || why='FLUE_NO_INSTALL is set'
    [ -z "$why" ] || fail "no qemu-system-x86_64 ($why); to install: sudo apt-get install -y --no-install-recommends qemu-system-x86"
    say 'installing qemu-system-x86 (apt-get)'
    apt install --no-install-recommends qemu-system-x86 ||
        { apt update && apt install --no-install-recommends qemu-system-x86; } ||
        fail "apt-get could not install qemu-system-x86, see $CACHE/apt.log"
}

# Of the backports, beside the machine's own: it uses that one's libraries. With lists of its own,
# so that apt's settings stay as they are.
unpack_newer_qemu() {
    local lists=$CACHE/apt release site deb
    if knows_igb qemu-system-x86_64 || [ -x "$CACHE/qemu/usr/bin/qemu-system-x86_64" ]; then return; fi
    release=$(. /etc/os-release && echo "${ID:-}:${VERSION_CODENAME:-}")
    [ "${release%%:*}" = debian ] || fail 'the QEMU here knows no igb, and only Debian has a newer one to unpack'
    site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' |
        awk '/debian/ && !/security/ && !found { print; found = 1 }')
    mkdir -p "$lists/state/lists/partial" "$lists/cache/archives/partial"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site ${release#*:}-backports main" >"$lists/sources.list"
    local own=(-o Dir::Etc::sourcelist="$lists/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State="$lists/state"
        -o Dir::State::status=/var/lib/dpkg/status -o Dir::Cache="$lists/cache" -o Debug::NoLocking=1)
    apt "${own[@]}" update || fail "apt-get could not read the list of ${release#*:}-backports, see $CACHE/apt.log"
    download "${own[@]}" -t "${release#*:}-backports" -- qemu-system-x86 qemu-system-common qemu-system-data seabios
    rm -rf "$CACHE/qemu" "$CACHE/qemu.new"
    for deb in "$CACHE"/deb/{qemu-system-{x86,common,data},seabios}_*.deb; do dpkg -x "$deb" "$CACHE/qemu.new"; done
    knows_igb "$CACHE/qemu.new/usr/bin/qemu-system-x86_64" ||
        fail "the QEMU of ${release#*:}-backports does not run here: $(ldd "$CACHE/qemu.new/usr/bin/qemu-system-x86_64" | grep 'not found' || true)"
    mv "$CACHE/qemu.new" "$CACHE/qemu"
}

# ---- Kernel and initramfs ------------------------------------------------------------------------

# The ELF file inside a compressed kernel: QEMU starts it as it is, and unpacking it in an emulated
# machine would take as long as all the rest. Offsets: the kernel's Documentation/arch/x86/boot.rst.
unpack_kernel() {
    local file=$1 sectors offset length
    number() { od -A n -t "u$3" -j "$2" -N "$3" "$1" | tr -d ' '; }
    sectors=$(number "$file" $((0x1f1)) 1)
    offset=$(((sectors + 1) * 512 + $(number "$file" $((0x248)) 4)))
    length=$(number "$file" $((0x24c)) 4)
    # Its last four bytes are the size of what comes out.
    dd if="$file" bs=64K iflag=skip_bytes,count_bytes skip="$offset" count=$((length - 4)) status=none | xz -dc >"$CACHE/vmlinux.new" ||
        fail "$(basename "$file") is not compressed with xz, or there is no xz"
    mv "$CACHE/vmlinux.new" "$CACHE/vmlinux"
}

# What the guest loads, into a directory: the disk-like 9p devices, the overlay, vfio for the NIC.
extract_kernel() {
    local deb=$1 to=$2 version=$3 drivers each folders=()
    drivers=./lib/modules/$version/kernel
    for each in drivers/virtio drivers/vfio drivers/char/hw_random virt/lib net/9p fs/9p fs/netfs fs/fscache fs/overlayfs; do
        folders+=("$drivers/$each/*")
    done
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$to" --wildcards "./boot/vmlinuz-$version" \
        "./lib/modules/$version/modules.order" "./lib/modules/$version/modules.builtin*" "${folders[@]}"
}

get_kernel() {
    local package version
    # The one for virtual machines in the cloud has no 9p.
    package=$(newest_kernel)
    [ -n "$package" ] || { apt update && package=$(newest_kernel); }
    [ -n "$package" ] || fail 'apt knows no linux-image-amd64: only Debian has it'
    version=${package#linux-image-}
    # A list that is old may name what is there no more.
    (download -- "$package" busybox-static) || { apt update && download -- "$package" busybox-static; } || exit 1
    rm -rf "$ROOT"
    mkdir -p "$ROOT"/{bin,proc,sys,dev,host,scratch,root}
    dpkg-deb --fsys-tarfile "$CACHE"/deb/busybox-static_*.deb | tar -x -O ./bin/busybox >"$ROOT/bin/busybox"
    chmod +x "$ROOT/bin/busybox"
    extract_kernel "$CACHE/deb/${package}"_*.deb "$ROOT" "$version"
    "$ROOT/bin/busybox" depmod -b "$ROOT" "$version"
    unpack_kernel "$ROOT/boot/vmlinuz-$version"
}

newest_kernel() {
    apt-cache depends linux-image-amd64 2>/dev/null | awk '/Depends: linux-image-[0-9]/ && !found { print $2; found = 1 }'
}

make_initramfs() {
    cp "$HERE/init.sh" "$ROOT/init"
    chmod +x "$ROOT/init"
    (cd "$ROOT" && find . -path ./boot -prune -o -print | bin/busybox cpio -o -H newc 2>/dev/null) |
        gzip -1 >"$CACHE/initramfs.new"
    mv "$CACHE/initramfs.new" "$CACHE/initramfs.gz"
}

mkdir -p "$CACHE"
command -v apt-get >/dev/null || fail 'no apt-get: kernel and QEMU come from packages of Debian'
# Two at a time would be in each other's way.
exec 9>"$CACHE/lock"
flock 9
install_qemu
if [ ! -s "$CACHE/vmlinux" ] || [ ! -d "$ROOT" ]; then get_kernel; fi
if [ ! -s "$CACHE/initramfs.gz" ] || ! cmp -s "$HERE/init.sh" "$ROOT/init"; then make_initramfs; fi
unpack_newer_qemu
rm -rf "$CACHE/deb"
