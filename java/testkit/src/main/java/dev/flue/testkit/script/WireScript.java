// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * One behaviour of TCP, a line a packet. Times are virtual, in seconds from the moment the
 * connection stands; sequence numbers are the script's own and are moved to wherever a run starts.
 *
 * <pre>
 * // a segment in order is acknowledged
 * 0.000        offload established iss=1000 irs=5000 wnd=65535
 * 0.010        &lt; seq 5001 len 100 ack 1001 win 1000
 * 0.010-0.510  &gt; ack 5101
 * 0.600        app received 100
 * 2.000        quiet
 * </pre>
 *
 * <dl>
 *   <dt>{@code rule ID...}, {@code only engine | stack}, {@code unmoved REASON}
 *   <dd>Before everything else: the rules of docs/rules it proves; the only subject it is for; why
 *       its connection cannot be moved in the middle of it.
 *   <dt>{@code offload established iss= irs= wnd= [mss=] [scale=] [ts=] [buffer=] [sack] [ecn]
 *       [nagle]}
 *   <dd>First timed line. The subject's and the peer's initial sequence numbers (those of the
 *       SYNs), the window the peer offers; the MSS, window shift and timestamp value the peer
 *       announced; the subject's receive buffer (65535); what both agreed on; Nagle is off unless
 *       given.
 *   <dt>{@code <}
 *   <dd>The peer sends; lines of the same time arrive as one burst. {@code seq} and {@code ack} (a
 *       number or {@code none}) are needed; {@code len} is 0 and {@code win} the last one unless
 *       given; words {@code syn fin rst psh urg ece cwr}; {@code urgent N} the urgent pointer;
 *       {@code ts VALUE ECHO}, where the echo may be {@code last}: the subject's latest value;
 *       {@code sack A-B...}; {@code options HEX} stands instead of all options; {@code badsum}
 *       spoils the checksum; {@code notect ect0 ect1 ce} the ECN bits of the IP header.
 *   <dt>{@code >}
 *   <dd>The subject sends, at this time (1 ms early or late) or in this span: its next segment must
 *       be this. A number may be a range, {@code 1-1460}, or {@code any}. What is not said is not
 *       looked at, except: {@code len} is 0 unless given; syn, fin, rst, urg, ece and cwr are as
 *       given; there is no option that was not agreed on. {@code hops N} and {@code class N} look
 *       at the IP header.
 *   <dt>{@code >?}
 *   <dd>The same, but it may be missing.
 *   <dt>{@code quiet}
 *   <dd>Until this time the subject sends nothing more.
 *   <dt>{@code app send N | shutdown | abort | reads off | reads on | nagle on | nagle off}
 *   <dd>What the application on the subject does. It reads everything unless told not to.
 *   <dt>{@code app keepalive IDLE INTERVAL COUNT | keepalive off | timeout MS | hops N | class N |
 *       buffer N}
 *   <dd>What it sets; times in milliseconds.
 *   <dt>{@code app received N | eof | no-eof | reset | open}
 *   <dd>What it must have seen by now.
 *   <dt>{@code path carries N}
 *   <dd>The network tells that packets of more than N bytes behind the IP header do not get
 *       through.
 *   <dt>{@code repeat N} ... {@code end}
 *   <dd>The lines between, so often; their times start with {@code +}.
 * </dl>
 *
 * A time that starts with {@code +} counts from the moment at which the line before it happened.
 * Content of data is derived from its place in the stream and checked both ways.
 */
public final class WireScript {
    /** What a script says of itself; "" where it says nothing. */
    record Header(String title, List<String> rules, String only, String unmoved) {}

    private final String name;
    private final Header header;
    private final ScriptConnection connection;
    private final List<ScriptStep> steps;

    WireScript(String name, Header header, ScriptConnection connection, List<ScriptStep> steps) {
        this.name = name;
        this.header = header;
        this.connection = connection;
        this.steps = List.copyOf(steps);
    }

    /**
     * Read a script.
     *
     * @param name for messages
     * @throws IllegalArgumentException that names the line, when it is none
     */
    public static WireScript parse(String name, String text) {
        return new ScriptParser(name).parse(text);
    }

    /** A script of the testkit: a resource of {@code dev/flue/testkit/scripts}. */
    public static WireScript load(String name) {
        String path = "/dev/flue/testkit/scripts/" + name;
        try (InputStream in = WireScript.class.getResourceAsStream(path)) {
            if (in == null) {
                throw new IllegalArgumentException("no script " + path);
            }
            return parse(name, new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Names of all scripts of the testkit, in the order of its index. */
    public static List<String> names() {
        try (InputStream in =
                WireScript.class.getResourceAsStream("/dev/flue/testkit/scripts/INDEX")) {
            if (in == null) {
                throw new IllegalStateException("the testkit has no script index");
            }
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * The scripts of the testkit that are for one subject.
     *
     * @param subject "engine" or "stack"
     */
    public static List<WireScript> of(String subject) {
        return names().stream()
                .map(WireScript::load)
                .filter(script -> script.only().isEmpty() || script.only().equals(subject))
                .toList();
    }

    public String name() {
        return name;
    }

    /** Its first comment: what it proves. */
    public String title() {
        return header.title();
    }

    /** Ids of the rules it proves. */
    public List<String> rules() {
        return header.rules();
    }

    /** The one subject it is for; "" = for all. */
    public String only() {
        return header.only();
    }

    /** Why its connection cannot move in the middle of it; "" = it can. */
    public String unmoved() {
        return header.unmoved();
    }

    public ScriptConnection connection() {
        return connection;
    }

    List<ScriptStep> steps() {
        return steps;
    }

    @Override
    public String toString() {
        return name + ": " + title();
    }
}
