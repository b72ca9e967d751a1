// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/** A network namespace that exists while this object is open. */
public final class Namespace implements AutoCloseable {
    private static int made;

    private final String name;

    public Namespace() throws IOException, InterruptedException {
        name = "flue-" + ProcessHandle.current().pid() + "-" + made++;
        Commands.run(List.of("ip", "netns", "add", name));
        // The kernel's IPv6 addresses are to be usable at once: nobody else is here.
        Commands.run(inside("sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad"));
    }

    /** The command that runs {@code command} inside. */
    public List<String> inside(String... command) {
        List<String> all = new ArrayList<>(List.of("ip", "netns", "exec", name));
        all.addAll(List.of(command));
        return all;
    }

    public String name() {
        return name;
    }

    /** Runs {@code ip} with these words inside. */
    public void ip(String words) throws IOException, InterruptedException {
        Commands.run(inside(("ip " + words).split(" ")));
    }

    /** Until a bridge forwards to and from each of these ports. */
    public void awaitForwarding(List<String> ports) throws InterruptedException {
        Commands.await("the bridge forwards", () -> ports.stream().allMatch(this::isForwardedTo));
    }

    private boolean isForwardedTo(String port) {
        try {
            return Commands.run(inside("bridge", "link", "show", "dev", port))
                    .contains("state forwarding");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Sets a variable of the kernel that each namespace has for itself. */
    public void sysctl(String variable, String value) throws IOException, InterruptedException {
        String file = "/proc/sys/" + variable.replace('.', '/');
        Commands.run(inside("sh", "-c", "echo '" + value + "' > " + file));
    }

    @Override
    public void close() throws IOException {
        try {
            Commands.run(List.of("ip", "netns", "delete", name));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted: the namespace " + name + " may still be there", e);
        }
    }
}
