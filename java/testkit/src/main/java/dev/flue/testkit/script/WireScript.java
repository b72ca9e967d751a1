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
 *   <dt>{@code offload established iss= irs= wnd= [mss=] [scale=] [ts=]}
 *   <dd>First line. The subject's and the peer's initial sequence numbers (those of the SYNs), the
 *       window the peer offers; the MSS, window shift and timestamp value the peer announced.
 *   <dt>{@code <}
 *   <dd>The peer sends; lines of the same time arrive as one burst. {@code seq} and {@code ack} (a
 *       number or {@code none}) are needed; {@code len} is 0 and {@code win} the last one unless
 *       given; words {@code syn fin rst psh urg}; {@code ts VALUE ECHO}, where the echo may be
 *       {@code last}: the subject's latest value.
 *   <dt>{@code >}
 *   <dd>The subject sends, at this time (1 ms early or late) or in this span: its next segment must
 *       be this. What is not said is not looked at, except: {@code len} is 0 unless given, and syn,
 *       fin, rst are as given. {@code any} fits everything.
 *   <dt>{@code >?}
 *   <dd>The same, but it may be missing.
 *   <dt>{@code quiet}
 *   <dd>Until this time the subject sends nothing more.
 *   <dt>{@code app send N | shutdown | abort | reads off | reads on}
 *   <dd>What the application on the subject does. It reads everything unless told not to.
 *   <dt>{@code app received N | eof | no-eof | reset | open}
 *   <dd>What it must have seen by now.
 * </dl>
 *
 * A time that starts with {@code +} counts from the moment at which the line before it happened.
 * Content of data is derived from its place in the stream and checked both ways.
 */
public final class WireScript {
    private final String name;
    private final String title;
    private final ScriptConnection connection;
    private final List<ScriptStep> steps;

    WireScript(String name, String title, ScriptConnection connection, List<ScriptStep> steps) {
        this.name = name;
        this.title = title;
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

    /**
     * Names of the scripts of the testkit, in the order of its index: those for every TCP, and
     * those for one that can more.
     *
     * @param abilities what the subject can beyond the common; "fast-retransmit" is the only one
     *     yet
     */
    public static List<String> names(String... abilities) {
        try (InputStream in =
                WireScript.class.getResourceAsStream("/dev/flue/testkit/scripts/INDEX")) {
            if (in == null) {
                throw new IllegalStateException("the testkit has no script index");
            }
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            List<String> able = List.of(abilities);
            return text.lines()
                    .map(line -> line.strip().split("\\s+"))
                    .filter(words -> !words[0].isEmpty())
                    .filter(words -> words.length == 1 || able.contains(words[1]))
                    .map(words -> words[0])
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public String name() {
        return name;
    }

    /** Its first comment: what it proves. */
    public String title() {
        return title;
    }

    public ScriptConnection connection() {
        return connection;
    }

    List<ScriptStep> steps() {
        return steps;
    }

    @Override
    public String toString() {
        return name + ": " + title;
    }
}
