// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;

/** The breaches that one verifier saw: the first ones kept, all counted and told. */
final class BreachLog {
    private static final int KEPT = 256;

    private final String driver;
    private final List<Breach> breaches = new ArrayList<>();
    private Consumer<Breach> listener = breach -> {};
    private long count;

    BreachLog(String driver) {
        this.driver = driver;
    }

    void listener(Consumer<Breach> newListener) {
        listener = newListener;
    }

    /** {@code object} may be null. */
    void report(String rule, VerifiedObject object, String sentence) {
        Breach breach =
                new Breach(
                        rule,
                        sentence,
                        driver,
                        object == null ? "" : object.toString(),
                        object == null ? List.of() : object.history());
        count++;
        if (breaches.size() < KEPT) {
            breaches.add(breach);
        }
        listener.accept(breach);
    }

    List<Breach> breaches() {
        return Collections.unmodifiableList(breaches);
    }

    long count() {
        return count;
    }

    void clear() {
        breaches.clear();
        count = 0;
    }
}
