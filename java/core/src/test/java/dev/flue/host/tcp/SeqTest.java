// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Sequence numbers around the wrap. */
class SeqTest {
    @ParameterizedTest
    @CsvSource({
        "0, 1",
        "1, 2147483648",
        "4294967295, 0",
        "4294967295, 1",
        "4294967040, 256",
        "2147483647, 2147483648",
        "2147483648, 2147483649",
        "4294967294, 2147483645"
    })
    void theFirstComesBeforeTheSecond(long first, long second) {
        int a = (int) first;
        int b = (int) second;
        assertThat(Seq.lt(a, b)).isTrue();
        assertThat(Seq.leq(a, b)).isTrue();
        assertThat(Seq.gt(b, a)).isTrue();
        assertThat(Seq.geq(b, a)).isTrue();
        assertThat(Seq.lt(b, a)).isFalse();
        assertThat(Seq.gt(a, b)).isFalse();
        assertThat(Seq.max(a, b)).isEqualTo(b);
        assertThat(Seq.max(b, a)).isEqualTo(b);
        assertThat(Seq.distance(a, b)).isEqualTo(b - a).isPositive();
    }

    @ParameterizedTest
    @CsvSource({
        "5, 5, 6, true",
        "6, 5, 6, false",
        "4, 5, 6, false",
        "0, 4294967295, 1, true",
        "1, 4294967295, 1, false",
        "4294967295, 4294967295, 1, true",
        "4294967294, 4294967295, 1, false",
        "7, 7, 7, false"
    })
    void aRangeHoldsItsFirstAndNotItsEnd(long seq, long low, long high, boolean within) {
        assertThat(Seq.within((int) seq, (int) low, (int) high)).isEqualTo(within);
    }

    @ParameterizedTest
    @CsvSource({"0", "1", "4294967295", "2147483648"})
    void aNumberIsNeitherBeforeNorAfterItself(long value) {
        int a = (int) value;
        assertThat(Seq.lt(a, a) || Seq.gt(a, a)).isFalse();
        assertThat(Seq.leq(a, a) && Seq.geq(a, a)).isTrue();
        assertThat(Seq.distance(a, a)).isZero();
    }
}
