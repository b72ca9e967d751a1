package dev.flue.presets;

import org.bytedeco.javacpp.annotation.NoException;
import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.tools.Info;
import org.bytedeco.javacpp.tools.InfoMap;
import org.bytedeco.javacpp.tools.InfoMapper;

/**
 * The presets of libflue: which headers are parsed and how. The generated classes are in {@code
 * dev.flue.jni}, the functions in {@code dev.flue.jni.global.flue}.
 *
 * <p>C++17 is needed: older standards misalign the cache-line-aligned structs.
 */
@NoException
@Properties(
        value =
                @Platform(
                        value = "linux-x86_64",
                        compiler = "cpp17",
                        cinclude = {"flue/flue_types.h"},
                        link = "flue",
                        preload = "flue_dpdk"),
        target = "dev.flue.jni",
        global = "dev.flue.jni.global.flue")
public class flue implements InfoMapper {

    /** Called by JavaCPP. */
    public flue() {}

    @Override
    public void map(InfoMap infoMap) {
        infoMap.put(new Info("FLUE_API").cppTypes().annotations().cppText(""));
        infoMap.put(new Info("flue_engine").pointerTypes("Engine"));
    }
}
