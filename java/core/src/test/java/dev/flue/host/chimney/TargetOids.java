// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.Oid;
import dev.flue.offload.OidRequest;
import dev.flue.offload.TcpConnectionOffloadParameters;
import dev.flue.spi.Memory;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;

/** OID requests of a {@link FakeTarget}: noted, and completed as the test says. */
final class TargetOids {
    final OidRequest request;
    final TcpConnectionOffloadParameters parameters;
    private final ArrayDeque<Long> waiting = new ArrayDeque<>();

    /** "set TCP_CONNECTION_OFFLOAD_PARAMETERS 1 0": with what IPv4 and IPv6 are enabled by. */
    final List<String> seen = new ArrayList<>();

    /** Statuses; NOT_SUPPORTED for what is not here, SUCCESS for parameters. */
    final Map<Oid, OffloadStatus> statuses = new EnumMap<>(Oid.class);

    /** Writes the structures that are asked for. */
    final Map<Oid, LongConsumer> answers = new EnumMap<>(Oid.class);

    /** Looks at each request when it comes. */
    LongConsumer onRequest = ref -> {};

    /** Complete nothing for now. */
    boolean hold;

    TargetOids(Memory memory) {
        this.request = new OidRequest(memory);
        this.parameters = new TcpConnectionOffloadParameters(memory);
        statuses.put(Oid.TCP_CONNECTION_OFFLOAD_PARAMETERS, OffloadStatus.SUCCESS);
    }

    void asked(long ref) {
        waiting.add(ref);
        request.wrap(ref);
        Oid oid = Oid.of(request.oid());
        boolean set = request.type() == OidRequest.REQUEST_SET;
        String text = (set ? "set " : "query ") + oid;
        if (oid == Oid.TCP_CONNECTION_OFFLOAD_PARAMETERS && set) {
            parameters.wrap(request.information());
            text += " " + parameters.ipv4Enabled() + " " + parameters.ipv6Enabled();
        }
        seen.add(text);
        onRequest.accept(ref);
    }

    boolean isEmpty() {
        return hold || waiting.isEmpty();
    }

    int complete(MiniportAdapter adapter) {
        int work = 0;
        for (int left = hold ? 0 : waiting.size(); left > 0; left--) {
            long ref = waiting.poll();
            Oid oid = Oid.of(request.wrap(ref).oid());
            request.status(statuses.getOrDefault(oid, OffloadStatus.NOT_SUPPORTED).code());
            if (request.type() == OidRequest.REQUEST_QUERY && answers.containsKey(oid)) {
                answers.get(oid).accept(request.information());
            }
            adapter.oidRequestComplete(ref);
            work++;
        }
        return work;
    }
}
