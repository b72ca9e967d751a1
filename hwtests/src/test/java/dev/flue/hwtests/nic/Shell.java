// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.nic;

import dev.flue.hwtests.netns.Commands;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A shell of this machine or of an emulated one. It is told what to run, and tells what came of it,
 * through files of a directory that is on both.
 */
final class Shell implements AutoCloseable {
    private static final int GUEST_FAILED = 125;

    private final Path directory;
    private final Path log;
    private final Process process;
    private int next;

    /** The emulated machine stood still: that says nothing about what ran in it. */
    static final class GuestFailed extends AssertionError {
        private static final long serialVersionUID = 1;

        GuestFailed(String message) {
            super(message);
        }
    }

    /** On this machine. */
    static Shell here(Path temp) throws IOException, InterruptedException {
        return new Shell(List.of(), temp);
    }

    /**
     * On an emulated one with this NIC, cabled to the peer, and a device with memory of its own.
     *
     * @param option a word for run.sh, or ""
     */
    static Shell inGuest(Peer peer, String model, String option, Path temp)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(peer.near().inside("bash"));
        command.add(Rung.script("run.sh").toString());
        command.addAll(List.of("-n", model, "-b", "64", "-t", Peer.TAP, "-s", temp.toString()));
        if (!option.isEmpty()) {
            command.add(option);
        }
        return new Shell(command, temp);
    }

    private Shell(List<String> machine, Path temp) throws IOException, InterruptedException {
        directory = Files.createTempDirectory(temp, "shell");
        log = Files.createTempFile(temp, "shell", ".log");
        List<String> command = new ArrayList<>(machine);
        command.addAll(List.of("bash", Rung.script("agent.sh").toString(), directory.toString()));
        process = Commands.start(command, log);
        try {
            await("the shell starts", directory.resolve("ready"));
        } catch (AssertionError | InterruptedException e) {
            close();
            throw e;
        }
    }

    /** Runs a command, which may leave variables and processes behind, and returns its output. */
    String run(String command) throws IOException, InterruptedException {
        Path written = Files.writeString(directory.resolve("new"), command + "\n");
        Path code = directory.resolve(next + ".code");
        Path output = directory.resolve(next + ".output");
        Files.move(written, directory.resolve(next + ".command"), StandardCopyOption.ATOMIC_MOVE);
        next++;
        await(command, code);
        String text = Files.readString(output);
        if (!Files.readString(code).strip().equals("0")) {
            throw new AssertionError(command + ": exit code " + Files.readString(code) + text);
        }
        return text;
    }

    /** The guest has failed, or fails within the time it takes to notice that. */
    boolean failed() throws InterruptedException {
        return process.waitFor(5, TimeUnit.SECONDS) && process.exitValue() == GUEST_FAILED;
    }

    private void await(String what, Path file) throws InterruptedException {
        Commands.await(what, () -> Files.exists(file) || !process.isAlive());
        if (Files.exists(file)) {
            return;
        }
        try {
            String text = what + ": " + Files.readString(log);
            throw process.exitValue() == GUEST_FAILED
                    ? new GuestFailed(text)
                    : new AssertionError(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        Files.writeString(directory.resolve("end"), "");
        try {
            if (!process.waitFor(30, TimeUnit.SECONDS)) {
                process.destroy();
                process.waitFor(20, TimeUnit.SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        process.destroyForcibly();
    }
}
