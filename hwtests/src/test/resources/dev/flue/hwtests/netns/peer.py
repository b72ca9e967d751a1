# SPDX-License-Identifier: Apache-2.0
"""The Linux kernel's TCP as somebody's peer: services, and clients of the same services.

Services, each on its port (the Java host of these tests has the same ones):
7007 echo    everything comes back; the end of the stream too
7009 sink    takes everything, then answers "<bytes> <sha256>" and closes
7019 source  takes one line "<bytes>", sends so many bytes and their SHA-256 in hex, and closes
7021 half    sends a banner and its FIN at once, then goes on taking; prints what it took

A client prints one line of JSON and exits with 0, or ends with an exception. No byte stream is
trusted: whoever sends hashes what it sends, whoever receives hashes what it gets, and both compare.
"""

import argparse
import hashlib
import json
import os
import random
import select
import socket
import struct
import sys
import threading
import time

BLOCK = 1 << 20
DIGEST = 64
BANNER = b"take the rest\n"


class Stream:
    """Bytes that do not repeat: a random block whose every 4096th byte run carries a counter."""

    def __init__(self, total):
        self.left = total
        self.block = bytearray(os.urandom(BLOCK))
        self.counter = 0
        self.digest = hashlib.sha256()

    def next(self, most=BLOCK):
        size = min(self.left, most)
        for at in range(0, size - 7, 4096):
            struct.pack_into(">Q", self.block, at, self.counter)
            self.counter += 1
        piece = memoryview(self.block)[:size]
        self.digest.update(piece)
        self.left -= size
        return piece


def tune(sock, args):
    """Options that have to be set before the connection exists."""
    sock.settimeout(args.timeout)
    if args.cc:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, args.cc.encode())
    if args.rcvbuf:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, args.rcvbuf)
    if args.sndbuf:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, args.sndbuf)
    if args.nodelay:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if args.keepalive:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def connect(args, port):
    sock = socket.socket(family(args.address), socket.SOCK_STREAM)
    tune(sock, args)
    sock.connect((args.address, port))
    return sock


def receive_all(sock, args):
    """Until the end of the stream."""
    pieces = []
    while True:
        data = sock.recv(args.chunk)
        if not data:
            return b"".join(pieces)
        pieces.append(data)


def reset(sock):
    """Close with a RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


# ---- Clients ------------------------------------------------------------------------------------


def run_sink(args):
    """Send to a sink, compare its digest with ours."""
    stream = Stream(args.bytes)
    with connect(args, args.port or 7009) as sock:
        start = time.monotonic()
        while stream.left > 0:
            sock.sendall(stream.next(args.chunk if args.pause else BLOCK))
            if args.pause:
                time.sleep(args.pause / 1000)
        sock.shutdown(socket.SHUT_WR)
        answer = receive_all(sock, args).decode().split()
        seconds = time.monotonic() - start
    expected = [str(args.bytes), stream.digest.hexdigest()]
    if answer != expected:
        raise AssertionError(f"sink took {answer}, sent was {expected}")
    return {"bytes": args.bytes, "seconds": seconds}


def run_source(args):
    """Receive from a source; the last 64 bytes are the digest of the rest."""
    digest = hashlib.sha256()
    with connect(args, args.port or 7019) as sock:
        sock.sendall(b"%d\n" % args.bytes)
        if args.half:
            sock.shutdown(socket.SHUT_WR)
        start = time.monotonic()
        took, tail = 0, b""
        while True:
            data = sock.recv(args.chunk)
            if not data:
                break
            took += len(data)
            tail += data
            if len(tail) > DIGEST:
                digest.update(memoryview(tail)[:-DIGEST])
                tail = tail[-DIGEST:]
            if args.pause:
                time.sleep(args.pause / 1000)
        seconds = time.monotonic() - start
    if took != args.bytes + DIGEST or tail.decode() != digest.hexdigest():
        raise AssertionError(f"{took} bytes with {tail}, they hash to {digest.hexdigest()}")
    return {"bytes": took, "seconds": seconds}


def run_echo(args):
    """Bulk both ways at once through an echo: so much, and as long as there is no file `until`."""
    stream = Stream(args.bytes)
    digest = hashlib.sha256()
    total = args.bytes
    with connect(args, args.port or 7007) as sock:
        sock.setblocking(False)
        piece, took = memoryview(b""), 0
        open_end = True
        while True:
            out = [sock] if piece or stream.left else []
            readable, writable, _ = select.select([sock], out, [], args.timeout)
            if not readable and not writable:
                raise TimeoutError(f"echo hangs at {took} bytes")
            if readable:
                data = sock.recv(args.chunk)
                if not data:
                    break
                took += len(data)
                digest.update(data)
            if writable:
                piece = piece or stream.next(args.chunk)
                piece = piece[sock.send(piece):]
            more = args.until and open_end and not stream.left
            if more and not os.path.exists(args.until):
                stream.left = BLOCK
                total += BLOCK
            if open_end and not piece and not stream.left:
                open_end = False
                sock.shutdown(socket.SHUT_WR)
    if took != total or digest.digest() != stream.digest.digest():
        raise AssertionError(f"{took} of {total} bytes came back, or others")
    return {"bytes": took}


def receive_exactly(sock, size):
    pieces = []
    while size > 0:
        data = sock.recv(size)
        if not data:
            raise ConnectionError(f"the stream ended {size} bytes early")
        pieces.append(data)
        size -= len(data)
    return b"".join(pieces)


def run_requests(args):
    """Small messages, one at a time, over one connection: each has to come back as it was."""
    numbers = random.Random(args.seed)
    with connect(args, args.port or 7007) as sock:
        for _ in range(args.count):
            message = numbers.randbytes(numbers.randrange(1, 512))
            sock.sendall(message)
            if receive_exactly(sock, len(message)) != message:
                raise AssertionError("another message came back")
        sock.shutdown(socket.SHUT_WR)
        if sock.recv(1):
            raise AssertionError("something was left")
    return {"requests": args.count}


def one_short(args, numbers):
    """A connection that is used once; some end by a RST of ours, some before anything came."""
    kind = numbers.randrange(20)
    message = numbers.randbytes(numbers.randrange(1, 3000))
    sock = connect(args, args.port or 7007)
    try:
        if kind == 0:
            reset(sock)
            return "aborted"
        sock.sendall(message)
        if kind == 1:
            reset(sock)
            return "aborted"
        if receive_exactly(sock, len(message)) != message:
            raise AssertionError("another message came back")
        if kind < 10:
            sock.shutdown(socket.SHUT_WR)
            if sock.recv(1):
                raise AssertionError("something was left")
        return "closed"
    finally:
        sock.close()


def run_short(args):
    """Thousands of short connections, some at a time; none may fail or hang."""
    lock = threading.Lock()
    result = {"closed": 0, "aborted": 0, "failures": []}
    todo = iter(range(args.count))

    def work(worker):
        numbers = random.Random(args.seed * 1000 + worker)
        while True:
            with lock:
                if next(todo, None) is None or len(result["failures"]) > 5:
                    return
            try:
                kind = one_short(args, numbers)
                with lock:
                    result[kind] += 1
            except Exception as failure:
                with lock:
                    result["failures"].append(repr(failure))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(args.parallel)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if result["failures"]:
        raise AssertionError(json.dumps(result))
    return result


def run_half(args):
    """The other side ends its direction first; ours goes on."""
    stream = Stream(args.bytes)
    with connect(args, args.port or 7021) as sock:
        if receive_exactly(sock, len(BANNER)) != BANNER or sock.recv(1):
            raise AssertionError("no banner, or more than that")
        while stream.left > 0:
            sock.sendall(stream.next())
    return {"bytes": args.bytes, "sha256": stream.digest.hexdigest()}


def run_meter(args):
    """What some connections to a source bring in a time, after they have warmed up."""
    socks = [connect(args, args.port or 7019) for _ in range(args.parallel)]
    for sock in socks:
        sock.sendall(b"%d\n" % (1 << 40))
    start = time.monotonic() + args.warm
    end = start + args.seconds
    took = 0
    while (now := time.monotonic()) < end:
        readable, _, _ = select.select(socks, [], [], end - now)
        for sock in readable:
            size = len(sock.recv(1 << 18))
            if size == 0:
                raise ConnectionError("a source ended")
            if now >= start:
                took += size
    for sock in socks:
        reset(sock)
    return {"bytes": took, "seconds": args.seconds}


def run_idle(args):
    """Nothing for a while, then one message: the connection has to be there still."""
    with connect(args, args.port or 7007) as sock:
        sock.sendall(b"before")
        receive_exactly(sock, 6)
        print("idle", flush=True)
        time.sleep(args.pause / 1000)
        sock.sendall(b"after")
        if receive_exactly(sock, 5) != b"after":
            raise AssertionError("another message came back")
    return {"idle": args.pause}


# ---- Services -----------------------------------------------------------------------------------


def echo(sock, args):
    while True:
        data = sock.recv(args.chunk)
        if not data:
            return
        sock.sendall(data)


def sink(sock, args):
    digest, took = hashlib.sha256(), 0
    while True:
        data = sock.recv(args.chunk)
        if not data:
            break
        took += len(data)
        digest.update(data)
        if args.pause:
            time.sleep(args.pause / 1000)
    sock.sendall(f"{took} {digest.hexdigest()}".encode())


def source(sock, args):
    line = b""
    while not line.endswith(b"\n"):
        line += receive_exactly(sock, 1)
    stream = Stream(int(line))
    while stream.left > 0:
        sock.sendall(stream.next())
    sock.sendall(stream.digest.hexdigest().encode())


def half(sock, args):
    sock.sendall(BANNER)
    sock.shutdown(socket.SHUT_WR)
    digest, took = hashlib.sha256(), 0
    while True:
        data = sock.recv(args.chunk)
        if not data:
            break
        took += len(data)
        digest.update(data)
    print(f"half {took} {digest.hexdigest()}", flush=True)


def answer(service, sock, args):
    try:
        with sock:
            service(sock, args)
    except ConnectionError:
        pass  # The client's abort.


def accept(listener, service, args):
    while True:
        sock, _ = listener.accept()
        sock.settimeout(args.timeout)
        threading.Thread(target=answer, args=(service, sock, args), daemon=True).start()


def run_serve(args):
    threads = []
    for port, service in {7007: echo, 7009: sink, 7019: source, 7021: half}.items():
        listener = socket.socket(family(args.address), socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tune(listener, args)
        listener.settimeout(None)
        listener.bind((args.address, port))
        listener.listen(1024)
        threads.append(threading.Thread(target=accept, args=(listener, service, args), daemon=True))
    for thread in threads:
        thread.start()
    print("serving", flush=True)
    threading.Event().wait()


def main():
    parser = argparse.ArgumentParser()
    kinds = ["sink", "source", "echo", "requests", "short", "half", "meter", "idle", "serve"]
    parser.add_argument("kind", choices=kinds)
    parser.add_argument("address")
    parser.add_argument("--port", type=int)
    parser.add_argument("--bytes", type=int, default=1 << 20)
    parser.add_argument("--until", help="a file: echo goes on until there is one")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--parallel", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cc")
    parser.add_argument("--rcvbuf", type=int)
    parser.add_argument("--sndbuf", type=int)
    parser.add_argument("--chunk", type=int, default=1 << 16)
    parser.add_argument("--pause", type=float, help="milliseconds after each chunk")
    parser.add_argument("--warm", type=float, default=2)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--half", action="store_true")
    parser.add_argument("--nodelay", action="store_true")
    parser.add_argument("--keepalive", action="store_true")
    parser.add_argument("--timeout", type=float, default=90)
    args = parser.parse_args()
    print(json.dumps(globals()["run_" + args.kind](args)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
