// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A thread of ours on a CPU of its own, by {@code taskset}: one way for every contestant. */
final class Cpu {
    private Cpu() {}

    /**
     * Keep the calling thread on a CPU from now on.
     *
     * @return whether that worked; without it the kernel may move the thread
     */
    static boolean pin(int cpu) {
        try {
            Path self = Files.readSymbolicLink(Path.of("/proc/thread-self"));
            Process taskset =
                    new ProcessBuilder(
                                    "taskset",
                                    "-cp",
                                    Integer.toString(cpu),
                                    self.getFileName().toString())
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start();
            return taskset.waitFor() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
