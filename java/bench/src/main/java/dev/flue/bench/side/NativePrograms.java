// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The programs in C that belong to the benchmarks. */
final class NativePrograms {
    /** The engine in memory. */
    static final String ENGINE = "bench_engine";

    /** The loop over net_memif without TCP. */
    static final String COPY = "bench_copy";

    private static final String BUILD = "../../../cppbuild/linux-x86_64/build";

    private final Path directory;

    /**
     * @param directory that has them; null = beside this jar, or where the build leaves them
     */
    NativePrograms(Path directory) {
        this.directory = directory == null ? found() : directory;
    }

    private static Path found() {
        try {
            Path self =
                    Path.of(
                            NativePrograms.class
                                    .getProtectionDomain()
                                    .getCodeSource()
                                    .getLocation()
                                    .toURI());
            Path beside = self.resolveSibling(ENGINE);
            return Files.exists(beside)
                    ? beside.getParent()
                    : self.resolveSibling(BUILD).normalize();
        } catch (URISyntaxException e) {
            throw new IllegalStateException("where is this program?", e);
        }
    }

    Path file(String name) {
        return directory.resolve(name);
    }

    /** Why a program cannot run; "" = it can. */
    String missing(String name) {
        return Files.isExecutable(file(name))
                ? ""
                : "there is no " + file(name) + ": './cppbuild.sh install' builds it, with CMake";
    }
}
