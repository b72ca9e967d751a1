// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.im.PassThroughDriver;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateType;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Any tree, any failure, any order of operations: afterwards host, drivers and target agree on what
 * is offloaded, and when all is taken back nothing is left anywhere.
 */
class DriverRandomTest {
    private static final int MAX_OBJECTS = 128;
    private static final StateType[] TYPES = {StateType.NEIGHBOR, StateType.IP4, StateType.TCP};

    /** An object that the host has a handle of. */
    private static final class Node {
        final int level;
        final Node parent;
        final long handle;
        int children;

        Node(int level, Node parent, long handle) {
            this.level = level;
            this.parent = parent;
            this.handle = handle;
        }
    }

    private final List<Node> live = new ArrayList<>();
    private SplittableRandom random;
    private DriverStack stack;

    @Rule({"I-2", "I-4", "I-9", "I-28", "I-29", "I-30"})
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void hostDriversAndTargetAgreeAfterAnyTreesAndFailures(long seed) {
        random = new SplittableRandom(seed);
        stack = new DriverStack(1 + random.nextInt(3), MAX_OBJECTS);
        stack.target.fate(
                (number, type) ->
                        random.nextInt(5) == 0 ? OffloadStatus.RESOURCES : OffloadStatus.SUCCESS);
        for (int i = 0; i < 300; i++) {
            switch (random.nextInt(4)) {
                case 0, 1 -> initiate();
                case 2 -> query();
                default -> terminate();
            }
            agree();
        }
        while (!live.isEmpty()) {
            terminate();
        }
        agree();
        stack.nothingHeld();
        stack.close();
    }

    private void agree() {
        assertThat(stack.target.objects()).hasSize(live.size());
        for (Node node : live) {
            assertThat(stack.trees.token(node.handle)).isNotZero();
        }
        for (PassThroughDriver driver : stack.drivers) {
            assertThat(driver.held())
                    .containsEntry("offload entries", live.size())
                    .containsEntry("call entries", 0)
                    .containsEntry("waiting operations", 0);
        }
        stack.protocol.completions().clear();
        stack.target.operations().clear();
    }

    /** A tree of up to three roots, new ones, linkers and placeholders mixed. */
    private void initiate() {
        List<Node> fresh = new ArrayList<>();
        List<Long> freshBlocks = new ArrayList<>();
        long root = row(0, null, fresh, freshBlocks);
        stack.binding.initiateOffload(root);
        stack.work();
        for (int i = 0; i < fresh.size(); i++) {
            Node node = fresh.get(i);
            int status = stack.status(freshBlocks.get(i));
            boolean offloaded =
                    status == OffloadStatus.SUCCESS.code()
                            || status == OffloadStatus.OFFLOAD_PARTIAL_SUCCESS.code();
            assertThat(stack.trees.token(node.handle) != 0).isEqualTo(offloaded);
            if (offloaded) {
                live.add(node);
                if (node.parent != null) {
                    node.parent.children++;
                }
            } else {
                stack.trees.freeHandle(node.handle);
            }
        }
        stack.trees.free(root);
    }

    private long row(int level, Node parent, List<Node> fresh, List<Long> freshBlocks) {
        int width = 1 + random.nextInt(3);
        long[] row = new long[width];
        for (int i = 0; i < width; i++) {
            row[i] = block(level, parent, fresh, freshBlocks);
        }
        return stack.trees.chain(row);
    }

    private long block(int level, Node parent, List<Node> fresh, List<Long> freshBlocks) {
        Node node = null;
        boolean create = false;
        int kind = random.nextInt(4);
        if (kind == 0) {
            node = anyLive(level);
        }
        if (node == null && kind < 3) {
            node = new Node(level, parent, stack.trees.handle());
            create = true;
        }
        boolean deeper = level < 2 && (node == null || !create || random.nextInt(4) > 0);
        int at = fresh.size();
        if (create) {
            fresh.add(node);
            freshBlocks.add(0L);
        }
        long dependents = deeper ? row(level + 1, node, fresh, freshBlocks) : 0;
        long ref = stack.trees.block(TYPES[level], node == null ? 0 : node.handle);
        stack.trees.at(ref).dependentBlockList(dependents);
        if (create) {
            freshBlocks.set(at, ref);
        }
        return ref;
    }

    private Node anyLive(int level) {
        List<Node> candidates = live.stream().filter(node -> node.level == level).toList();
        return candidates.isEmpty() ? null : candidates.get(random.nextInt(candidates.size()));
    }

    private void query() {
        if (live.isEmpty()) {
            return;
        }
        Node node = live.get(random.nextInt(live.size()));
        long root = stack.trees.block(TYPES[node.level], node.handle);
        stack.binding.queryOffload(root);
        stack.work();
        assertThat(stack.status(root)).isEqualTo(OffloadStatus.SUCCESS.code());
        stack.trees.free(root);
    }

    /** Some objects without dependents, in one operation. */
    private void terminate() {
        List<Node> leaves = live.stream().filter(node -> node.children == 0).toList();
        int count = Math.min(leaves.size(), 1 + random.nextInt(4));
        if (count == 0) {
            return;
        }
        List<Node> chosen = leaves.subList(0, count);
        long[] row = new long[count];
        for (int i = 0; i < count; i++) {
            row[i] = stack.trees.block(TYPES[chosen.get(i).level], chosen.get(i).handle);
        }
        long root = stack.trees.chain(row);
        stack.binding.terminateOffload(root);
        stack.work();
        for (Node node : chosen) {
            assertThat(stack.trees.token(node.handle)).isZero();
            stack.trees.freeHandle(node.handle);
            live.remove(node);
            if (node.parent != null) {
                node.parent.children--;
            }
        }
        stack.trees.free(root);
    }
}
