// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code flue serve} in a namespace, with files to fetch, over whatever port a subclass names. */
@Timeout(240)
@ParameterizedClass(name = "{0}")
@ValueSource(strings = {"198.18.0.2", "2001:db8::2"})
abstract class ServeFixture {
    static final int BIG = 64 << 20;
    static final int MIDDLE = 24 << 20;
    static final int SMALL = 1 << 20;

    /** Of the server: the version of IP that everything goes over. */
    @Parameter String address;

    /** What is served; only read. */
    @TempDir static Path directory;

    @TempDir Path temp;
    Namespace namespace;

    /** The options that name the port. */
    abstract List<String> portOptions();

    /** The interface that the kernel's TCP sends over. */
    String kernelDevice() {
        return "flue0";
    }

    @BeforeAll
    static void makeFiles() throws IOException {
        writeRandom("big.bin", BIG);
        writeRandom("middle.bin", MIDDLE);
        writeRandom("small.bin", SMALL);
    }

    @BeforeEach
    void makeNamespace() throws IOException, InterruptedException {
        assumeTrue(FlueServer.isBuilt(), "the launcher is not built: run mvn package first");
        for (String program : List.of("ip", "curl")) {
            assumeTrue(Commands.installed(program), program + " is not installed");
        }
        namespace = new Namespace();
    }

    @AfterEach
    void removeNamespace() throws IOException {
        if (namespace != null) {
            namespace.close();
        }
    }

    private static void writeRandom(String name, int size) throws IOException {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        Files.write(directory.resolve(name), bytes);
    }

    FlueServer serve(String... more) throws IOException, InterruptedException {
        List<String> options = new ArrayList<>(portOptions());
        options.addAll(List.of("--address", withPrefix(address), "--listen", "8080"));
        options.addAll(List.of(more));
        return new FlueServer(
                namespace, directory, temp.resolve("serve.out"), options.toArray(new String[0]));
    }

    List<String> curl(String file, Path to, String... options) {
        List<String> command =
                namespace.inside("curl", "-sS", "-f", "--max-time", "100", "-o", to.toString());
        command.addAll(List.of(options));
        command.addAll(List.of("-g", "http://" + inUrl() + ":8080/" + file));
        return command;
    }

    static String withPrefix(String address) {
        return address + (address.contains(":") ? "/64" : "/24");
    }

    private String inUrl() {
        return address.contains(":") ? "[" + address + "]" : address;
    }

    void assertEqualFiles(Path received, String served) throws IOException {
        assertThat(Files.mismatch(received, directory.resolve(served)))
                .as("first byte of %s that is another one than in %s", received, served)
                .isEqualTo(-1);
    }
}
