// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import java.util.List;

/**
 * A TCP that scripts are run against: one connection, its application, and the wire to a peer that
 * the script plays. Virtual time; one thread.
 */
public interface WireSubject extends AutoCloseable {
    /** Makes a fresh subject for each run. */
    @FunctionalInterface
    interface Factory {
        WireSubject create();
    }

    /** For messages: "Java stack", "engine". */
    String name();

    /**
     * Bring the connection up. Afterwards {@link #iss} and {@link #irs} tell the numbers it really
     * has; a subject that can't choose one of them says what it got.
     *
     * @return virtual time at which it stands: the script's zero
     */
    long establish(ScriptConnection wanted);

    int iss();

    int irs();

    /** Shift of the windows the subject announces. */
    int windowShift();

    /** The subject's end. */
    Endpoint local();

    /** The script's end. */
    Endpoint peer();

    /** Put a frame on the wire towards the subject, at the time of the last {@link #doWork}. */
    void inject(byte[] frame);

    /** A turn of everything: subject, application, wire. */
    int doWork(long nowNanos);

    long nextDeadline();

    /** Frames the subject sent since the last call, in order. */
    List<byte[]> sent();

    // The application.

    /** Send these bytes; the subject takes all of them. */
    void send(byte[] data);

    /** No more data: FIN after what was sent. */
    void shutdown();

    /** RST. */
    void abort();

    /** Set what the application sets; the network's word on the path comes by {@link #path}. */
    void set(ScriptOptions options);

    /**
     * The path carries less from now on.
     *
     * @param bytes of a packet, behind the IP header
     */
    void path(int bytes);

    /** Whether the application takes what arrives; it does at first. */
    void reading(boolean on);

    /** Everything the application took so far. */
    byte[] received();

    /** It saw the end of the peer's data. */
    boolean endOfStream();

    /** It was told that the connection was reset. */
    boolean reset();

    /** Take everything down; nothing may be left held. */
    @Override
    void close();
}
