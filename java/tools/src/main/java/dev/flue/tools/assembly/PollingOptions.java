// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import dev.flue.bindings.EngineIdle;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options that say how engines are polled: docs/threading.md. */
public final class PollingOptions {
    private static final int MAX_CPU = 1023;
    private static final int LATENCY_RING = 1024;
    private static final int THROUGHPUT_RING = 16384;

    /** What a word sets that was not set otherwise. */
    enum Preset {
        NONE,
        LATENCY,
        THROUGHPUT
    }

    @Option(
            names = "--preset",
            paramLabel = "KIND",
            defaultValue = "none",
            description = {
                "latency: engines on threads of their own that spin, as the duty cycle does; short"
                        + " rings.",
                "throughput: engines on threads of their own that back off; long rings.",
                "none: neither. Other options go before it. Default: none."
            })
    private Preset preset;

    @Option(
            names = "--idle",
            paramLabel = "POLICY",
            description = {
                "What who polls does when there is nothing to do: backoff (spin, yield, park), spin,"
                        + " yield, or interrupt (sleep until the device or a submission wakes the"
                        + " engine; its own thread).",
                "Default: backoff."
            })
    private EngineIdle idle;

    @Option(
            names = "--cpu",
            split = ",",
            paramLabel = "N",
            description =
                    "Tie each engine's thread to one of these processors, in turn; each engine gets a"
                            + " thread of its own. Default: none.")
    private List<Integer> cpus = List.of();

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    /** {@code ownThread}: asked for by itself. */
    Polling polling(boolean ownThread) {
        EngineIdle usual = preset == Preset.LATENCY ? EngineIdle.SPIN : EngineIdle.BACKOFF;
        EngineIdle chosen = idle != null ? idle : usual;
        boolean threads =
                ownThread
                        || preset != Preset.NONE
                        || !cpus.isEmpty()
                        || chosen == EngineIdle.INTERRUPT;
        int ring =
                switch (preset) {
                    case LATENCY -> LATENCY_RING;
                    case THROUGHPUT -> THROUGHPUT_RING;
                    case NONE -> Polling.RING_ENTRIES;
                };
        return new Polling(threads, chosen, cpus, ring);
    }

    void check() {
        if (cpus.stream().anyMatch(cpu -> cpu < 0 || cpu > MAX_CPU)) {
            throw new ParameterException(
                    spec.commandLine(), "--cpu " + cpus + " is out of range 0.." + MAX_CPU);
        }
    }
}
