#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# The guest's first program, in its initramfs. The host's root file system, read-only, under a file
# system in memory that takes what is written, becomes the root; the shared directory is the host's own.

/bin/busybox --install -s /bin
export PATH=/bin

fail() {
    echo "GUEST FAILS: $*"
    reboot -f
}

argument() { sed -n "s/.*\b$1=\([^ ]*\).*/\1/p" /proc/cmdline; }

mount_9p() { mount -t 9p -o "trans=virtio,version=9p2000.L,msize=512000,$3" "$1" "$2" || fail "9p $1"; }

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
modprobe -a virtio_pci virtio_rng 9pnet_virtio 9p overlay vfio-pci vfio_iommu_type1 || fail modules

share=$(argument flue.share)
first=$(argument flue.first)
mount_9p host /host cache=loose,ro
mount -t tmpfs -o mode=755,size=60% scratch /scratch
mkdir -p /scratch/upper /scratch/work /scratch/root
mount -t overlay -o lowerdir=/host,upperdir=/scratch/upper,workdir=/scratch/work overlay /scratch/root || fail overlay
mkdir -p "/scratch/root$share"
# Pages that are mapped are kept; what the host writes meanwhile is seen.
mount_9p share "/scratch/root$share" cache=mmap

for each in proc sys dev; do mount --move "/$each" "/scratch/root/$each"; done
cd /scratch/root || fail root
mkdir -p dev/pts dev/shm dev/hugepages
mount -t devpts devpts dev/pts
mount -t tmpfs shm dev/shm
mount -t hugetlbfs -o pagesize=2M huge dev/hugepages
mount -t tmpfs -o mode=755 run run
cp /bin/busybox run/
exec switch_root /scratch/root /bin/bash "$share/$first"
