// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.OffloadHandle;
import dev.flue.offload.OffloadStatus;
import dev.flue.spi.Memory;

/**
 * How state operations pass a driver (chimney 7.2 to 7.4): on the way down each block gets our
 * handle in place of the one above, on the way up the other way round; a call entry keeps what must
 * come back unchanged. Query, update, invalidate and terminate wait for a call entry when there is
 * none; an initiate that finds no room is refused before anything is changed.
 */
final class StatePropagation implements AutoCloseable {
    /** Call entries that initiates leave for the operations that must not fail. */
    private static final int RESERVED_CALLS = 16;

    private static final int CALLS = 256;

    /** Entries for references from above that name nothing. */
    private static final int GHOSTS = 64;

    private final IntermediateDriver driver;
    private final OffloadEntries entries;
    private final CallEntries calls;
    private final OperationQueue waiting;
    private final ListRouting routing;
    private final BlockWalk walk;
    private final MiniportOffloadBlockList block;
    private final OffloadHandle slot;
    private long staleReferences;
    private long strayCalls;

    StatePropagation(
            Memory memory, IntermediateDriver driver, ListRouting routing, int maxObjects) {
        this.driver = driver;
        this.routing = routing;
        this.entries = new OffloadEntries(memory, Math.addExact(maxObjects, GHOSTS));
        this.calls = new CallEntries(memory, CALLS);
        this.waiting = new OperationQueue(memory);
        this.walk = new BlockWalk(memory);
        this.block = new MiniportOffloadBlockList(memory);
        this.slot = new OffloadHandle(memory);
    }

    OffloadEntries entries() {
        return entries;
    }

    int callsHeld() {
        return calls.held();
    }

    int operationsWaiting() {
        return waiting.length();
    }

    /** Blocks whose token named nothing. */
    long staleReferences() {
        return staleReferences;
    }

    /** Completions that belong to nothing here. */
    long strayCalls() {
        return strayCalls;
    }

    /** An operation came from above. */
    void submit(UpperInterface from, StateOperation operation, long root) {
        boolean initiate = operation == StateOperation.INITIATE;
        int reserve = initiate ? RESERVED_CALLS : 0;
        if (initiate && !driver.offersChimney()) {
            from.refusals().add(root, operation, OffloadStatus.FAILURE);
        } else if (waiting.isEmpty() && calls.available() > reserve) {
            pass(from, operation, root);
        } else if (initiate) {
            from.refusals().add(root, operation, OffloadStatus.FAILURE);
        } else {
            waiting.add(root, operation, from.number());
        }
    }

    private void pass(UpperInterface from, StateOperation operation, long root) {
        LowerInterface to = destination(from, root);
        OffloadStatus status =
                fits(from, to, operation, root)
                        ? admitted(from, operation, root)
                        : OffloadStatus.FAILURE;
        if (status != OffloadStatus.SUCCESS) {
            from.refusals().add(root, operation, status);
            return;
        }
        calls.open(root, operation, from.number());
        walk.start(root);
        for (long ref = walk.next(); ref != 0; ref = walk.next()) {
            convertDown(from, to, operation, ref);
        }
        driver.goesDown(operation, root);
        operation.down(to.binding(), root);
        driver.wentDown();
    }

    /**
     * Where the objects are that the tree refers to; a tree of new ones goes where the driver says.
     */
    private LowerInterface destination(UpperInterface from, long root) {
        if (driver.lowerCount() > 1) {
            walk.start(root);
            for (long ref = walk.next(); ref != 0; ref = walk.next()) {
                int entry =
                        block.wrap(ref).miniportOffloadContext() == 0 ? -1 : entries.find(token());
                if (entry >= 0) {
                    return driver.lower(entries.lower(entry));
                }
            }
        }
        return driver.lowerFor(from, root);
    }

    /** Counts before anything is changed, so that an operation that is refused needs no undoing. */
    private boolean fits(
            UpperInterface from, LowerInterface to, StateOperation operation, long root) {
        int objects = 0;
        int ghosts = 0;
        int lists = 0;
        walk.start(root);
        for (long ref = walk.next(); ref != 0; ref = walk.next()) {
            block.wrap(ref);
            if (block.miniportOffloadContext() == 0) {
                continue;
            }
            if (createsObject(operation)) {
                objects++;
                lists += routing.needs(block.netBufferListChain());
            } else if (referenced(from, to) < 0) {
                ghosts++;
            }
        }
        int free = entries.available();
        return ghosts <= free
                && lists <= routing.available()
                && (objects == 0 || objects + ghosts <= free - GHOSTS);
    }

    /** What the driver says to the new objects, none of them changed yet. */
    private OffloadStatus admitted(UpperInterface from, StateOperation operation, long root) {
        OffloadStatus status = OffloadStatus.SUCCESS;
        if (operation == StateOperation.INITIATE) {
            walk.start(root);
            for (long ref = walk.next();
                    ref != 0 && status == OffloadStatus.SUCCESS;
                    ref = walk.next()) {
                block.wrap(ref);
                if (block.miniportOffloadContext() != 0 && createsObject(operation)) {
                    status = driver.admits(from, ref);
                }
            }
        }
        return status;
    }

    /** Whether {@link #block} brings a new object: an initiate, and the slot is still empty. */
    private boolean createsObject(StateOperation operation) {
        return operation == StateOperation.INITIATE && token() == 0;
    }

    /** The entry that {@link #block} refers to by the token in its slot, or -1. */
    private int referenced(UpperInterface from, LowerInterface to) {
        int entry = entries.find(token());
        return entry >= 0
                        && entries.upper(entry) == from.number()
                        && entries.lower(entry) == to.number()
                        && entries.upperHandle(entry) == block.ndisOffloadHandle()
                ? entry
                : -1;
    }

    private long token() {
        return entries.tokenIn(block.miniportOffloadContext());
    }

    private void convertDown(
            UpperInterface from, LowerInterface to, StateOperation operation, long ref) {
        block.wrap(ref);
        if (block.miniportOffloadContext() == 0) {
            return;
        }
        long above = block.ndisOffloadHandle();
        int entry;
        if (createsObject(operation)) {
            entry = entries.create(above, from, to);
            routing.lend(entry, block.netBufferListChain());
            driver.offering(entry, ref);
        } else {
            entry = referenced(from, to);
            if (entry < 0) {
                staleReferences++;
                entry = entries.createGhost(above, from, to);
            } else if (operation == StateOperation.UPDATE) {
                driver.updating(entry, ref);
            }
        }
        entries.use(entry);
        block.wrap(ref).ndisOffloadHandle(entries.handle(entry));
    }

    /** It came back from below. */
    void complete(StateOperation operation, long root) {
        int call = calls.find(root, operation);
        if (call < 0) {
            strayCalls++;
            return;
        }
        long sourceHandle = calls.sourceHandle(call);
        walk.start(root);
        for (long ref = walk.next(); ref != 0; ref = walk.next()) {
            block.wrap(ref).sourceHandle(sourceHandle);
            if (block.ndisOffloadHandle() != 0) {
                convertUp(operation, ref);
            }
        }
        UpperInterface from = driver.upper(calls.face(call));
        calls.close(call);
        operation.complete(from.adapter(), root);
        passWaiting();
    }

    private void convertUp(StateOperation operation, long ref) {
        int entry = entries.ofHandle(block.ndisOffloadHandle());
        if (entry < 0) {
            strayCalls++;
            return;
        }
        long above = entries.upperHandle(entry);
        block.ndisOffloadHandle(above).miniportOffloadContext(above + Long.BYTES);
        if (operation == StateOperation.INITIATE && entries.initiating(entry)) {
            finishInitiate(entry, ref, above);
        } else if (operation == StateOperation.TERMINATE
                && entries.offloaded(entry)
                && (block.status() == OffloadStatus.SUCCESS.code()
                        || entries.terminateFailed(entry))) {
            entries.offloaded(entry, false);
            slot.wrap(above).miniportOffloadContext(0);
            routing.takeBack(block.netBufferListChain());
            driver.gone(entry, ref);
        }
        entries.unuse(entry);
    }

    private void finishInitiate(int entry, long ref, long above) {
        boolean success =
                block.status() == OffloadStatus.SUCCESS.code()
                        || block.status() == OffloadStatus.OFFLOAD_PARTIAL_SUCCESS.code();
        if (success && entries.lowerToken(entry) == 0) {
            block.status(OffloadStatus.FAILURE.code());
            strayCalls++;
            success = false;
        }
        entries.offloaded(entry, success);
        if (success) {
            slot.wrap(above).miniportOffloadContext(entries.token(entry));
            driver.offloaded(entry, ref);
        } else {
            routing.takeBack(block.netBufferListChain());
            driver.refused(entry, ref);
        }
    }

    private void passWaiting() {
        while (!waiting.isEmpty() && calls.available() > 0) {
            StateOperation operation = waiting.peekOperation();
            UpperInterface from = driver.upper(waiting.peekNote());
            pass(from, operation, waiting.remove());
        }
    }

    @Override
    public void close() {
        entries.close();
    }
}
