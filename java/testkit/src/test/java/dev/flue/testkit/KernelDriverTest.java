// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.im.AddressSet;
import dev.flue.im.KernelDriver;
import dev.flue.im.KernelSettings;
import dev.flue.offload.Binding;
import dev.flue.offload.Mdl;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.RecordPool;
import dev.flue.spi.HeapMemory;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A driver that lets the kernel have the network too: whose a frame is. The host stack has the
 * shared addresses 198.18.0.2 and 2001:db8::2, and 198.18.0.3 and 2001:db8::3 for itself; of TCP it
 * has what comes to port 80, and one connection from its port 61000 to port 443 of the peer.
 */
class KernelDriverTest {
    private static final String OURS = "020000000002";
    private static final String PEERS = "020000000001";
    private static final String SHARED4 = "c6120002";
    private static final String OWN4 = "c6120003";
    private static final String PEER4 = "c6120001";
    private static final String NET6 = "20010db8000000000000000000000000".substring(0, 31);
    private static final String SHARED6 = NET6 + "2";
    private static final String OWN6 = NET6 + "3";
    private static final String PEER6 = NET6 + "1";
    private static final String ALL = "ffffffffffff";
    private static final long MAPPED = 0xffffL << 32;
    private static final long HI6 = 0x2001_0db8_0000_0000L;
    private static final long SECOND = 1_000_000_000L;

    private final HeapMemory memory = new HeapMemory();
    private final RecordingTarget network = new RecordingTarget(memory);
    private final RecordingTarget side = new RecordingTarget(memory);
    private final NblPool nbls = new NblPool(memory, 16, 256);
    private final NblReader reader = new NblReader(memory);
    private final NetBufferList nbl = new NetBufferList(memory);
    private final RecordingProtocol host = new RecordingProtocol(memory);
    private final KernelDriver driver =
            new KernelDriver(
                    memory,
                    new MiniportAdapter(memory, network),
                    new MiniportAdapter(memory, side),
                    16,
                    new KernelSettings(
                            0x0200_0000_0002L,
                            new AddressSet().add(0, MAPPED | 0xc612_0003L).add(HI6, 3),
                            new AddressSet().add(0, MAPPED | 0xc612_0002L).add(HI6, 2)));
    private final Binding binding =
            new Binding(memory, host, new MiniportAdapter(memory, driver.upper()));
    private final RecordPool mdls = new RecordPool(memory, Mdl.BYTES, 4);
    private long now = SECOND;

    KernelDriverTest() {
        host.bind(binding);
        driver.claims(
                (localHi, localLo, localPort, remoteHi, remoteLo, remotePort) ->
                        localPort == 80
                                || localPort == 61_000
                                        && remotePort == 443
                                        && (remoteHi == HI6 && remoteLo == 1
                                                || remoteLo == (MAPPED | 0xc612_0001L)));
    }

    private void work() {
        long end = now + SECOND;
        int work;
        do {
            now += KERNEL_IDLE;
            work = driver.upper().doWork(now);
            assertThat(now).isLessThan(end);
        } while (work > 0);
    }

    private static final long KERNEL_IDLE = 20_000;

    /** Where a frame from the network goes: "host", "kernel", "both" or "nobody". */
    private String whose(String hex) {
        return whose(hex, false);
    }

    private String whose(String hex, boolean inPieces) {
        byte[] frame = HexFormat.of().parseHex(hex);
        host.frames().clear();
        side.io().clear();
        side.holdIo();
        network.frame(frame, inPieces ? this::split : ref -> {});
        work();
        boolean atHost = !host.frames().isEmpty();
        boolean atKernel = !side.io().isEmpty();
        if (atHost) {
            assertThat(host.frames()).containsExactly(frame);
        }
        if (atKernel) {
            assertThat(reader.bytes(side.io().get(0).netBufferLists())).isEqualTo(frame);
            assertThat(driver.held()).containsEntry("frames at the kernel", 1);
        }
        side.release();
        work();
        return atHost ? atKernel ? "both" : "host" : atKernel ? "kernel" : "nobody";
    }

    /** The first 20 bytes in an MDL of their own. */
    private void split(long ref) {
        NetBuffer nb = new NetBuffer(memory).wrap(nbl.wrap(ref).firstNetBuffer());
        Mdl first = new Mdl(memory).wrap(nb.currentMdl());
        long data = first.data();
        int bytes = first.byteCount();
        long second = mdls.allocate();
        new Mdl(memory).wrap(second).next(0).data(data + 20).byteCount(bytes - 20);
        first.byteCount(20).next(second);
    }

    private static String ether(String to, String type) {
        return to + PEERS + type;
    }

    private static String ip4(String to, int protocol, int fragment, int id, String payload) {
        int length = 20 + payload.length() / 2;
        return ether(OURS, "0800")
                + "4500%04x%04x%04x40%02x0000".formatted(length, id, fragment, protocol)
                + PEER4
                + to
                + payload;
    }

    private static String ip6(String to, int next, String payload) {
        int length = payload.length() / 2;
        return ether(OURS, "86dd")
                + "60000000%04x%02x40".formatted(length, next)
                + PEER6
                + to
                + payload;
    }

    private static String tcp(int from, int to) {
        return "%04x%04x".formatted(from, to) + "00".repeat(16);
    }

    private static String ip(int version, String payload) {
        return version == 4 ? ip4(SHARED4, 6, 0, 1, payload) : ip6(SHARED6, 6, payload);
    }

    @AfterEach
    void nothingIsHeld() {
        work();
        assertThat(driver.held().values()).as("%s", driver.held()).containsOnly(0);
        assertThat(driver.strayCalls()).isZero();
        driver.close();
        assertThat(nbls.held()).isZero();
        assertThat(network.buffersHeld()).isZero();
        assertThat(side.buffersHeld()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 6})
    void segmentsAreTheHostStacksWhereItListensOrHasTheConnectionAndElseTheKernels(int version) {
        assertThat(whose(ip(version, tcp(5555, 80)))).isEqualTo("host");
        assertThat(whose(ip(version, tcp(443, 61_000)))).isEqualTo("host");
        assertThat(whose(ip(version, tcp(444, 61_000)))).isEqualTo("kernel");
        assertThat(whose(ip(version, tcp(80, 22)))).isEqualTo("kernel");
        assertThat(whose(ip(version, "0050"))).as("cut short").isEqualTo("kernel");
    }

    @Test
    void aFrameThatLiesInPiecesIsSortedAlike() {
        assertThat(whose(ip(4, tcp(5555, 80)), true)).isEqualTo("host");
        assertThat(whose(ip(6, tcp(5555, 22)), true)).isEqualTo("kernel");
        mdls.close();
    }

    @Test
    void whoIsAskedForAnAddressAnswersAndAnswersAndNewsAreForBoth() {
        String sender = PEERS + PEER4 + "000000000000";
        String asks = ether(ALL, "0806") + "000108000604" + "0001" + sender;
        assertThat(whose(asks + SHARED4)).as("the kernel answers").isEqualTo("kernel");
        assertThat(whose(asks + OWN4)).isEqualTo("host");
        assertThat(whose(asks + PEER4)).as("an announcement").isEqualTo("both");
        String answers = ether(OURS, "0806") + "000108000604" + "0002" + sender;
        assertThat(whose(answers + SHARED4)).isEqualTo("both");
    }

    @Test
    void overIpv6Likewise() {
        String group = "ff0200000000000000000001ff000002";
        String asks = "8700" + "00".repeat(6);
        assertThat(whose(ip6(group, 58, asks + SHARED6))).isEqualTo("kernel");
        assertThat(whose(ip6(SHARED6, 58, asks + SHARED6))).as("by unicast").isEqualTo("kernel");
        assertThat(whose(ip6(group, 58, asks + OWN6))).isEqualTo("host");
        assertThat(whose(ip6(group, 58, asks + PEER6))).isEqualTo("both");
        assertThat(whose(ip6(SHARED6, 58, "8800" + "00".repeat(6) + PEER6))).isEqualTo("both");
        assertThat(whose(ip6(group, 58, "8200" + "00".repeat(22)))).as("groups").isEqualTo("both");
        assertThat(whose(ip6(group, 58, "8600" + "00".repeat(22))))
                .as("router")
                .isEqualTo("kernel");
    }

    @ParameterizedTest
    @CsvSource({"4, 0301", "4, 0b00", "6, 0200", "6, 0100"})
    void anErrorGoesToWhoseSegmentItQuotes(int version, String typeAndCode) {
        String head = typeAndCode + "00".repeat(6);
        String from4 = "4500003c00010000400600" + "00" + SHARED4 + PEER4;
        String from6 = "6000000000140640" + SHARED6 + PEER6;
        String quoted = head + (version == 4 ? from4 : from6);
        String ours = quoted + tcp(61_000, 443);
        String kernels = quoted + tcp(50_000, 443);
        if (version == 4) {
            assertThat(whose(ip4(SHARED4, 1, 0, 1, ours))).isEqualTo("host");
            assertThat(whose(ip4(SHARED4, 1, 0, 1, kernels))).isEqualTo("kernel");
        } else {
            assertThat(whose(ip6(SHARED6, 58, ours))).isEqualTo("host");
            assertThat(whose(ip6(SHARED6, 58, kernels))).isEqualTo("kernel");
        }
    }

    @Test
    void pingUdpGroupsAndWhatNobodyKnowsAreTheKernels() {
        assertThat(whose(ip4(SHARED4, 1, 0, 1, "0800" + "00".repeat(6)))).isEqualTo("kernel");
        assertThat(whose(ip6(SHARED6, 58, "8000" + "00".repeat(6)))).isEqualTo("kernel");
        assertThat(whose(ip4(SHARED4, 17, 0, 1, "00440043" + "00".repeat(4)))).isEqualTo("kernel");
        assertThat(whose(ALL + ip4(SHARED4, 6, 0, 1, tcp(1, 80)).substring(12)))
                .as("no segment is for many")
                .isEqualTo("kernel");
        assertThat(whose(ether(OURS, "8100") + "002a0800")).as("a tag").isEqualTo("kernel");
        assertThat(whose(ether(OURS, "88cc"))).isEqualTo("kernel");
        assertThat(whose(OURS)).as("half a header").isEqualTo("kernel");
    }

    @Test
    void whatComesToAnAddressOfItsOwnIsTheHostStacksWhateverItIs() {
        assertThat(whose(ip4(OWN4, 6, 0, 1, tcp(1, 22)))).isEqualTo("host");
        assertThat(whose(ip4(OWN4, 1, 0, 1, "0800" + "00".repeat(6)))).isEqualTo("host");
        assertThat(whose(ip6(OWN6, 58, "8000" + "00".repeat(6)))).isEqualTo("host");
    }

    @Test
    void whatWeSentOurselvesAndASwitchBroughtBackIsForNobody() {
        String reflected = ALL + OURS + "0806" + "00".repeat(28);
        assertThat(whose(reflected)).isEqualTo("nobody");
        assertThat(driver.figures().counters()).containsEntry("frames reflected", 1L);
    }

    @Test
    void fragmentsFollowTheFirstOneOfTheirPacketForAMinute() {
        int more = 0x2000;
        assertThat(whose(ip4(SHARED4, 6, 3, 7, "00".repeat(8)))).as("early").isEqualTo("both");
        assertThat(whose(ip4(SHARED4, 6, more, 7, tcp(1, 80)))).isEqualTo("host");
        assertThat(whose(ip4(SHARED4, 6, more | 3, 7, "00".repeat(8)))).isEqualTo("host");
        assertThat(whose(ip4(SHARED4, 6, more, 8, tcp(1, 22)))).isEqualTo("kernel");
        assertThat(whose(ip4(SHARED4, 6, 3, 8, "00".repeat(8)))).isEqualTo("kernel");
        now += 60 * SECOND;
        assertThat(whose(ip4(SHARED4, 6, 3, 7, "00".repeat(8)))).isEqualTo("both");
        assertThat(whose(ip4(SHARED4, 17, 3, 9, "00".repeat(8)))).as("UDP").isEqualTo("kernel");
    }

    @Test
    void overIpv6FragmentsAndOtherHeadersAreLookedThrough() {
        String options = "0600010400000000";
        assertThat(whose(ip6(SHARED6, 60, options + tcp(1, 80)))).isEqualTo("host");
        assertThat(whose(ip6(SHARED6, 60, options + tcp(1, 22)))).isEqualTo("kernel");
        assertThat(whose(ip6(SHARED6, 44, "0600000100000007" + tcp(1, 80)))).isEqualTo("host");
        assertThat(whose(ip6(SHARED6, 44, "0600001800000007" + "00".repeat(8)))).isEqualTo("host");
        assertThat(whose(ip6(SHARED6, 44, "0600001800000008" + "00".repeat(8)))).isEqualTo("both");
        assertThat(whose(ip6(SHARED6, 44, "1100001800000007" + "00".repeat(8))))
                .isEqualTo("kernel");
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 6})
    void whatTheKernelSendsPassesButForSegmentsOfOurConnections(int version) {
        List<String> sent = new ArrayList<>();
        for (int port : new int[] {22, 80, 61_000}) {
            String frame = ip(version, tcp(port, 443));
            String from = version == 4 ? PEER4 + SHARED4 : PEER6 + SHARED6;
            String back = version == 4 ? SHARED4 + PEER4 : SHARED6 + PEER6;
            side.frame(HexFormat.of().parseHex(frame.replace(from, back)));
        }
        side.frame(HexFormat.of().parseHex(ether(ALL, "0806") + "00".repeat(28)));
        network.holdIo();
        work();
        for (RecordingTarget.Io io : network.io()) {
            for (long at = io.netBufferLists(); at != 0; at = nbl.wrap(at).next()) {
                sent.add(HexFormat.of().formatHex(reader.bytes(at)));
            }
        }
        assertThat(sent).hasSize(2);
        assertThat(sent.get(0)).contains("0016" + "01bb");
        assertThat(driver.held()).containsEntry("frames of the kernel", 2);
        network.release();
        work();
        assertThat(driver.figures().counters())
                .containsEntry("frames clashing", 2L)
                .containsEntry("frames from the kernel", 2L);
    }

    @Test
    void framesOfTheHostStackComeBackToItAndThoseOfTheKernelToTheKernel() {
        long frame = nbls.allocate(HexFormat.of().parseHex(ether(ALL, "0806")));
        network.holdIo();
        binding.sendNetBufferLists(frame);
        side.frame(HexFormat.of().parseHex(ether(PEERS, "0806")));
        work();
        network.release();
        work();
        assertThat(host.takeSentFrames(nbls)).isEqualTo(1);
        assertThat(side.buffersHeld()).isZero();
    }

    @Test
    void whatEitherSideHasNoRoomForIsLostAndCounted() {
        side.ioStatus(OffloadStatus.RESOURCES);
        network.ioStatus(OffloadStatus.RESOURCES);
        assertThat(whose(ether(OURS, "88cc"))).isEqualTo("kernel");
        side.frame(HexFormat.of().parseHex(ether(PEERS, "88cc")));
        work();
        assertThat(driver.figures().counters())
                .containsEntry("frames lost to the kernel", 1L)
                .containsEntry("frames lost from the kernel", 1L)
                .containsEntry("frames to the kernel", 0L)
                .containsEntry("frames from the kernel", 0L);
    }
}
