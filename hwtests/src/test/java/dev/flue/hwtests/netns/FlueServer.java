// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A {@code flue serve} of the built launcher inside a namespace. Ended with this object. */
public final class FlueServer extends FlueProcess {
    /** Starts, and waits until it serves. */
    FlueServer(Namespace namespace, Path directory, Path output, String... options)
            throws IOException, InterruptedException {
        super(command(namespace, directory, options), output);
    }

    private static List<String> command(Namespace namespace, Path directory, String... options) {
        List<String> command = new ArrayList<>(namespace.inside(launcher().toString(), "serve"));
        command.add(directory.toString());
        command.addAll(List.of(options));
        return command;
    }

    /** Where the build puts it. */
    public static Path launcher() {
        String root = System.getProperty("flue.root", "..");
        return Path.of(root, "java/tools/target/flue").toAbsolutePath().normalize();
    }

    /** The same as a runnable jar with all of Flue in it. */
    static Path jar() {
        return launcher().resolveSibling("flue.jar");
    }

    public static boolean isBuilt() {
        return Files.isExecutable(launcher()) && Files.exists(jar());
    }
}
