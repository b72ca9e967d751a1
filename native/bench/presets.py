#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What --preset changes: `flue serve` over a TAP interface in a namespace, Linux as its client.

    presets.py [rounds]         root; takes mvn package

For each choice, interleaved: the time of a request and its answer of 100 bytes on one connection (p50, p99 of
2000), the rate of one file of 128 MiB, and the processor time of the process while it is idle, in the requests
and in the stream. Nothing fails by time.
"""
import os, signal, socket, statistics, subprocess, sys, tempfile, time

CHOICES = [[], ["--own-thread"], ["--preset", "latency"], ["--preset", "throughput"], ["--idle", "interrupt"]]
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
FLUE = os.path.join(ROOT, "java", "tools", "target", "flue")
NS = "flue-presets-%d" % os.getpid()
STREAM = 128 << 20


def run(*words):
    subprocess.run(words, check=True)


def cpu(pid):
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def share(pid, work):
    """Of a processor that the process takes meanwhile, and what `work` gives."""
    start, before = time.monotonic(), cpu(pid)
    result = work()
    return (cpu(pid) - before) / (time.monotonic() - start), result


def client(file, count):
    """In the namespace: times in us, or seconds for a stream."""
    times = []
    with socket.create_connection(("198.18.0.2", 8080)) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request = ("GET /%s HTTP/1.1\r\nHost: x\r\n\r\n" % file).encode()
        for _ in range(count):
            start = time.monotonic()
            s.sendall(request)
            got = s.recv(1 << 20)
            while b"\r\n\r\n" not in got:
                got += s.recv(1 << 20)
            head, _, body = got.partition(b"\r\n\r\n")
            length = [l for l in head.lower().split(b"\r\n") if l.startswith(b"content-length:")][0]
            left = int(length.split(b":")[1]) - len(body)
            while left > 0:
                left -= len(s.recv(1 << 20))
            times.append(time.monotonic() - start)
    return times


def inside(*words):
    out = subprocess.run(["ip", "netns", "exec", NS, sys.executable, os.path.abspath(__file__), "--client", *words],
                         check=True, capture_output=True, text=True).stdout
    return [float(x) for x in out.split()]


def measure(choice, directory):
    server = subprocess.Popen(["ip", "netns", "exec", NS, FLUE, "serve", directory, "--tap", "flue0", "--address",
                               "198.18.0.2/24", "--listen", "8080", *choice], stdout=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                inside("small", "1")
                break
            except subprocess.CalledProcessError:
                time.sleep(0.1)
        inside("small", "2000")
        inside("big", "1")
        idle, _ = share(server.pid, lambda: time.sleep(2))
        asked, times = share(server.pid, lambda: inside("small", "2000"))
        streamed, took = share(server.pid, lambda: inside("big", "1"))
        times.sort()
        return [times[len(times) // 2] * 1e6, times[len(times) * 99 // 100] * 1e6, STREAM / took[0] / 1e6,
                idle * 100, asked * 100, streamed * 100]
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    found = {i: [] for i in range(len(CHOICES))}
    run("ip", "netns", "add", NS)
    try:
        run("ip", "-n", NS, "link", "set", "lo", "up")
        with tempfile.TemporaryDirectory() as directory:
            os.chmod(directory, 0o755)
            with open(os.path.join(directory, "small"), "wb") as f:
                f.write(bytes(100))
            with open(os.path.join(directory, "big"), "wb") as f:
                f.write(os.urandom(1 << 20) * (STREAM >> 20))
            for _ in range(rounds):
                for i, choice in enumerate(CHOICES):
                    found[i].append(measure(choice, directory))
                    print(" ".join(choice) or "none", ["%.0f" % x for x in found[i][-1]], file=sys.stderr)
    finally:
        run("ip", "netns", "del", NS)
    print("| | request p50, us | p99, us | stream, MB/s | CPU idle, % | requests | stream |")
    print("|---|---|---|---|---|---|---|")
    for i, choice in enumerate(CHOICES):
        cells = []
        for column in zip(*found[i]):
            cells.append("%.0f (%.0f..%.0f)" % (statistics.median(column), min(column), max(column)))
        print("| %s | %s |" % (("`%s`" % " ".join(choice)) if choice else "nothing said", " | ".join(cells)))
    print("\n%d rounds, interleaved; median (least..most); 100 %% is one processor of %d; load %.1f at the end; %s"
          % (rounds, os.cpu_count(), os.getloadavg()[0], time.strftime("%F")))


if len(sys.argv) > 1 and sys.argv[1] == "--client":
    print(*client(sys.argv[2], int(sys.argv[3])))
else:
    main()
