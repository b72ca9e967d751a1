// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.im.VerifiedObject.Phase;
import dev.flue.offload.Miniport;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.Refs;
import dev.flue.spi.Memory;
import java.nio.ByteBuffer;

/** Sends, posted receives, disconnects, forwards: what goes down, and how it comes back. */
final class IoVerifier {
    /** A longer chain in one call is broken. */
    private static final int MAX_CHAIN = 1 << 16;

    private static final int TCP_HEADER = 20;
    private static final String[] UNKNOWN_RULE = {"T-81", "T-95", "T-121", "T-129"};
    private static final String[] INSIDE_RULE = {"T-81", "T-95", "T-121", "T-129"};
    private static final String[] WORDS = {"send", "receive", "disconnect", "forward"};
    private static final Act[] DOWN = {Act.SEND, Act.POST, Act.DISCONNECT, Act.FORWARD};
    private static final Act[] UP = {Act.SENT, Act.RECEIVED, Act.DISCONNECTED, Act.FORWARDED};
    private static final int SUCCESS = OffloadStatus.SUCCESS.code();
    private static final int ABORTED = OffloadStatus.REQUEST_ABORTED.code();
    private static final int UPLOAD = OffloadStatus.UPLOAD_IN_PROGRESS.code();

    private final Memory memory;
    private final VerifierDriver driver;
    private final BreachLog log;
    private final NblTable table;
    private final NblView view;
    private final NetBufferList list;
    private DriverJudge judgeBelow;
    private DriverJudge judgeAbove;

    IoVerifier(Memory memory, VerifierDriver driver, BreachLog log, NblTable table) {
        this.memory = memory;
        this.driver = driver;
        this.log = log;
        this.table = table;
        this.view = new NblView(memory);
        this.list = new NetBufferList(memory);
    }

    /** Drivers stand between this and a verifier below ({@code below}) or above. */
    void judge(DriverJudge newJudge, boolean below) {
        if (below) {
            judgeBelow = newJudge;
        } else {
            judgeAbove = newJudge;
        }
    }

    // ---- Down.

    /** A chain on its way to the object. */
    void down(VerifiedObject object, int kind, long chain, int flags) {
        if (object.layer != VerifiedObject.TCP) {
            log.report("T-81", object, "a " + WORDS[kind] + " on what is no connection");
        }
        if (object.phase == Phase.TERMINATING) {
            String rule = kind == VerifiedObject.FORWARD ? "H-45" : "H-22";
            log.report(rule, object, "a " + WORDS[kind] + " after its terminate");
        }
        int count = 0;
        long next;
        for (long ref = chain; ref != 0; ref = next) {
            if (++count > MAX_CHAIN) {
                log.report("1.7", object, "the chain of a " + WORDS[kind] + " does not end");
                return;
            }
            next = list.wrap(ref).next();
            give(object, kind, ref, flags);
        }
        driver.note(object, DOWN[kind], kind == VerifiedObject.DISCONNECT ? flags : count);
        switch (kind) {
            case VerifiedObject.DISCONNECT -> disconnect(object, count, flags);
            case VerifiedObject.RECEIVE -> object.refused = false;
            default -> {}
        }
    }

    private void give(VerifiedObject object, int kind, long ref, int flags) {
        int length = view.length(ref);
        int at = table.place(ref);
        byte state = table.state(at);
        if (NblTable.withTarget(state) || state == NblTable.LENT) {
            log.report("1.7", object, "a " + WORDS[kind] + " of a list that is not the host's");
            if (NblTable.withTarget(state)) {
                table.owner(at).out[state]--;
            }
        }
        if (kind == VerifiedObject.DISCONNECT
                && (view.buffers(ref) != 1
                        || flags == Miniport.DISCONNECT_ABORTIVE && length != 0)) {
            log.report("H-37", object, "a disconnect with " + length + " bytes, or not one NB");
        } else if (kind == VerifiedObject.RECEIVE && view.buffers(ref) != 1) {
            log.report("H-37", object, "a posted list that has not one NB");
        } else if (kind == VerifiedObject.FORWARD) {
            forward(object, ref, length);
        }
        long extra =
                switch (kind) {
                    case VerifiedObject.RECEIVE -> view.firstByte(ref);
                    case VerifiedObject.DISCONNECT -> flags;
                    default -> 0;
                };
        if (judgeAbove != null) {
            judgeAbove.listBelow(object, kind, ref, extra);
        }
        table.given(at, kind, object, length, extra);
        if (kind == VerifiedObject.RECEIVE && object.finIndicated) {
            table.late(at);
        }
    }

    /** H-44: one segment, its TCP header first. */
    private void forward(VerifiedObject object, long ref, int length) {
        if (view.buffers(ref) != 1) {
            log.report("H-44", object, "forwarded a list that has not one NB");
        }
        if (object.remotePort == 0) {
            return;
        }
        long first = length < TCP_HEADER ? 0 : view.firstByte(ref);
        if (first == 0) {
            log.report("H-44", object, "forwarded " + length + " bytes: no TCP header");
            return;
        }
        ByteBuffer buffer = memory.buffer(Refs.region(first));
        int ports = Integer.reverseBytes(buffer.getInt(Refs.offset(first)));
        if (ports != (object.remotePort << 16 | object.localPort)) {
            log.report("H-44", object, "forwarded what does not start with its ports");
        }
    }

    private void disconnect(VerifiedObject object, int count, int flags) {
        if (count != 1) {
            log.report("H-37", object, "a disconnect of " + count + " lists");
        }
        if ((object.disconnectsFailed & flags) != 0) {
            log.report("H-40", object, "a disconnect that failed is issued again");
        }
        if (flags == Miniport.DISCONNECT_ABORTIVE) {
            object.sendsBeforeAbortive = object.given[VerifiedObject.SEND];
        } else {
            object.sendsBeforeGraceful = object.given[VerifiedObject.SEND];
        }
    }

    // ---- Up.

    /** A chain that a target completes as {@code kind}. */
    void up(int kind, long chain, boolean insideCall) {
        if (insideCall) {
            log.report(INSIDE_RULE[kind], null, "a " + WORDS[kind] + " completed inside a call");
        }
        int count = 0;
        long next;
        for (long ref = chain; ref != 0; ref = next) {
            if (++count > MAX_CHAIN) {
                log.report(UNKNOWN_RULE[kind], null, "the completed chain does not end");
                return;
            }
            next = list.wrap(ref).next();
            takeBack(kind, ref);
        }
    }

    private void takeBack(int kind, long ref) {
        int at = table.find(ref);
        byte state = at < 0 ? NblTable.HOST : table.state(at);
        if (state != kind) {
            stray(kind, state, at < 0 ? null : table.owner(at), ref);
            return;
        }
        VerifiedObject object = table.owner(at);
        if (judgeBelow != null) {
            judgeBelow.listDoneAbove(kind, ref, object);
        }
        int number = table.number(at);
        object.out[kind]--;
        list.wrap(ref);
        int status = list.status();
        order(object, kind, number, status);
        int bytes = list.bytesTransferred();
        driver.note(object, UP[kind], status);
        switch (kind) {
            case VerifiedObject.SEND -> sent(object, at, ref, status, bytes);
            case VerifiedObject.RECEIVE -> received(object, at, status, bytes);
            case VerifiedObject.DISCONNECT -> disconnected(object, at, status, bytes);
            default -> forwarded(object, status);
        }
        table.settle(at, NblTable.HOST);
    }

    /**
     * Sends that succeed do so in the order in which they were given (T-83). One that fails may
     * overtake: what a target has no room to queue it completes with UPLOAD_IN_PROGRESS at once,
     * while those before it succeed yet, or come back in the chain of the terminate. That none
     * succeeds behind it is T-86.
     */
    private void order(VerifiedObject object, int kind, int number, int status) {
        if (kind == VerifiedObject.FORWARD) {
            return;
        }
        if (kind == VerifiedObject.SEND) {
            boolean behindFailed = object.firstSendFailed != 0 && number > object.firstSendFailed;
            if (status != SUCCESS || behindFailed) {
                return;
            }
        }
        if (number != object.lastBack[kind] + 1) {
            log.report(
                    kind == VerifiedObject.SEND ? "T-83" : "T-95",
                    object,
                    "its " + WORDS[kind] + " " + number + " completed out of order");
        }
        object.lastBack[kind] = Math.max(object.lastBack[kind], number);
    }

    private void stray(int kind, byte state, VerifiedObject owner, long ref) {
        String rule = UNKNOWN_RULE[kind];
        if (kind == VerifiedObject.SEND && state == NblTable.FAILED_CHAIN) {
            rule = "T-32";
        } else if (kind == VerifiedObject.DISCONNECT && state == NblTable.SEND) {
            rule = "T-127";
        }
        log.report(
                rule,
                owner,
                "completed as a " + WORDS[kind] + " what is none: " + Long.toHexString(ref));
    }

    private void sent(VerifiedObject object, int at, long ref, int status, int bytes) {
        int length = table.bytes(at);
        if (!endOfIo(status)) {
            log.report("T-87", object, "a send completed with " + TargetStateRules.text(status));
        }
        if (bytes < 0 || bytes > length || status == SUCCESS && bytes != length) {
            log.report("T-84", object, bytes + " of " + length + " bytes sent, with " + status);
        } else if (view.length(ref) != length - bytes) {
            log.report("T-85", object, "the data start of a send is not advanced by " + bytes);
        }
        int number = table.number(at);
        boolean behindFailed = object.firstSendFailed != 0 && number > object.firstSendFailed;
        if (behindFailed && status == SUCCESS) {
            log.report("T-86", object, "a send succeeded behind one that had failed");
        }
        if (status != SUCCESS) {
            if (!behindFailed) {
                object.firstSendFailed = number;
            }
            if (bytes > 0 && object.sendPartial) {
                log.report("T-86", object, "a second send is done in part");
            }
            object.sendPartial |= bytes > 0;
        }
        if (status == UPLOAD && object.abortIndicated) {
            log.report("T-131", object, "a send completed with UPLOAD_IN_PROGRESS after a reset");
        }
    }

    private void received(VerifiedObject object, int at, int status, int bytes) {
        int length = table.bytes(at);
        boolean late = table.isLate(at);
        if (!endOfIo(status) && status != OffloadStatus.INVALID_STATE.code()) {
            log.report("T-95", object, "a receive completed with " + TargetStateRules.text(status));
        }
        if (late && status == SUCCESS || !object.finIndicated && !late && invalid(object, status)) {
            log.report(
                    "T-110",
                    object,
                    (late ? "a receive posted after" : "a receive posted before")
                            + " its disconnect event completed with "
                            + TargetStateRules.text(status));
        }
        if (bytes < 0 || bytes > length) {
            log.report("T-104", object, bytes + " bytes in a receive of " + length);
        }
        if (bytes > 0) {
            object.moreData(log);
        }
        boolean partial = status == SUCCESS && length > 0 && bytes < length;
        if (partial && list.receiveNoPush() != 0) {
            object.endedShort |= bytes + list.receiveBytesTransferred() < length;
        }
        if (bytes > 0 && object.expectedBytes > 0 && table.extra(at) != 0) {
            int seen = view.sampleAt(table.extra(at), bytes);
            driver.matchExpected(object, view.sampled, seen);
        }
    }

    /** INVALID_STATE is also what a request on something terminated gets. */
    private static boolean invalid(VerifiedObject object, int status) {
        return status == OffloadStatus.INVALID_STATE.code() && object.phase == Phase.OFFLOADED;
    }

    private void disconnected(VerifiedObject object, int at, int status, int bytes) {
        int flags = (int) table.extra(at);
        boolean abortive = flags == Miniport.DISCONNECT_ABORTIVE;
        if (!endOfIo(status)) {
            log.report(
                    "T-121",
                    object,
                    "a disconnect completed with " + TargetStateRules.text(status));
        }
        if (status != SUCCESS) {
            object.disconnectsFailed |= flags;
            return;
        }
        int before = abortive ? object.sendsBeforeAbortive : object.sendsBeforeGraceful;
        int after = object.given[VerifiedObject.SEND] - before;
        if (object.out[VerifiedObject.SEND] > after) {
            log.report(
                    abortive ? "T-123" : "T-93",
                    object,
                    "the disconnect completed before the sends ahead of it");
        }
        if (!abortive) {
            object.gracefulDone = true;
            if (bytes != table.bytes(at)) {
                log.report("T-126", object, "a graceful disconnect without all of its data");
            }
        }
    }

    private void forwarded(VerifiedObject object, int status) {
        if (!endOfIo(status)) {
            log.report(
                    "T-129", object, "a forward completed with " + TargetStateRules.text(status));
        }
    }

    private static boolean endOfIo(int status) {
        return status == SUCCESS
                || status == ABORTED
                || status == UPLOAD
                || status == OffloadStatus.REQUEST_UPLOAD.code()
                || status == OffloadStatus.UPLOAD_REQUESTED.code();
    }
}
