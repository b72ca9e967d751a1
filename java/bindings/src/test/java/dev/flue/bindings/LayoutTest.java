// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.jni.global.flue;
import dev.flue.offload.CongestionState;
import dev.flue.offload.IpOffloadStats;
import dev.flue.offload.LayoutConstants;
import dev.flue.offload.Mdl;
import dev.flue.offload.Miniport;
import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.NeighborCached;
import dev.flue.offload.NeighborConst;
import dev.flue.offload.NeighborDelegated;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadEvent;
import dev.flue.offload.OffloadHandle;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.Oid;
import dev.flue.offload.OidRequest;
import dev.flue.offload.PathCached;
import dev.flue.offload.PathConst;
import dev.flue.offload.PathDelegated;
import dev.flue.offload.ProtocolOffloadBlockList;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.StatusIndication;
import dev.flue.offload.TcpCached;
import dev.flue.offload.TcpConnectionOffload;
import dev.flue.offload.TcpConnectionOffloadParameters;
import dev.flue.offload.TcpConst;
import dev.flue.offload.TcpDelegated;
import dev.flue.offload.TcpEvent;
import dev.flue.offload.TcpOffloadParameters;
import dev.flue.offload.TcpOffloadStats;
import dev.flue.offload.TcpState;
import dev.flue.offload.TcpStateExt;
import dev.flue.offload.UploadReason;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.ToIntFunction;
import org.junit.jupiter.api.Test;

/**
 * Both languages have every offset, size and code the same: what flue_layout_describe() says is
 * compared with the constants of the flyweights, in both directions.
 */
@RequiresFlue
class LayoutTest {

    private static final Map<String, Class<?>> STRUCTS =
            Map.ofEntries(
                    Map.entry("flue_miniport_offload_block_list", MiniportOffloadBlockList.class),
                    Map.entry("flue_protocol_offload_block_list", ProtocolOffloadBlockList.class),
                    Map.entry("flue_offload_handle", OffloadHandle.class),
                    Map.entry("flue_neighbor_const", NeighborConst.class),
                    Map.entry("flue_neighbor_cached", NeighborCached.class),
                    Map.entry("flue_neighbor_delegated", NeighborDelegated.class),
                    Map.entry("flue_path_const", PathConst.class),
                    Map.entry("flue_path_cached", PathCached.class),
                    Map.entry("flue_path_delegated", PathDelegated.class),
                    Map.entry("flue_tcp_const", TcpConst.class),
                    Map.entry("flue_tcp_cached", TcpCached.class),
                    Map.entry("flue_tcp_delegated", TcpDelegated.class),
                    Map.entry("flue_tcp_state_ext", TcpStateExt.class),
                    Map.entry("flue_net_buffer_list", NetBufferList.class),
                    Map.entry("flue_net_buffer", NetBuffer.class),
                    Map.entry("flue_mdl", Mdl.class),
                    Map.entry("flue_oid_request", OidRequest.class),
                    Map.entry("flue_tcp_connection_offload", TcpConnectionOffload.class),
                    Map.entry(
                            "flue_tcp_connection_offload_parameters",
                            TcpConnectionOffloadParameters.class),
                    Map.entry("flue_tcp_offload_parameters", TcpOffloadParameters.class),
                    Map.entry("flue_tcp_offload_stats", TcpOffloadStats.class),
                    Map.entry("flue_ip_offload_stats", IpOffloadStats.class));

    // Members that a flyweight reaches otherwise than by an offset of its own.
    private static final Set<String> NOT_IN_JAVA =
            Set.of(
                    "flue_miniport_offload_block_list.ndis_reserved",
                    "flue_protocol_offload_block_list.ndis_reserved",
                    "flue_neighbor_const.dl_source_address",
                    "flue_neighbor_cached.dl_destination_address");

    // Of the flyweights, and no offsets.
    private static final Set<String> CONSTANTS =
            Set.of(
                    "BYTES",
                    "TIMER_STOPPED",
                    "OPTION_EXT",
                    "CURRENT_VERSION",
                    "LENGTH",
                    "TYPE",
                    "CC_WORDS",
                    "CC_RENO",
                    "CC_CUBIC",
                    "CC_DCTCP",
                    "MAX_RUNS",
                    "RUN_SACKED",
                    "RUN_LOST",
                    "RUN_RETRANSMITTED",
                    "AGE_UNKNOWN");

    private final Map<String, Integer> c = describe();

    private static Map<String, Integer> describe() {
        Map<String, Integer> values = new TreeMap<>();
        for (String line : flue.flue_layout_describe().getString().split("\n")) {
            int at = line.indexOf('=');
            values.put(line.substring(0, at), Integer.parseInt(line.substring(at + 1)));
        }
        return values;
    }

    @Test
    void everyStructureHasTheSameSizeInBothLanguages() {
        STRUCTS.forEach(
                (struct, type) ->
                        assertThat(LayoutConstants.of(type).get("BYTES"))
                                .as("size of %s", struct)
                                .isEqualTo(c.get("sizeof." + struct)));
    }

    @Test
    void everyMemberOfCLiesWhereTheFlyweightLooks() {
        List<String> wrong = new ArrayList<>();
        c.forEach(
                (name, offset) -> {
                    String[] parts = name.split("\\.");
                    Class<?> type = parts.length == 2 ? STRUCTS.get(parts[0]) : null;
                    if (type == null || NOT_IN_JAVA.contains(name)) {
                        return;
                    }
                    Map<String, Integer> java = LayoutConstants.of(type);
                    Integer found = java.get(javaName(java, parts[1]));
                    if (!offset.equals(found)) {
                        wrong.add(name + ": C " + offset + ", Java " + found);
                    }
                });
        assertThat(wrong).isEmpty();
    }

    /** A header is its first field in Java; of an array Java names the elements. */
    private static String javaName(Map<String, Integer> java, String member) {
        if (member.equals("header")) {
            return java.containsKey("LENGTH") ? "LENGTH" : "TYPE";
        }
        String name = member.toUpperCase(Locale.ROOT);
        return java.containsKey(name) ? name : name + "0";
    }

    @Test
    void noFlyweightHasAnOffsetThatCDoesNotHave() {
        List<String> unknown = new ArrayList<>();
        STRUCTS.forEach(
                (struct, type) ->
                        LayoutConstants.of(type)
                                .forEach((name, value) -> check(struct, name, value, unknown)));
        assertThat(unknown).isEmpty();
    }

    private void check(String struct, String name, int value, List<String> unknown) {
        if (CONSTANTS.contains(name) || name.startsWith("FLAG_") || name.startsWith("REQUEST_")) {
            return;
        }
        Integer expected = c.get(struct + "." + name.toLowerCase(Locale.ROOT));
        if (expected == null && name.matches(".*\\d")) {
            int element = name.charAt(name.length() - 1) - '0';
            String array = name.substring(0, name.length() - 1).toLowerCase(Locale.ROOT);
            Integer base = c.get(struct + "." + array);
            expected = base == null ? null : base + element * Long.BYTES;
        }
        if (expected == null && Set.of("REVISION", "SIZE").contains(name)) {
            expected = c.get("flue_object_header." + name.toLowerCase(Locale.ROOT));
        }
        if (expected == null && name.equals("RECOGNIZED_OPTIONS")) {
            expected = c.get("flue_state_header.recognized_options");
        }
        if (expected == null || expected != value) {
            unknown.add(struct + "." + name + ": C " + expected + ", Java " + value);
        }
    }

    @Test
    void codesOfEveryEnumAreTheSame() {
        assertCodes("FLUE_STATUS_", OffloadStatus.values(), OffloadStatus::code);
        assertCodes("FLUE_STATE_", StateType.values(), StateType::code);
        assertCodes("FLUE_TCP_", TcpState.values(), TcpState::code);
        assertCodes("FLUE_TCP_INDICATE_", TcpEvent.values(), TcpEvent::code);
        assertCodes("FLUE_UPLOAD_", UploadReason.values(), UploadReason::code);
        assertCodes("FLUE_STATUS_INDICATE_", StatusIndication.values(), StatusIndication::code);
        assertCodes("FLUE_", OffloadEvent.values(), OffloadEvent::code);
        assertCodes("FLUE_OID_", Oid.values(), Oid::code);
        assertThat(OidRequest.REQUEST_QUERY).isEqualTo(c.get("FLUE_OID_REQUEST_QUERY"));
        assertThat(OidRequest.REQUEST_SET).isEqualTo(c.get("FLUE_OID_REQUEST_SET"));
    }

    private <E extends Enum<E>> void assertCodes(String prefix, E[] values, ToIntFunction<E> code) {
        Set<String> taken = new TreeSet<>();
        for (E value : values) {
            String name = prefix + value.name();
            // Where C says the word twice and Java once.
            if (!c.containsKey(name)) {
                name = prefix + value.name().replace("FIN_WAIT_", "FIN_WAIT");
            }
            assertThat(c).as("%s in C", value).containsKey(name);
            assertThat(code.applyAsInt(value)).as(name).isEqualTo(c.get(name));
            taken.add(name);
        }
        assertThat(taken).hasSize(values.length);
    }

    @Test
    void everyStatusOfCHasItsJavaConstant() {
        long inC =
                c.keySet().stream()
                        .filter(n -> n.startsWith("FLUE_STATUS_"))
                        .filter(n -> !n.startsWith("FLUE_STATUS_INDICATE_"))
                        .count();
        assertThat(OffloadStatus.values()).hasSize((int) inC);
    }

    @Test
    void theChannelIsTheSameInBothLanguages() {
        Map<String, Integer> java = LayoutConstants.of(ChannelLayout.class);
        Map<String, Integer> expected = new LinkedHashMap<>();
        c.forEach(
                (name, value) -> {
                    String upper = name.substring(name.indexOf('.') + 1).toUpperCase(Locale.ROOT);
                    if (name.startsWith("flue_channel_header.")) {
                        expected.put(upper, value);
                    } else if (name.startsWith("flue_submission.")) {
                        expected.put("SUB_ENTRY_" + upper, value);
                    } else if (name.startsWith("flue_up.")) {
                        expected.put("UP_ENTRY_" + upper, value);
                    } else if (name.startsWith("FLUE_SUB_") || name.startsWith("FLUE_UP_")) {
                        expected.put(name.substring("FLUE_".length()), value);
                    }
                });
        expected.put("ENTRY_BYTES", c.get("sizeof.flue_submission"));
        expected.put("HEADER_BYTES", c.get("sizeof.flue_channel_header"));
        expected.put("MAGIC_VALUE", c.get("FLUE_CHANNEL_MAGIC"));
        expected.put("ABI_VERSION", c.get("FLUE_ABI_VERSION"));
        assertThat(java).containsExactlyInAnyOrderEntriesOf(expected);
        assertThat(c.get("sizeof.flue_up")).isEqualTo(ChannelLayout.ENTRY_BYTES);
    }

    @Test
    void theCountersAreTheSameInBothLanguages() {
        assertThat(Counters.MAGIC).isEqualTo(c.get("flue_counters_header.magic"));
        assertThat(Counters.VERSION).isEqualTo(c.get("flue_counters_header.version"));
        assertThat(Counters.COUNT).isEqualTo(c.get("flue_counters_header.count"));
        assertThat(Counters.HEADER_BYTES).isEqualTo(c.get("sizeof.flue_counters_header"));
        assertThat(Counters.RECORD_BYTES).isEqualTo(c.get("sizeof.flue_counter_record"));
        assertThat(Counters.RECORD_VALUE).isEqualTo(c.get("flue_counter_record.value"));
        assertThat(Counters.RECORD_NAME).isEqualTo(c.get("flue_counter_record.name"));
        assertThat(Counters.MAGIC_VALUE).isEqualTo(c.get("FLUE_COUNTERS_MAGIC"));
    }

    @Test
    void flagsAndPlacesAreTheSame() {
        assertThat(TcpDelegated.OPTION_EXT).isEqualTo(c.get("FLUE_STATE_OPTION_EXT"));
        assertThat(TcpDelegated.TIMER_STOPPED).isEqualTo(c.get("FLUE_TIMER_STOPPED"));
        assertThat(TcpStateExt.CURRENT_VERSION).isEqualTo(c.get("FLUE_TCP_EXT_VERSION"));
        assertThat(TcpStateExt.MAX_RUNS).isEqualTo(c.get("FLUE_TCP_EXT_RUNS"));
        assertThat(TcpStateExt.RUN_SACKED).isEqualTo(c.get("FLUE_TCP_RUN_SACKED"));
        assertThat(TcpStateExt.RUN_LOST).isEqualTo(c.get("FLUE_TCP_RUN_LOST"));
        assertThat(TcpStateExt.RUN_RETRANSMITTED).isEqualTo(c.get("FLUE_TCP_RUN_RETRANSMITTED"));
        assertThat(TcpStateExt.AGE_UNKNOWN).isEqualTo(c.get("FLUE_TCP_RUN_AGE_UNKNOWN"));
        assertThat(TcpStateExt.CC_RENO).isEqualTo(c.get("FLUE_CC_RENO"));
        assertThat(TcpStateExt.CC_CUBIC).isEqualTo(c.get("FLUE_CC_CUBIC"));
        assertThat(TcpStateExt.CC_DCTCP).isEqualTo(c.get("FLUE_CC_DCTCP"));
        LayoutConstants.of(CongestionState.class)
                .forEach((name, v) -> assertThat(v).as(name).isEqualTo(c.get("FLUE_CC_" + name)));
        assertThat(Miniport.DISCONNECT_GRACEFUL).isEqualTo(c.get("FLUE_DISCONNECT_GRACEFUL"));
        assertThat(Miniport.DISCONNECT_ABORTIVE).isEqualTo(c.get("FLUE_DISCONNECT_ABORTIVE"));
        assertFlags(TcpConst.class, "FLUE_TCP_CONST_");
        assertFlags(TcpCached.class, "FLUE_TCP_CACHED_");
        assertFlags(TcpStateExt.class, "FLUE_TCP_EXT_");
        LayoutConstants.of(StateOffsets.class)
                .forEach(
                        (name, value) -> {
                            String place = name.equals("BLOCK_BYTES") ? name : name + "_AT";
                            assertThat(value).as(name).isEqualTo(c.get("FLUE_" + place));
                        });
    }

    private void assertFlags(Class<?> type, String prefix) {
        LayoutConstants.of(type)
                .forEach(
                        (name, value) -> {
                            if (name.startsWith("FLAG_")) {
                                String inC = prefix + name.substring("FLAG_".length());
                                assertThat(value).as(inC).isEqualTo(c.get(inC));
                            }
                        });
    }
}
