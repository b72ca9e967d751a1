#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What the way through one port costs: a loop that only receives and sends, dpdk-testpmd and our engine,
# each in turn at one end of the same kind of port, the same generator at the other. Interleaved rounds,
# medians and ranges; the table goes to docs/performance/ports.md, between its two marks.
#
#   ports.sh [memif|af_packet] [rounds]      af_packet (over a veth) takes root
#
# Takes cppbuild.sh install, and testpmd (Debian: dpdk-dev). Nothing here fails by time.
set -eu
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=$ROOT/cppbuild/linux-x86_64/build
KIND=${1:-memif}
ROUNDS=${2:-5}
SECONDS_EACH=2
WORK=$(mktemp -d)
NS=flue-ports-$$
IN=()
NICE=()
GENERATOR=
end() {
    [ -z "$GENERATOR" ] || kill "$GENERATOR" 2>/dev/null || true
    [ ${#IN[@]} = 0 ] || ip netns del "$NS" 2>/dev/null || true
    rm -rf "$WORK"
}
trap end EXIT

TESTPMD=$(command -v dpdk-testpmd || true)
[ -n "$TESTPMD" ] || { echo "ports.sh: dpdk-testpmd is not installed (Debian: dpdk-dev)" >&2; exit 1; }
cmake --build "$BUILD" --target bench_ports -- --no-print-directory -s >/dev/null
case $KIND in
    memif) HERE=net_memif0,role=server,socket=$WORK/memif THERE=net_memif0,role=client,socket=$WORK/memif ;;
    af_packet)
        ip netns add "$NS"
        IN=(ip netns exec "$NS")
        "${IN[@]}" ip link add gen0 type veth peer name dev0
        "${IN[@]}" sysctl -q -w net.ipv6.conf.all.disable_ipv6=1
        "${IN[@]}" ip link set gen0 up
        "${IN[@]}" ip link set dev0 up
        HERE=net_af_packet0,iface=gen0 THERE=net_af_packet0,iface=dev0
        ;;
    *) echo "ports.sh: memif or af_packet, not $KIND" >&2; exit 2 ;;
esac
# Before other work of the machine, where that is allowed.
nice -n -15 true 2>/dev/null && NICE=(nice -n -15)

# generator BYTES frames|tcp: in the background, its rate in $WORK/rate
generator() {
    "${IN[@]}" "${NICE[@]}" "$BUILD/bench_ports" blast "$HERE" "$1" $SECONDS_EACH 1 "$2" >"$WORK/rate" 2>/dev/null &
    GENERATOR=$!
    sleep 1
}
await_rate() { timeout 60 tail -n +1 -f --pid=$GENERATOR "$WORK/rate" | head -n 1 >/dev/null; }

# one DUT BYTES -> "packets/s cycles/packet"
one() {
    local how=frames cycles
    [ "$1" != engine ] || how=tcp
    generator "$2" $how
    if [ "$1" = testpmd ]; then
        {
            echo "set record-core-cycles on"
            echo "start"
            await_rate
            echo "stop"
            echo "quit"
        } | "${IN[@]}" "${NICE[@]}" dpdk-testpmd --lcores '0@0,1@0' --no-huge --no-shconf -m 192 --no-pci \
            --no-telemetry --log-level='*:error' --vdev "$THERE" -- -i --forward-mode=io --burst=32 \
            --total-num-mbufs=8191 --no-lsc-interrupt >"$WORK/device" 2>&1 || true
        cycles=$(sed -n 's/.*CPU cycles\/packet=\([0-9.]*\).*/\1/p' "$WORK/device" | tail -n 1)
    else
        "${IN[@]}" "${NICE[@]}" "$BUILD/bench_ports" "$1" "$THERE" "$2" 60 0 >"$WORK/device" 2>"$WORK/device.err" &
        local device=$!
        await_rate
        kill $device
        wait $device || true
        cycles=$(sed -n 's/.*cycles\/packet \([0-9.]*\).*/\1/p' "$WORK/device")
    fi
    kill $GENERATOR
    wait $GENERATOR || true
    GENERATOR=
    echo "$(sed -n 's/packets\/s //p' "$WORK/rate") ${cycles:-0}"
}

for ((round = 1; round <= ROUNDS; round++)); do
    for bytes in 64 1448; do
        for device in loop testpmd engine; do
            echo "$device $bytes $(one $device $bytes)" | tee -a "$WORK/all" >&2
        done
    done
done

# of a column: median (least..most)
spread() {
    awk -v d="$1" -v b="$2" -v c="$3" '$1 == d && $2 == b && $c > 0 { print $c }' "$WORK/all" | sort -g | awk -v f="$4" '
        { v[NR] = $1 } END { printf f, v[int((NR + 1) / 2)], v[1], v[NR] }'
}
{
    echo "| | payload | packets/s: median (least..most) | cycles/packet: median (least..most) |"
    echo "|---|---|---|---|"
    for bytes in 64 1448; do
        for device in loop testpmd engine; do
            echo "| $device | $bytes | $(spread $device $bytes 3 '%d (%d..%d)') | $(spread $device $bytes 4 '%d (%d..%d)') |"
        done
    done
    echo
    echo "net_$KIND, $ROUNDS rounds of $SECONDS_EACH s, interleaved; $(nproc) CPUs ($(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1))," \
        "Linux $(uname -r | cut -d- -f1), DPDK $(pkg-config --modversion libdpdk); load $(cut -d' ' -f1 /proc/loadavg) at the end; $(date +%F)"
} >"$WORK/table"
cat "$WORK/table"
PAGE=$ROOT/docs/performance/ports.md
if grep -q "<!-- $KIND -->" "$PAGE" 2>/dev/null; then
    sed -i -e "/<!-- $KIND -->/,/<!-- end -->/{/<!-- /!d}" -e "/<!-- $KIND -->/r $WORK/table" "$PAGE"
fi
