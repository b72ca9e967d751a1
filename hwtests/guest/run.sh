#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs a command as root in an emulated machine (QEMU) that has the host's root file system, read-only
# with what is written kept in memory, and one directory shared with the host. Its output is ours.
#
#   run.sh [option...] COMMAND [WORD...]
#
#   -n MODEL    a NIC at 0000:00:04.0 behind an IOMMU: igb, e1000e, vmxnet3, virtio-net-pci
#   -t TAP      what the NIC is cabled to: a TAP interface of the network namespace of run.sh
#   -o          the TAP takes offload requests with frames (virtio's checksums and TSO need it)
#   -b MIB      a PCI device at 0000:00:06.0 with so much memory behind BAR 2 (ivshmem)
#   -s DIR      the shared directory, at the same path in the guest; without it a new, empty one
#   -l SECONDS  time limit; default 600
#
# Exit code: that of COMMAND; 124 at the time limit; 125 when the guest failed, with the end of its
# console on the standard error stream. A guest that fails before COMMAND began is started once more.
#
#   FLUE_GUEST_CACHE   see prepare.sh        FLUE_GUEST_QEMU   the QEMU to use
#   FLUE_GUEST_MEMORY  MiB, default 1536, of which a third are hugepages
set -eu -o pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CACHE=${FLUE_GUEST_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/flue/guest}
MEMORY=${FLUE_GUEST_MEMORY:-1536}
MODEL='' TAP='' OFFLOADS=off BAR='' SHARE='' LIMIT=600

say() { echo "guest: $*" >&2; }
usage() { sed -n '3,/^set /{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2; }

while getopts n:t:ob:s:l: option; do
    case $option in
        n) MODEL=$OPTARG ;;
        t) TAP=$OPTARG ;;
        o) OFFLOADS=on ;;
        b) BAR=$OPTARG ;;
        s) SHARE=$(readlink -f "$OPTARG") ;;
        l) LIMIT=$OPTARG ;;
        *) usage ;;
    esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || usage

# ---- What ends with this script, however it ends --------------------------------------------------

QEMU_PID='' OWN_SHARE='' WORK=''
clean_up() {
    if [ -n "$QEMU_PID" ]; then kill -KILL "$QEMU_PID" 2>/dev/null || true; fi
    rm -rf ${WORK:+"$WORK"} ${OWN_SHARE:+"$OWN_SHARE"}
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

"$HERE/prepare.sh" >&2 || exit 125
if [ -z "$SHARE" ]; then SHARE=$(mktemp -d /tmp/flue-guest.XXXXXX) OWN_SHARE=$SHARE; fi
case $SHARE in *[!A-Za-z0-9._/-]*) say "$SHARE has characters that a kernel's command line cannot carry"; exit 2 ;; esac
WORK=$(mktemp -d "$SHARE/.guest.XXXXXX")

# ---- The machine ----------------------------------------------------------------------------------

# A /dev/kvm without vmx or svm behind it interprets the guest's kernel, slower than QEMU does.
kvm_works() {
    [ -r /dev/kvm ] && [ -w /dev/kvm ] && [ ! -d /sys/module/kvm_pvm ] && grep -qwE 'vmx|svm' /proc/cpuinfo
}

QEMU=(${FLUE_GUEST_QEMU:-qemu-system-x86_64})
if [ -z "${FLUE_GUEST_QEMU:-}" ] && [ -x "$CACHE/qemu/usr/bin/qemu-system-x86_64" ]; then
    data=$CACHE/qemu/usr/share
    QEMU=("$CACHE/qemu/usr/bin/qemu-system-x86_64" -L "$data/qemu" -L "$data/seabios" -L /usr/share/qemu -L /usr/share/seabios)
fi
if kvm_works; then
    QEMU+=(-accel kvm -cpu host -machine q35,kernel-irqchip=split)
else
    QEMU+=(-accel tcg,thread=multi,tb-size=512 -cpu max,la57=off,pcid=off -machine q35)
fi

nic() {
    local properties=
    # Old virtio devices do not go through the IOMMU.
    if [ "$MODEL" = virtio-net-pci ]; then properties=,disable-legacy=on,iommu_platform=on; fi
    if [ -n "$TAP" ]; then
        QEMU+=(-netdev "tap,id=cable,ifname=$TAP,script=no,downscript=no,vhost=off,vnet_hdr=$OFFLOADS")
    else
        QEMU+=(-netdev hubport,id=cable,hubid=0)
    fi
    QEMU+=(-device "$MODEL,netdev=cable,addr=0x04,mac=52:54:00:00:00:10,romfile=$properties")
}

# The kernel: no decompression, no self-tests, no waiting. A timer that is late is no reason to panic.
KERNEL="console=ttyS0 quiet panic=-1 nokaslr mitigations=off tsc=reliable no_timer_check random.trust_cpu=on \
audit=0 apparmor=0 init_on_alloc=0 cryptomgr.notests rcupdate.rcu_expedited=1 intel_iommu=on iommu=pt \
default_hugepagesz=2M hugepages=$((MEMORY / 6)) flue.share=$SHARE flue.first=${WORK#"$SHARE"/}/first"
QEMU+=(-m "$MEMORY" -smp 2 -nodefaults -display none -no-reboot -kernel "$CACHE/vmlinux"
    -initrd "$CACHE/initramfs.gz" -append "$KERNEL" -serial "file:$WORK/console"
    -device intel-iommu,intremap=on,aw-bits=48 -device virtio-rng-pci
    -fsdev local,id=host,path=/,security_model=none,readonly=on,multidevs=remap
    -device virtio-9p-pci,fsdev=host,mount_tag=host
    -fsdev "local,id=share,path=$SHARE,security_model=none,multidevs=remap"
    -device virtio-9p-pci,fsdev=share,mount_tag=share)
if [ -n "$MODEL" ]; then nic; fi
if [ -n "$BAR" ]; then
    QEMU+=(-object "memory-backend-file,id=bar,share=on,mem-path=$WORK/bar,size=${BAR}M"
        -device ivshmem-plain,memdev=bar,addr=0x06)
fi

# ---- What runs in it ------------------------------------------------------------------------------

{
    printf 'export HOME=/root PATH=%q %s\n' "$PATH" "${JAVA_HOME:+$(printf 'JAVA_HOME=%q' "$JAVA_HOME")}"
    printf 'cd %q\n' "$PWD"
    printf '%q ' "$@"
} >"$WORK/command"
cat >"$WORK/first" <<END
/run/busybox ip link set lo up
: >$WORK/began
bash $WORK/command </dev/null >$WORK/output 2>&1
echo \$? >$WORK/code.new
mv $WORK/code.new $WORK/code
exec /run/busybox reboot -f
END

# Runs the guest to its end; why it ended before its command did, or "".
boot() {
    local start=$SECONDS
    : >"$WORK/output"
    : >"$WORK/console"
    # Should this script be killed, QEMU goes with it.
    setpriv --pdeathsig KILL "${QEMU[@]}" </dev/null 2>"$WORK/qemu" &
    QEMU_PID=$!
    tail -n +1 -s 0.2 -f --pid "$QEMU_PID" "$WORK/output" &
    PROBLEM='the guest died'
    while kill -0 "$QEMU_PID" 2>/dev/null; do
        kill -0 "$PPID" 2>/dev/null || exit 143 # whoever started this is gone
        if [ $((SECONDS - start)) -ge "$LIMIT" ]; then
            PROBLEM="time limit of $LIMIT s"
        elif [ ! -e "$WORK/began" ] && [ $((SECONDS - start)) -ge 90 ]; then
            PROBLEM='the guest does not start within 90 s'
        elif grep -qsE 'kthread starved|soft lockup|Kernel panic|GUEST FAILS' "$WORK/console"; then
            PROBLEM='the guest stalled'
        else
            sleep 0.2
            continue
        fi
        kill -KILL "$QEMU_PID" 2>/dev/null || true
        break
    done
    wait 2>/dev/null || true
    QEMU_PID=''
    if [ -s "$WORK/code" ]; then PROBLEM=''; fi
}

for attempt in 1 2; do
    boot
    [ -n "$PROBLEM" ] || exit "$(cat "$WORK/code")"
    say "$PROBLEM"
    tail -n 25 "$WORK/console" "$WORK/qemu" >&2
    case $PROBLEM in 'time limit'*) exit 124 ;; esac
    if [ "$attempt" = 2 ] || [ -e "$WORK/began" ]; then exit 125; fi
    say 'once more'
done
