package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.jni.global.flue;
import org.junit.jupiter.api.Test;

class NativeLibraryTest {

    @Test
    void versionComesFromNativeCode() {
        assertThat(flue.flue_version().getString()).matches("\\d+\\.\\d+\\.\\d+");
    }
}
