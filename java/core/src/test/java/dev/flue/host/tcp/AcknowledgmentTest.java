// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.host.RawPeer.Seen;
import dev.flue.host.Rule;
import java.util.List;
import org.junit.jupiter.api.Test;

/** When received data is acknowledged, and what the SACK options say. */
class AcknowledgmentTest {
    @Test
    @Rule("2018/3")
    void anAckOfDataBehindAHoleNamesIt() {
        try (Talk talk = new Talk(Talk.SACK)) {
            talk.data(1000, 1000);
            Seen first = talk.peer.one();
            assertThat(talk.place(first)).isZero();
            assertThat(talk.blocks(first)).containsExactly(1000, 2000);
            talk.data(2000, 500);
            assertThat(talk.blocks(talk.peer.one())).containsExactly(1000, 2500);
        }
    }

    @Test
    @Rule("2018/4")
    void theBlockOfTheNewestSegmentComesFirstThenThoseToldLast() {
        try (Talk talk = new Talk(Talk.SACK)) {
            for (int at : new int[] {1000, 5000, 3000, 9000, 7000}) {
                talk.data(at, 100);
            }
            List<Seen> acks = talk.sent();
            assertThat(acks).hasSize(5);
            assertThat(talk.blocks(acks.get(3)))
                    .containsExactly(9000, 9100, 3000, 3100, 5000, 5100, 1000, 1100);
            assertThat(talk.blocks(acks.get(4)))
                    .containsExactly(7000, 7100, 9000, 9100, 3000, 3100, 5000, 5100);
            talk.data(1100, 100);
            assertThat(talk.blocks(talk.peer.one()))
                    .containsExactly(1000, 1200, 7000, 7100, 9000, 9100, 3000, 3100);
        }
    }

    @Test
    @Rule("2018/3")
    void besideTimestampsThereAreThreeBlocks() {
        try (Talk talk = new Talk(Talk.ALL)) {
            for (int at : new int[] {1000, 3000, 5000, 7000}) {
                talk.data(at, 100);
            }
            List<Seen> acks = talk.sent();
            assertThat(acks.get(3).options()).hasSize(40);
            assertThat(talk.blocks(acks.get(3)))
                    .containsExactly(7000, 7100, 5000, 5100, 3000, 3100);
        }
    }

    @Test
    void withoutSackNoBlocksAreSent() {
        try (Talk talk = new Talk(Talk.PLAIN)) {
            talk.data(1000, 100);
            assertThat(talk.peer.one().options()).isEmpty();
        }
    }

    @Test
    @Rule("2883/4")
    void whatCameTwiceIsToldFirstAndOnce() {
        try (Talk talk = new Talk(Talk.SACK)) {
            talk.data(0, 1000);
            talk.peer.one();
            talk.data(0, 1000);
            assertThat(talk.blocks(talk.peer.one())).as("below the ACK").containsExactly(0, 1000);
            talk.data(3000, 1000);
            assertThat(talk.blocks(talk.peer.one())).containsExactly(3000, 4000);
            talk.data(5000, 1000);
            talk.peer.one();
            talk.data(3200, 100);
            assertThat(talk.blocks(talk.peer.one()))
                    .as("inside a block")
                    .containsExactly(3200, 3300, 3000, 4000, 5000, 6000);
            talk.data(1000, 2500);
            assertThat(talk.blocks(talk.peer.one()))
                    .as("over the edge of a block")
                    .containsExactly(3000, 3500, 5000, 6000);
        }
    }

    @Test
    @Rule({"5681/4.2", "9293/MAY-13"})
    void everySegmentBehindAHoleIsAcknowledgedAtOnceAndThatWhichClosesIt() {
        try (Talk talk = new Talk(Talk.SACK)) {
            talk.data(1000, 1000);
            talk.data(2000, 1000);
            talk.data(4000, 1000);
            assertThat(talk.sent()).hasSize(3).allMatch(ack -> talk.place(ack) == 0);
            talk.data(0, 1000);
            assertThat(talk.place(talk.peer.one())).isEqualTo(3000);
            talk.data(3000, 1000);
            assertThat(talk.place(talk.peer.one())).isEqualTo(5000);
        }
    }

    @Test
    @Rule({"9293/MUST-40", "9293/SHLD-18", "9293/SHLD-19"})
    void afterTheStartEverySecondSegmentIsAcknowledgedAndTheLastOneALittleLater() {
        try (Talk talk = new Talk(Talk.SACK)) {
            int at = 0;
            for (; at < AckDelay.QUICK * 1000; at += 1000) {
                talk.data(at, 1000);
                assertThat(talk.place(talk.peer.one())).as("quick").isEqualTo(at + 1000);
            }
            for (int pair = 0; pair < 4; pair++) {
                talk.data(at, 1000);
                talk.peer.silent();
                talk.data(at + 1000, 1000);
                at += 2000;
                assertThat(talk.place(talk.peer.one())).as("second").isEqualTo(at);
            }
            talk.data(at, 700);
            talk.peer.silent();
            talk.pass(39);
            talk.peer.silent();
            talk.pass(1);
            assertThat(talk.place(talk.peer.one())).isEqualTo(at + 700);
            talk.pass(1000);
            talk.peer.silent();
        }
    }

    @Test
    void anAnswerCarriesTheAckThatWaits() {
        try (Talk talk = new Talk(Talk.SACK)) {
            for (int i = 0; i < AckDelay.QUICK; i++) {
                talk.data(i * 100, 100);
                talk.peer.one();
            }
            talk.data(1600, 100);
            talk.peer.silent();
            talk.write(10);
            assertThat(talk.place(talk.peer.one())).isEqualTo(1700);
            talk.pass(100);
            talk.peer.silent();
        }
    }
}
