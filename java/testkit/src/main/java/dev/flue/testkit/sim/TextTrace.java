// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

import java.util.function.Consumer;

/** A run's frames as text, one line a frame and event: time, host, what it did, the segment. */
public final class TextTrace implements SimRun.Trace {
    private static final String HOSTS = "AB";

    private final Consumer<String> out;

    /** {@code out} gets the lines. */
    public TextTrace(Consumer<String> out) {
        this.out = out;
    }

    @Override
    public void onFrame(long now, int port, boolean received, byte[] frame, String line) {
        String what = line == null ? other(frame) : line;
        out.accept(
                String.format(
                        "%14.9f %s %s %s",
                        now / 1e9, HOSTS.charAt(port), received ? "received" : "sent    ", what));
    }

    private static String other(byte[] frame) {
        int type = (frame[12] & 0xff) << 8 | frame[13] & 0xff;
        String name =
                type == 0x0806 ? "ARP" : type == 0x86dd ? "IPv6" : type == 0x0800 ? "IPv4" : "";
        return String.format("%s, type %04x, %d bytes", name, type, frame.length);
    }
}
