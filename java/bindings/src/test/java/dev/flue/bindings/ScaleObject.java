// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import java.util.ArrayList;
import java.util.List;

/** A host stack's view of one object that is, was or will be offloaded. */
final class ScaleObject {
    enum Kind {
        NEIGHBOR,
        PATH,
        CONNECTION
    }

    final Kind kind;
    final int number;
    final long handle;

    /** What it depends on: the path of a connection, the neighbor of a path. */
    ScaleObject parent;

    /** Those offloaded that depend on it. */
    final List<ScaleObject> dependents = new ArrayList<>();

    boolean live;
    boolean invalid;

    /** Whether it was ever touched by an invalidate, its own or of what it depends on. */
    boolean doubted;

    /** The target asked for its upload. */
    boolean asked;

    /** CACHED variable that updates change: MAC, path MTU or hop limit. */
    long value;

    // Operations under way: readers go together, a writer is alone.
    private int readers;
    private boolean writer;

    ScaleObject(Kind kind, int number, long handle) {
        this.kind = kind;
        this.number = number;
        this.handle = handle;
    }

    boolean readable() {
        return !writer;
    }

    boolean writable() {
        return !writer && readers == 0;
    }

    void lock(boolean writing) {
        if (writing) {
            writer = true;
        } else {
            readers++;
        }
    }

    void unlock(boolean writing) {
        if (writing) {
            writer = false;
        } else {
            readers--;
        }
    }

    /** It, or what it depends on, is invalidated. */
    boolean affected() {
        return invalid || parent != null && parent.affected();
    }

    void setLive(boolean now) {
        live = now;
        invalid = false;
        doubted = false;
        asked = false;
        if (parent == null) {
            return;
        }
        if (now) {
            parent.dependents.add(this);
        } else {
            parent.dependents.remove(this);
        }
    }

    /** It and all that is offloaded above it. */
    void collect(List<ScaleObject> out) {
        out.add(this);
        for (ScaleObject each : dependents) {
            each.collect(out);
        }
    }

    @Override
    public String toString() {
        return kind + " " + number;
    }
}
