// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.im.Breach;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;

class BreachesTest {
    private final StringWriter err = new StringWriter();
    private final Breaches breaches = new Breaches(new PrintWriter(err));

    @Test
    void eachBreachIsALineAndCountsAndTheCommandFails() {
        breaches.accept(
                new Breach("T-83", "order", "verifier1", "TCP 0", List.of("initiate", "sent")));
        assertThat(breaches.summary()).isEqualTo(", 1 breach");
        breaches.accept(new Breach("4.8", "late", "verifier1", "", List.of()));
        assertThat(breaches.count()).isEqualTo(2);
        assertThat(breaches.summary()).isEqualTo(", 2 breaches");
        assertThat(breaches.exitCode()).isEqualTo(1);
        assertThat(err.toString().lines())
                .containsExactly(
                        "flue: breach of T-83 at verifier1: order; TCP 0",
                        "flue: breach of 4.8 at verifier1: late");
    }

    @Test
    void withoutOneNothingIsSaid() {
        assertThat(breaches.summary()).isEmpty();
        assertThat(breaches.exitCode()).isZero();
        assertThat(err.toString()).isEmpty();
    }
}
