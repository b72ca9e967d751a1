// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import dev.flue.hwtests.host.HostProgram;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A {@link HostProgram} inside a namespace. Ended with this object. */
final class FlueHost extends FlueProcess {
    private int read;

    /**
     * Starts, and waits until it serves.
     *
     * @param words {@code name=value} for the program
     */
    FlueHost(Namespace namespace, Path output, List<String> words)
            throws IOException, InterruptedException {
        super(command(namespace, words), output);
    }

    private static List<String> command(Namespace namespace, List<String> words) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-XX:+UseSerialGC");
        command.addAll(Commands.jvmOptions());
        // Of each build its own: libraries of two builds may have the same size and date.
        Path cache =
                classes().resolveSibling("host-cache-" + FlueServer.jar().toFile().lastModified());
        command.add("-Dorg.bytedeco.javacpp.cachedir=" + cache);
        if (Runtime.version().feature() >= 22) {
            command.add("--enable-native-access=ALL-UNNAMED");
        }
        command.add("-cp");
        command.add(FlueServer.jar() + ":" + classes());
        command.add(HostProgram.class.getName());
        command.addAll(words);
        return Commands.ahead(namespace.inside(command.toArray(new String[0])));
    }

    private static Path classes() {
        try {
            return Path.of(
                    HostProgram.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** One line to its standard input. */
    synchronized void tell(String command) {
        try {
            OutputStream in = process().getOutputStream();
            in.write((command + "\n").getBytes(StandardCharsets.US_ASCII));
            in.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(printed(), e);
        }
    }

    /** The next line it says that begins with this word, without the word; waits for it. */
    String awaitLine(String word) throws InterruptedException {
        String[] found = new String[1];
        Commands.await(
                "it says " + word,
                () -> {
                    found[0] = nextLine(word);
                    return found[0] != null || !process().isAlive();
                });
        if (found[0] == null) {
            throw new AssertionError("it ended: " + printed());
        }
        return found[0];
    }

    private String nextLine(String word) {
        String all = printed();
        String said = all.substring(read, all.lastIndexOf('\n') + 1);
        int at = 0;
        for (String line : said.split("\n")) {
            at += line.length() + 1;
            if (line.startsWith(word + " ")) {
                read += at;
                return line.substring(word.length() + 1);
            }
        }
        return null;
    }
}
