// SPDX-License-Identifier: Apache-2.0
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
 * <p>Only what creates, destroys and polls is parsed. Block lists, channels and packets are not:
 * Java reads and writes them in place, through buffers on their regions.
 *
 * <p>C++17 is needed: older standards misalign the cache-line-aligned structs.
 */
@NoException
@Properties(
        value =
                @Platform(
                        value = "linux-x86_64",
                        compiler = "cpp17",
                        cinclude = {
                            "flue/flue_types.h",
                            "flue/flue_memory.h",
                            "flue/flue_port.h",
                            "flue/flue_engine.h",
                            "flue/flue_observe.h"
                        },
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
        // Handles of C objects: opaque, never dereferenced, freed by their own function only.
        handle(infoMap, "flue_engine", "EngineHandle");
        handle(infoMap, "flue_group", "GroupHandle");
        handle(infoMap, "flue_port", "PortHandle");
        handle(infoMap, "flue_wire", "WireHandle");
        handle(infoMap, "flue_nic_memory", "NicMemoryHandle");
        // Arenas are the engine's own; references are made and followed in dev.flue.offload.Refs.
        skip(
                infoMap,
                "flue_arena",
                "flue_arena_create",
                "flue_arena_alloc",
                "flue_arena_kind",
                "flue_arena_used",
                "flue_arena_size",
                "flue_arena_node",
                "flue_arena_destroy",
                "flue_nic_memory_ops",
                "flue_nic_memory_create",
                "flue_ref_make",
                "flue_ref_region",
                "flue_ref_offset",
                "flue_ref_resolve",
                "flue_ref_of",
                "flue_counters_header",
                "flue_counter_record");
        // The counters' names are read from their region, so the list need not exist twice.
        skip(infoMap, "flue_counter", "FLUE_COUNTERS", "FLUE_COUNTER_ENUM");
        infoMap.put(new Info("FLUE_REF_NULL", "FLUE_REF_OFFSET_MASK").cppTypes().translate(false));
        infoMap.put(new Info("FLUE_COUNTERS_MAGIC").cppTypes("int").translate(false));
        infoMap.put(new Info("FLUE_REGION_MAX_BYTES").cppTypes("long").translate(false));
    }

    private static void handle(InfoMap infoMap, String type, String javaName) {
        infoMap.put(new Info(type).pointerTypes(javaName).base("org.bytedeco.javacpp.Pointer"));
    }

    private static void skip(InfoMap infoMap, String... names) {
        infoMap.put(new Info(names).skip());
    }
}
