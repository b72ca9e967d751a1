# SPDX-License-Identifier: Apache-2.0
"""A switch port: vlan.py TRUNK ACCESS ID. Makes the TAP interface ACCESS; what it sends gets a tag
and leaves through TRUNK, what comes to TRUNK with that tag reaches it without."""
import fcntl
import os
import select
import socket
import struct
import sys

ETH_P_ALL = 3
SOL_PACKET = 263
PACKET_AUXDATA = 8
PACKET_IGNORE_OUTGOING = 23
TP_STATUS_VLAN_VALID = 0x10
TUNSETIFF = 0x400454CA
IFF_TAP_NO_PI = 0x1002

trunk, access, vlan = sys.argv[1], sys.argv[2], int(sys.argv[3])
tap = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", access.encode(), IFF_TAP_NO_PI))
packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
packets.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
packets.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
packets.bind((trunk, 0))
print("ready", flush=True)

while True:
    for each in select.select([tap, packets], [], [])[0]:
        if each is packets:
            frame, auxiliary, _, _ = packets.recvmsg(1 << 16, 64)
            for _, _, data in auxiliary:
                # The kernel has cut the tag off, and says so beside the frame.
                status, _, _, _, _, tag, _ = struct.unpack_from("=IIIHHHH", data)
                if status & TP_STATUS_VLAN_VALID and tag & 0xFFF == vlan:
                    try:
                        os.write(tap, frame)
                    except OSError:
                        pass  # not up yet: a frame gets lost
        else:
            frame = os.read(tap, 1 << 16)
            try:
                packets.send(frame[:12] + struct.pack("!HH", 0x8100, vlan) + frame[12:])
            except OSError:
                pass
