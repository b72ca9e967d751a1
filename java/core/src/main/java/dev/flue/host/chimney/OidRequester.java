// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.offload.OffloadStatus;
import dev.flue.offload.Oid;
import dev.flue.offload.OidRequest;
import dev.flue.offload.RecordPool;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongConsumer;

/** Sends OID requests: records out of a pool, an action for each completion. */
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
    private final OidRequest request;
    private final Map<Long, Done> open = new HashMap<>();

    OidRequester(ChimneyContext context) {
        this.context = context;
        int bytes = OidRequest.BYTES + INFORMATION_BYTES;
        this.pool = new RecordPool(context.memory, bytes, CAPACITY);
        this.request = new OidRequest(context.memory);
    }

    int held() {
        return pool.held();
    }

    /** Ask; the structure is as it was left by the last user until the target writes it. */
    void query(Oid oid, int bytes, Done done) {
        send(oid, OidRequest.REQUEST_QUERY, bytes, ref -> {}, done);
    }

    /** Tell; {@code writer} writes the structure. */
    void set(Oid oid, int bytes, LongConsumer writer, Done done) {
        send(oid, OidRequest.REQUEST_SET, bytes, writer, done);
    }

    private void send(Oid oid, int type, int bytes, LongConsumer writer, Done done) {
        long ref = pool.allocate();
        if (ref == 0) {
            done.done(OffloadStatus.RESOURCES, 0);
            return;
        }
        long information = ref + OidRequest.BYTES;
        writer.accept(information);
        request.wrap(ref).clear().oid(oid.code()).type(type);
        request.length(bytes).information(information);
        open.put(ref, done);
        context.binding.oidRequest(ref);
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
