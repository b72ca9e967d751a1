// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.im.VerifiedObject.Phase;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.TcpEvent;
import dev.flue.offload.UploadReason;
import dev.flue.spi.Memory;

/** Receive indications, their verdicts and returns, and events. */
final class IndicationVerifier {
    private static final int MAX_CHAIN = 1 << 16;

    private final VerifierDriver driver;
    private final BreachLog log;
    private final NblTable table;
    private final NblView view;
    private final NetBufferList list;

    IndicationVerifier(Memory memory, VerifierDriver driver, BreachLog log, NblTable table) {
        this.driver = driver;
        this.log = log;
        this.table = table;
        this.view = new NblView(memory);
        this.list = new NetBufferList(memory);
    }

    /** Before the host sees it. The length of the data. */
    int indicated(VerifiedObject object, long ref, OffloadStatus status) {
        int length = view.length(ref);
        driver.note(object, Act.INDICATE, length);
        if (object.completing || object.phase == Phase.INITIATING) {
            log.report("T-45", object, "data indicated before its initiate's completion returned");
        }
        if (object.delivering > 0) {
            log.report("T-96", object, "data indicated while another delivery of it runs");
        }
        if (status != OffloadStatus.SUCCESS) {
            log.report("T-106", object, "data indicated with status " + status);
        }
        if (list.wrap(ref).next() != 0 || view.buffers(ref) != 1 || length == 0) {
            log.report("T-106", object, "an indication that is not one list of one NB with data");
        }
        if (object.refused) {
            log.report("T-105", object, "data indicated again after a refusal, nothing posted");
        }
        if (object.finIndicated) {
            log.report("T-130", object, "data indicated after its disconnect event");
        }
        object.moreData(log);
        int at = table.place(ref);
        byte state = table.state(at);
        if (state == NblTable.LENT || NblTable.withTarget(state)) {
            log.report("T-107", object, "a list indicated that somebody has");
        }
        if (object.expectedBytes > 0) {
            int seen = view.sample(ref, 0);
            driver.matchExpected(object, view.sampled, seen);
        }
        table.settle(at, NblTable.INDICATING);
        return length;
    }

    /** After the host saw it. */
    void verdict(VerifiedObject object, long ref, int length, OffloadStatus verdict, int consumed) {
        driver.note(object, Act.VERDICT, verdict == null ? -1 : verdict.code());
        boolean right =
                verdict != null
                        && switch (verdict) {
                            case SUCCESS -> consumed == length;
                            case OFFLOAD_DATA_NOT_ACCEPTED -> consumed == 0;
                            case OFFLOAD_DATA_PARTIALLY_ACCEPTED ->
                                    consumed > 0 && consumed < length;
                            default -> false;
                        };
        if (!right) {
            log.report(
                    "H-42",
                    object,
                    "of " + length + " bytes " + consumed + " are taken, with " + verdict);
        }
        int at = table.place(ref);
        boolean early = table.state(at) == NblTable.RETURNED_EARLY;
        if (verdict == OffloadStatus.SUCCESS) {
            if (early) {
                table.settle(at, NblTable.TARGET);
            } else {
                int bytes = view.sample(ref, 0);
                table.lent(at, object, bytes, bytes == 0 ? 0 : view.sampled);
            }
            return;
        }
        if (early) {
            log.report("H-41", object, "an indication was returned and then refused");
        }
        object.refused = true;
        if (right) {
            object.expectedBytes = view.sample(ref, consumed);
            object.expected = view.sampled;
        }
        table.settle(at, NblTable.TARGET);
    }

    /** Lists that the host gives back. */
    void returned(long chain) {
        int count = 0;
        long next;
        for (long ref = chain; ref != 0; ref = next) {
            if (++count > MAX_CHAIN) {
                log.report("H-41", null, "the returned chain does not end");
                return;
            }
            next = list.wrap(ref).next();
            int at = table.find(ref);
            byte state = at < 0 ? NblTable.HOST : table.state(at);
            if (state == NblTable.INDICATING) {
                table.state(at, NblTable.RETURNED_EARLY);
            } else if (state != NblTable.LENT) {
                log.report(
                        "H-41", null, "returned a list it does not have: " + Long.toHexString(ref));
            } else {
                giveBack(at, ref);
            }
        }
    }

    private void giveBack(int at, long ref) {
        VerifiedObject owner = table.owner(at);
        driver.note(owner, Act.RETURN, 0);
        int bytes = table.bytes(at);
        if (bytes > 0 && view.sample(ref, 0) == bytes && view.sampled != table.extra(at)) {
            log.report("T-107", owner, "the data of a list changed while the host had it");
        }
        table.settle(at, NblTable.TARGET);
    }

    void event(VerifiedObject object, TcpEvent event, long information) {
        driver.note(object, Act.EVENT, Act.eventDetail(event, information));
        if (object.layer != VerifiedObject.TCP) {
            log.report("T-78", object, event + " on what is no connection");
        }
        if (object.completing || object.phase == Phase.INITIATING) {
            log.report("T-47", object, event + " before its initiate completed");
        }
        switch (event) {
            case DISCONNECT -> disconnect(object);
            case ABORT -> object.abortIndicated = true;
            case RETRIEVE -> retrieve(object, UploadReason.of((int) information));
            case SEND_BACKLOG_CHANGE -> backlog(object, (int) information);
        }
    }

    private void disconnect(VerifiedObject object) {
        if (object.finIndicated) {
            log.report("T-130", object, "a second disconnect event");
        }
        if (object.refused || object.expectedBytes > 0) {
            log.report("T-130", object, "a disconnect event before all data was taken");
        }
        object.finIndicated = true;
    }

    private void retrieve(VerifiedObject object, UploadReason reason) {
        if (reason == null) {
            log.report("T-132", object, "an upload request without a reason");
            return;
        }
        boolean optional =
                switch (reason) {
                    case LOW_ACTIVITY,
                            HIGH_DROP_RATE,
                            SMALL_IO,
                            NO_BUFFER_PREPOSTING,
                            HIGH_FRAGMENTATION,
                            HIGH_OUT_OF_ORDER_PACKETS ->
                            true;
                    default -> false;
                };
        boolean halfClosed = object.finIndicated != object.gracefulDone || object.halfClosedAtFirst;
        if (optional && halfClosed) {
            log.report("T-133", object, "its upload asked for while it is half-closed: " + reason);
        }
    }

    private void backlog(VerifiedObject object, int bytes) {
        if (object.backlogKnown && object.backlog == bytes) {
            log.report("T-134", object, "a send backlog change to the value it had");
        }
        object.backlogKnown = true;
        object.backlog = bytes;
    }
}
