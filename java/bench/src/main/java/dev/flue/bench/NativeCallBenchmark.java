// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench;

import dev.flue.jni.global.flue;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.BytePointer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;

/** What one call into native code through JavaCPP costs when it returns a pointer. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class NativeCallBenchmark {

    @Benchmark
    public BytePointer version() {
        return flue.flue_version();
    }
}
