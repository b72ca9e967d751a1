// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class FlueTest {

    @Test
    @RequiresFlue
    void theLibraryIsAvailableAndTellsItsVersion() {
        assertThat(Flue.isAvailable()).isTrue();
        assertThat(Flue.unavailabilityCause()).isEmpty();
        assertThat(Flue.version()).matches("\\d+\\.\\d+\\.\\d+");
        assertThat(Flue.freeHugepages()).isNotNegative();
        assertThat(Flue.regionCount()).isNotNegative();
    }

    @Test
    @RequiresFlue
    void dpdkIsThereOrThereIsACause() {
        assertThat(Flue.dpdkAvailable()).isEqualTo(Flue.dpdkUnavailabilityCause().isEmpty());
        assertThat(Flue.dpdkAvailable()).isEqualTo(!Flue.dpdkVersion().isEmpty());
    }

    @Test
    void withoutTheClassifierJarOneSentenceSaysWhatToAdd() throws Exception {
        try (WithoutNatives loader = new WithoutNatives()) {
            Class<?> flue = loader.loadClass(Flue.class.getName());
            assertThat(flue).isNotSameAs(Flue.class);
            assertThat(flue.getMethod("isAvailable").invoke(null)).isEqualTo(false);
            assertThat((String) flue.getMethod("unavailabilityCause").invoke(null))
                    .isEqualTo(
                            "no native library for linux-x86_64 on the class path; add"
                                    + " dev.flue:flue-bindings with the classifier linux-x86_64");
            assertThat(flue.getMethod("dpdkAvailable").invoke(null)).isEqualTo(false);
            assertThat((String) flue.getMethod("dpdkUnavailabilityCause").invoke(null))
                    .startsWith("no native library");
            assertThat(flue.getMethod("freeHugepages").invoke(null)).isEqualTo(0);
        }
    }

    /** The same class path, but our classes anew and no .so to be found. */
    private static final class WithoutNatives extends URLClassLoader {
        WithoutNatives() throws IOException {
            super(classPath(), ClassLoader.getPlatformClassLoader());
        }

        private static URL[] classPath() throws IOException {
            List<URL> urls = new ArrayList<>();
            for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
                urls.add(Path.of(entry).toUri().toURL());
            }
            return urls.toArray(URL[]::new);
        }

        @Override
        public URL getResource(String name) {
            return name.endsWith(".so") ? null : super.getResource(name);
        }

        @Override
        public URL findResource(String name) {
            return name.endsWith(".so") ? null : super.findResource(name);
        }

        @Override
        public InputStream getResourceAsStream(String name) {
            return name.endsWith(".so") ? null : super.getResourceAsStream(name);
        }
    }
}
