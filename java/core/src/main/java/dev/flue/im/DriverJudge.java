// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.OffloadStatus;
import dev.flue.offload.TcpEvent;

/**
 * Two verifiers with drivers between them: what one sees the other must see, too. A difference is a
 * breach of the drivers, the I rules. Reported at the upper verifier.
 */
final class DriverJudge {
    private static final String[] WORDS = {"send", "receive", "disconnect", "forward"};

    private final BreachLog log;
    private final StateVerifier upperState;
    private final StateVerifier lowerState;
    private final NblTable upper;
    private final NblTable lower;

    // The indication that is on its way up, and what the host said to it.
    private long list;
    private OffloadStatus status;
    private OffloadStatus verdict;
    private int consumed;
    private TcpEvent event;
    private long information;
    private VerifiedObject indicated;
    private boolean seen;

    DriverJudge(
            BreachLog log,
            StateVerifier upperState,
            StateVerifier lowerState,
            NblTable upper,
            NblTable lower) {
        this.log = log;
        this.upperState = upperState;
        this.lowerState = lowerState;
        this.upper = upper;
        this.lower = lower;
    }

    /** I-10: the lower verifier sees an operation go down. */
    void operationBelow(VerifiedOperation operation) {
        VerifiedOperation above = upperState.running(operation.root);
        if (above == null || above.operation != operation.operation) {
            log.report(
                    "I-10",
                    null,
                    operation.operation
                            + " below, above "
                            + (above == null ? "nothing" : above.operation.name()));
            return;
        }
        for (int i = 0; i < operation.blocks.size() && i < above.blocks.size(); i++) {
            VerifiedOperation.Block each = operation.blocks.get(i);
            if (each.creates && above.blocks.get(i).ref == each.ref) {
                each.object.counterpart = above.blocks.get(i).object;
            }
        }
    }

    /** I-11: the upper verifier sees one complete. */
    void operationDoneAbove(StateOperation operation, long root) {
        if (lowerState.running(root) != null) {
            log.report("I-11", null, operation + " completed above while it runs below");
        }
    }

    /** Who changed what must come back as it went: the drivers, or the target below both? */
    String ruleOfChangedBlock(long root, boolean source) {
        if (lowerState.lastChangedRoot() == root) {
            return "T-17";
        }
        return source ? "I-8" : "I-7";
    }

    /** I-13, I-14: the lower verifier sees a list go down. */
    void listBelow(VerifiedObject object, int kind, long ref, long flags) {
        int at = upper.find(ref);
        boolean same = at >= 0 && upper.state(at) == kind;
        if (!same || kind == VerifiedObject.DISCONNECT && upper.extra(at) != flags) {
            log.report(
                    "I-13", object, "a " + WORDS[kind] + " below that is not the one from above");
        } else if (object.counterpart != null && upper.owner(at) != object.counterpart) {
            log.report(
                    "I-14",
                    object,
                    "a " + WORDS[kind] + " below of what is above " + upper.owner(at).name());
        }
    }

    /** I-13: the upper verifier sees one come back. */
    void listDoneAbove(int kind, long ref, VerifiedObject object) {
        int at = lower.find(ref);
        if (at >= 0 && lower.state(at) == kind) {
            log.report(
                    "I-13", object, "a " + WORDS[kind] + " completed above while it is out below");
        }
    }

    /** The lower verifier sends an indication up. */
    void indicationBelow(VerifiedObject object, long ref, OffloadStatus given) {
        list = ref;
        status = given;
        indicated = object;
        seen = false;
    }

    /** The upper one sees it. */
    void indicationAbove(VerifiedObject object, long ref, OffloadStatus given) {
        seen = true;
        if (ref != list || given != status || other(object)) {
            log.report("I-17", object, "another receive indication than the one from below");
        }
    }

    void verdictAbove(OffloadStatus given, int bytes) {
        verdict = given;
        consumed = bytes;
    }

    /** I-18: and back. */
    void verdictBelow(VerifiedObject object, OffloadStatus given, int bytes) {
        if (!seen) {
            log.report("I-17", object, "a receive indication did not go up");
        } else if (given != verdict || bytes != consumed) {
            log.report(
                    "I-18",
                    object,
                    "the verdict was "
                            + verdict
                            + " of "
                            + consumed
                            + " bytes, below came "
                            + given
                            + " of "
                            + bytes);
        }
    }

    void eventBelow(VerifiedObject object, TcpEvent given, long info) {
        event = given;
        information = info;
        indicated = object;
        seen = false;
    }

    void eventAbove(VerifiedObject object, TcpEvent given, long info) {
        seen = true;
        if (given != event || info != information || other(object)) {
            log.report("I-17", object, "another event than the one from below: " + given);
        }
    }

    void eventDone(VerifiedObject object) {
        if (!seen) {
            log.report("I-17", object, "an event did not go up: " + event);
        }
    }

    private boolean other(VerifiedObject above) {
        return indicated != null && indicated.counterpart != null && indicated.counterpart != above;
    }
}
