// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.nic;

import dev.flue.hwtests.netns.Commands;
import dev.flue.hwtests.netns.Namespace;
import java.io.IOException;
import java.nio.file.Path;

/** The kernel's TCP at the other end of a cable from a port, in a namespace of its own. */
final class Peer implements AutoCloseable {
    static final String ADDRESS_4 = "198.18.0.1";
    static final String ADDRESS_6 = "2001:db8::1";
    static final String TAP = "flue0";

    private final Namespace near;
    private final Namespace far;
    private final String device;
    private Process server;

    private Peer(Namespace near, Namespace far, String device) {
        this.near = near;
        this.far = far;
        this.device = device;
    }

    /**
     * Behind a TAP interface, for an emulated NIC, and a bridge. What leaves the bridge has whole
     * checksums, also where the NIC leaves them to whoever comes next.
     */
    static Peer behindTap() throws IOException, InterruptedException {
        Namespace near = new Namespace();
        Namespace far = null;
        try {
            far = new Namespace();
            near.sysctl("net.ipv6.conf.default.disable_ipv6", "1");
            near.ip("tuntap add " + TAP + " mode tap");
            near.ip("link add br0 type bridge mcast_snooping 0");
            near.ip("link add middle0 type veth peer name peer0 netns " + far.name());
            withoutOffloads(near, "middle0");
            near.ip("link set " + TAP + " master br0 up");
            near.ip("link set middle0 master br0 up");
            near.ip("link set br0 up");
            return new Peer(near, far, "peer0").up();
        } catch (IOException | InterruptedException | RuntimeException | AssertionError e) {
            close(far);
            close(near);
            throw e;
        }
    }

    /** An interface of this machine; it comes back when the namespace it is moved to goes away. */
    static Peer at(String device) throws IOException, InterruptedException {
        Namespace far = new Namespace();
        try {
            Commands.run(java.util.List.of("ip", "link", "set", device, "netns", far.name()));
            return new Peer(null, far, device).up();
        } catch (IOException | InterruptedException | RuntimeException | AssertionError e) {
            close(far);
            throw e;
        }
    }

    private Peer up() throws IOException, InterruptedException {
        withoutOffloads(far, device);
        far.ip("addr add " + ADDRESS_4 + "/24 dev " + device);
        far.ip("addr add " + ADDRESS_6 + "/64 dev " + device + " nodad");
        far.ip("link set lo up");
        far.ip("link set " + device + " up");
        return this;
    }

    /** Frames as they are on the wire, in captures too. */
    private static void withoutOffloads(Namespace namespace, String device)
            throws IOException, InterruptedException {
        String words = "ethtool -K " + device + " tx off tso off gso off gro off";
        Commands.run(namespace.inside(words.split(" ")));
    }

    /** Where the TAP interface is. */
    Namespace near() {
        return near;
    }

    /** Where the kernel's TCP is. */
    Namespace far() {
        return far;
    }

    /** The kernel's interface. */
    String device() {
        return device;
    }

    /** Smallest, first and largest number of bytes that its TCP keeps for who does not read yet. */
    void buffers(String bytes) throws IOException, InterruptedException {
        far.sysctl("net.ipv4.tcp_rmem", bytes);
    }

    /** Serves a directory over HTTP at port 8000. */
    void serve(Path directory, Path output) throws IOException {
        String words = "python3 -m http.server --bind :: 8000 --directory " + directory;
        server = Commands.start(far.inside(words.split(" ")), output);
    }

    private static void close(Namespace namespace) throws IOException {
        if (namespace != null) {
            namespace.close();
        }
    }

    @Override
    public void close() throws IOException {
        if (server != null) {
            server.destroyForcibly();
        }
        try {
            far.close();
        } finally {
            close(near);
        }
    }
}
