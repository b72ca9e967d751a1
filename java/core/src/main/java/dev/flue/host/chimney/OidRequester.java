// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.offload.OffloadStatus;
import dev.flue.offload.Oid;
import dev.flue.offload.OidRequest;
import dev.flue.offload.RecordPool;
import dev.flue.spi.AllocationFaults;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;

/**
 * Sends OID requests: records out of a pool, an action for each completion. Without a record a
 * request ends with RESOURCES in the next turn; what must not get lost is tried again.
 */
final class OidRequester implements AutoCloseable {
    /** Requests that can be under way at a time. */
    static final int CAPACITY = 32;

    /** Largest structure that a request carries. */
    static final int INFORMATION_BYTES = 64;

    /** Hears how a request ended. {@code information} is valid during the call. */
    @FunctionalInterface
    interface Done {
        void done(OffloadStatus status, long information);
    }

    private final ChimneyContext context;
    private final RecordPool pool;
    private final AllocationFaults faults;
    private final OidRequest request;
    private final Map<Long, Done> open = new HashMap<>();
    private List<Done> unsent = new ArrayList<>();

    OidRequester(ChimneyContext context) {
        this.context = context;
        int bytes = OidRequest.BYTES + INFORMATION_BYTES;
        this.pool = new RecordPool(context.memory, bytes, CAPACITY);
        this.faults = AllocationFaults.of(context.memory);
        this.request = new OidRequest(context.memory);
    }

    /** Nothing is under way, and nobody waits for an answer. */
    boolean idle() {
        return held() == 0 && unsent.isEmpty();
    }

    int held() {
        return pool.held();
    }

    /** Ask; the structure is as it was left by the last user until the target writes it. */
    void query(Oid oid, int bytes, Done done) {
        if (!send(oid, OidRequest.REQUEST_QUERY, bytes, ref -> {}, done)) {
            unsent.add(done);
        }
    }

    /** Tell; {@code writer} writes the structure. */
    void set(Oid oid, int bytes, LongConsumer writer, Done done) {
        if (!trySet(oid, bytes, writer, done)) {
            unsent.add(done);
        }
    }

    /** The same, but false, and nobody is called, when there is no record for it now. */
    boolean trySet(Oid oid, int bytes, LongConsumer writer, Done done) {
        return send(oid, OidRequest.REQUEST_SET, bytes, writer, done);
    }

    private boolean send(Oid oid, int type, int bytes, LongConsumer writer, Done done) {
        long ref = faults.fails() ? 0 : pool.allocate();
        if (ref == 0) {
            return false;
        }
        long information = ref + OidRequest.BYTES;
        writer.accept(information);
        request.wrap(ref).clear().oid(oid.code()).type(type);
        request.length(bytes).information(information);
        open.put(ref, done);
        context.binding.oidRequest(ref);
        return true;
    }

    /** Answer those whose request found no record; how many. */
    int run() {
        if (unsent.isEmpty()) {
            return 0;
        }
        List<Done> answered = unsent;
        unsent = new ArrayList<>();
        answered.forEach(done -> done.done(OffloadStatus.RESOURCES, 0));
        return answered.size();
    }

    void complete(long ref) {
        Done done = open.remove(ref);
        if (done == null) {
            context.counters.strays++;
            return;
        }
        OffloadStatus status = OffloadStatus.of(request.wrap(ref).status());
        done.done(status == null ? OffloadStatus.FAILURE : status, request.information());
        pool.free(ref);
    }

    @Override
    public void close() {
        pool.close();
    }
}
