#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Gives a PCI device to a kernel driver, vfio-pci when none is named: bind.sh 0000:00:04.0 [DRIVER]
set -eu

device=${1:?the address of a PCI device, such as 0000:00:04.0}
driver=${2:-vfio-pci}
place=/sys/bus/pci/devices/$device

[ -d "$place" ] || { echo "bind: there is no PCI device $device" >&2; exit 1; }
[ -d "/sys/bus/pci/drivers/$driver" ] || modprobe "$driver"
echo "$driver" >"$place/driver_override"
if [ -e "$place/driver" ]; then echo "$device" >"$place/driver/unbind"; fi
echo "$device" >/sys/bus/pci/drivers_probe
if [ "$(basename "$(readlink "$place/driver")")" != "$driver" ]; then
    echo "bind: $driver does not take $device" >&2
    exit 1
fi
echo "$device ($(<"$place/vendor"):$(<"$place/device")) -> $driver"
