// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What tshark finds wrong in a capture of a run without loss, and what of it a machine that stalls
 * explains: a timer of one side fires when the other has got no CPU. What is sent again counts as a
 * fault unless the other side had been silent before: Flue for nearly the kernel's least timeout,
 * the kernel for as long as Flue's tail loss probe waits. A run with such a silence says nothing
 * about Flue and has to be repeated; only one in which nothing is selected is a good one.
 */
final class Judge {
    /** In a run without loss it selects nothing. */
    static final String FAULTS =
            "tcp.analysis.retransmission || tcp.analysis.fast_retransmission"
                    + " || tcp.analysis.out_of_order || tcp.analysis.lost_segment"
                    + " || tcp.analysis.ack_lost_segment || tcp.analysis.duplicate_ack";

    private static final double KERNEL_TIMEOUT = 0.150;
    private static final double FLUE_PROBE = 0.008; // and what it takes to get to where it is seen
    private static final double CROSSING = 0.050;

    private final Path capture;
    private final String flue;
    private final List<String> faults = new ArrayList<>();
    private final List<String> stalls = new ArrayList<>();
    private final boolean clean;

    /**
     * @param flue address of Flue's side
     */
    Judge(Path capture, String flue) throws IOException, InterruptedException {
        this.capture = capture;
        this.flue = flue;
        List<Frame> selected = frames(FAULTS);
        clean = selected.isEmpty();
        if (!selected.isEmpty()) {
            judge(selected, frames("tcp"));
        }
    }

    /** A frame of TCP. */
    private record Frame(long number, double time, String source, boolean repeats, String info) {}

    /** What is wrong, for people; empty = nothing, or nothing that a stall does not explain. */
    List<String> faults() {
        return faults;
    }

    /** What is sent again because the other side stood still, for people. */
    List<String> stalls() {
        return stalls;
    }

    /** The filter selects nothing. Neither this nor a fault: a side stood still, no verdict. */
    boolean clean() {
        return clean;
    }

    private void judge(List<Frame> selected, List<Frame> all) {
        // What comes twice is answered with a duplicate ACK, however late. Of the kernel, of Flue.
        int[] answersDue = new int[2];
        for (Frame fault : selected) {
            int side = fault.source().equals(flue) ? 1 : 0;
            double silence = silence(fault, all);
            if (fault.repeats() && silence >= (side == 1 ? FLUE_PROBE : KERNEL_TIMEOUT)) {
                answersDue[1 - side]++;
                stalls.add(text(fault, silence));
            } else if (!fault.repeats() && answersDue[side] > 0) {
                answersDue[side]--;
            } else {
                faults.add(text(fault, silence));
            }
        }
    }

    private static String text(Frame frame, double silence) {
        return "frame %d at %.6f of %s, the other side was silent for %.6f s: %s"
                .formatted(frame.number(), frame.time(), frame.source(), silence, frame.info());
    }

    /**
     * The longest time without a frame of the other side that ended shortly before this frame, or
     * has not ended: what ends it may cross what is sent again because of it.
     */
    private static double silence(Frame frame, List<Frame> all) {
        double longest = 0;
        double last = Double.NEGATIVE_INFINITY;
        for (Frame each : all) {
            if (each.number() >= frame.number()) {
                break;
            }
            if (!each.source().equals(frame.source())) {
                if (last > 0 && frame.time() - each.time() <= CROSSING) {
                    longest = Math.max(longest, each.time() - last);
                }
                last = each.time();
            }
        }
        return Math.max(longest, frame.time() - last);
    }

    private List<Frame> frames(String filter) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("tshark", "-r", capture.toString()));
        command.addAll(List.of("-Y", filter, "-T", "fields", "-E", "separator=/t"));
        for (String field :
                List.of(
                        "frame.number",
                        "frame.time_epoch",
                        "ip.src",
                        "ipv6.src",
                        "tcp.analysis.retransmission",
                        "_ws.col.Info")) {
            command.addAll(List.of("-e", field));
        }
        List<Frame> frames = new ArrayList<>();
        for (String line : Commands.run(command).lines().toList()) {
            String[] words = line.split("\t", -1);
            if (words.length == 6 && words[0].matches("\\d+")) {
                frames.add(
                        new Frame(
                                Long.parseLong(words[0]),
                                Double.parseDouble(words[1]),
                                words[2] + words[3],
                                !words[4].isEmpty(),
                                words[5]));
            }
        }
        return frames;
    }
}
