// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.TcpEvent;
import dev.flue.offload.UploadReason;

/**
 * Brings connections to where they belong: asks the host to take back those whose member left, and
 * those whose home returned, so many a turn; says when some are back, so that it offloads them anew
 * (I-24).
 */
final class TeamMoves {
    private final IntermediateDriver driver;
    private final TeamMembers members;
    private final TeamObjects objects;
    private final TeamArrivals arrivals;
    private final int perTurn;
    private final boolean[] asked;
    private int cursor;
    private boolean due;
    private boolean again;
    private boolean back;
    private long moved;

    TeamMoves(
            IntermediateDriver driver,
            TeamMembers members,
            TeamObjects objects,
            TeamArrivals arrivals,
            int perTurn) {
        this.driver = driver;
        this.members = members;
        this.objects = objects;
        this.arrivals = arrivals;
        this.perTurn = perTurn;
        this.asked = new boolean[objects.capacity()];
    }

    /** A member came or went: look at all connections. */
    void due() {
        due = true;
        cursor = 0;
    }

    /** A connection is at its member: which may have left meanwhile. */
    void arrived(int entry) {
        asked[entry] = false;
        if (misplaced(entry)) {
            again |= due;
            due = true;
        }
    }

    /** A connection did not get to a member that has left meanwhile: there may be others. */
    void missed() {
        back = true;
    }

    /** A connection is the host's again. */
    void gone(int entry) {
        if (asked[entry]) {
            asked[entry] = false;
            back = true;
            moved++;
        }
    }

    /** Connections that were asked for and came. */
    long moved() {
        return moved;
    }

    boolean idle() {
        return !due && !back;
    }

    /** Whether some came back since the last time, and the host is to look at them again. */
    boolean takeBack() {
        boolean some = back;
        back = false;
        return some;
    }

    /** Ask for some; how many. */
    int run() {
        int count = 0;
        while (due && count < perTurn) {
            if (cursor == objects.capacity()) {
                cursor = 0;
                due = again;
                again = false;
            } else {
                count += ask(cursor++);
            }
        }
        return count;
    }

    private int ask(int entry) {
        if (objects.kind(entry) != TeamObjects.CONNECTION
                || !driver.entries().offloaded(entry)
                || asked[entry]
                || arrivals.early(entry)
                || !misplaced(entry)) {
            return 0;
        }
        asked[entry] = true;
        int reason = UploadReason.UPLOAD_REQUESTED.code();
        driver.event(entry, TcpEvent.RETRIEVE, reason);
        return 1;
    }

    private boolean misplaced(int entry) {
        return members.misplaced(driver.entries().lower(entry), objects.hash(entry));
    }
}
