// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.BytesConsumed;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadStatus;
import dev.flue.spi.Memory;

/**
 * How NBLs pass a driver and find their owner again (chimney 7.7, 7.8, 7.10). A driver with one
 * face on either side and no contexts hands chains on as they are; any other opens a context for
 * each NBL that goes down, and splits what comes back into runs of one owner.
 */
final class ListRouting {
    static final int MAX_LENDERS = 15;

    private static final int LENDER_BITS = 4;
    private static final long LENDER_MASK = (1 << LENDER_BITS) - 1;

    private final IntermediateDriver driver;
    private final NblContexts contexts;
    private final NetBufferList list;
    private long strayLists;

    /** {@code contexts}: null = none. */
    ListRouting(Memory memory, IntermediateDriver driver, NblContexts contexts) {
        this.driver = driver;
        this.contexts = contexts;
        this.list = new NetBufferList(memory);
    }

    boolean hasContexts() {
        return contexts != null;
    }

    int contextsHeld() {
        return contexts == null ? 0 : contexts.held();
    }

    /** Completed or returned NBLs that never passed here. */
    long strayLists() {
        return strayLists;
    }

    // ---- I/O of connections.

    /** Down, or, for want of contexts, back in the next turn with the request for an upload. */
    void down(IoKind kind, int entry, long chain, int flags) {
        OffloadEntries entries = driver.entries();
        if (contexts != null
                && (entries.shortOfMemory(entry)
                        || !contexts.open(
                                chain,
                                entry,
                                entries.upper(entry),
                                entries.lower(entry),
                                driver.noteFor(kind, entry)))) {
            refuse(kind, entry, chain);
            return;
        }
        kind.down(driver.lowerOf(entry).binding(), entries.handle(entry), chain, flags);
    }

    /**
     * The first request that finds no memory asks for an upload, what follows it on that connection
     * says that one was asked for (I-19, I-33).
     */
    private void refuse(IoKind kind, int entry, long chain) {
        RefusedIo refused = driver.upperOf(entry).refusals().io(kind);
        if (driver.entries().shortOfMemory(entry)) {
            refused.add(chain, OffloadStatus.UPLOAD_REQUESTED);
        } else {
            driver.entries().shortOfMemory(entry, true);
            refused.add(chain, OffloadStatus.REQUEST_UPLOAD, OffloadStatus.UPLOAD_REQUESTED);
        }
    }

    /** Up: each run of one owner in a call of its own (I-16, I-31). */
    void up(IoKind kind, long chain) {
        if (contexts == null) {
            kind.complete(driver.upper().adapter(), list, chain);
            return;
        }
        long head = chain;
        while (head != 0) {
            int owner = -1;
            long last = 0;
            long at = head;
            while (at != 0) {
                int id = contexts.find(at);
                if (id < 0 || owner >= 0 && contexts.upper(id) != owner) {
                    break;
                }
                owner = contexts.upper(id);
                driver.completed(kind, contexts.entry(id), at, contexts.note(id));
                contexts.close(id);
                last = at;
                at = list.wrap(at).next();
            }
            if (last == 0) {
                strayLists++;
                head = list.wrap(head).next();
                continue;
            }
            list.wrap(last).next(0);
            kind.complete(driver.upper(owner).adapter(), list, head);
            head = at;
        }
    }

    /** NBLs that go down with an initiate get contexts; false = there are not enough. */
    boolean lend(int entry, long chain) {
        return contexts == null
                || contexts.open(
                        chain,
                        entry,
                        driver.entries().upper(entry),
                        driver.entries().lower(entry),
                        driver.noteFor(IoKind.SEND, entry));
    }

    /** NBLs come back in a block, of an initiate that failed or of a terminate (7.12). */
    void takeBack(long chain) {
        if (contexts == null) {
            return;
        }
        for (long at = chain; at != 0; at = list.wrap(at).next()) {
            int id = contexts.find(at);
            if (id < 0) {
                strayLists++;
                return;
            }
            contexts.close(id);
        }
    }

    /** How many NBLs a chain has, as far as that matters: not more than there are contexts + 1. */
    int needs(long chain) {
        int count = 0;
        int most = contexts == null ? 0 : contexts.available() + 1;
        for (long at = chain; at != 0 && count < most; at = list.wrap(at).next()) {
            count++;
        }
        return count;
    }

    /** Contexts that can still be opened; without contexts none is ever missing. */
    int available() {
        return contexts == null ? Integer.MAX_VALUE : contexts.available();
    }

    // ---- What a miniport lends, up. It needs no context, and so never finds none: its lender's
    // number is pushed onto the SourceHandle, four bits for each driver that has several below.

    /** Lists of a chain are this one's; {@link #giveBack} finds it again. */
    void lent(long chain, int lender) {
        if (driver.lowerCount() > 1) {
            for (long at = chain; at != 0; at = list.next()) {
                list.wrap(at).sourceHandle(list.sourceHandle() << LENDER_BITS | lender + 1);
            }
        }
    }

    /** The lender's number, which is taken off the list; -1 = nobody below lent it. */
    private int lender(long nbl) {
        long source = list.wrap(nbl).sourceHandle();
        int lender = (int) (source & LENDER_MASK) - 1;
        if (lender < 0 || lender >= driver.lowerCount()) {
            return -1;
        }
        list.sourceHandle(source >>> LENDER_BITS);
        return lender;
    }

    OffloadStatus indicate(int entry, long nbl, OffloadStatus status, BytesConsumed consumed) {
        OffloadEntries entries = driver.entries();
        long source = list.wrap(nbl).sourceHandle();
        lent(nbl, entries.lower(entry));
        OffloadStatus verdict =
                driver.upperOf(entry)
                        .adapter()
                        .tcpOffloadReceiveIndicate(
                                entries.upperHandle(entry), nbl, status, consumed);
        if (verdict != OffloadStatus.SUCCESS) {
            list.wrap(nbl).sourceHandle(source);
        }
        return verdict;
    }

    /** Indicated lists go back to the miniport that lent them. */
    void returned(long chain) {
        giveBack(chain, false);
    }

    // ---- Ordinary frames.

    void sendFrames(UpperInterface from, LowerInterface to, long chain) {
        if (driver.upperCount() > 1 && !contexts.open(chain, -1, from.number(), to.number(), 0)) {
            from.refusals().frames().add(chain, OffloadStatus.RESOURCES);
        } else {
            to.binding().sendNetBufferLists(chain);
        }
    }

    void framesSent(long chain) {
        if (driver.upperCount() == 1) {
            driver.upper().adapter().sendNetBufferListsComplete(chain);
            return;
        }
        long next;
        for (long at = chain; at != 0; at = next) {
            next = list.wrap(at).next();
            int id = contexts.find(at);
            if (id < 0) {
                strayLists++;
                continue;
            }
            UpperInterface owner = driver.upper(contexts.upper(id));
            contexts.close(id);
            list.wrap(at).next(0);
            owner.adapter().sendNetBufferListsComplete(at);
        }
    }

    /**
     * Frames to the faces that the driver names, those of one face that follow each other in one
     * call; what nobody wants goes back.
     */
    void receiveFrames(LowerInterface from, long chain) {
        if (driver.upperCount() == 1 && driver.lowerCount() == 1 && !driver.sortsFrames()) {
            driver.upper().adapter().receiveNetBufferLists(chain);
            return;
        }
        UpperInterface owner = null;
        long head = 0;
        long last = 0;
        long next;
        for (long at = chain; at != 0; at = next) {
            next = list.wrap(at).next();
            list.next(0);
            UpperInterface to = receiver(from, at);
            if (last != 0 && to == owner) {
                list.wrap(last).next(at);
            } else {
                deliver(from, owner, head);
                owner = to;
                head = at;
            }
            last = at;
        }
        deliver(from, owner, head);
    }

    /** Who gets a frame, with what it takes to find the way back; null = nobody. */
    private UpperInterface receiver(LowerInterface from, long frame) {
        UpperInterface to = driver.receiverOf(from, frame);
        if (to == null || to.adapter() == null) {
            return null;
        }
        lent(frame, from.number());
        return to;
    }

    private static void deliver(LowerInterface from, UpperInterface to, long chain) {
        if (chain == 0) {
            return;
        }
        if (to == null) {
            from.binding().returnNetBufferLists(chain);
        } else {
            to.adapter().receiveNetBufferLists(chain);
        }
    }

    void returnFrames(long chain) {
        giveBack(chain, true);
    }

    private void giveBack(long chain, boolean frames) {
        if (driver.lowerCount() == 1) {
            down(driver.lower(), chain, frames);
            return;
        }
        long next;
        for (long at = chain; at != 0; at = next) {
            next = list.wrap(at).next();
            int lender = lender(at);
            if (lender < 0) {
                strayLists++;
                continue;
            }
            list.wrap(at).next(0);
            down(driver.lower(lender), at, frames);
        }
    }

    private static void down(LowerInterface owner, long chain, boolean frames) {
        if (frames) {
            owner.binding().returnNetBufferLists(chain);
        } else {
            owner.binding().tcpOffloadReceiveReturn(chain);
        }
    }
}
