// SPDX-License-Identifier: Apache-2.0
package dev.flue.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Addresses as text and as numbers. */
class IpAddressTest {
    @ParameterizedTest
    @CsvSource({
        "198.18.0.255, 198.18.0.255",
        "0.0.0.0, 0.0.0.0",
        "2001:db8::1, 2001:db8::1",
        "2001:DB8:0:0:0:0:0:1, 2001:db8::1",
        "::, ::",
        "::1, ::1",
        "1::, 1::",
        "2001:db8:0:1:1:1:1:1, 2001:db8:0:1:1:1:1:1",
        "2001:0:0:1:0:0:0:1, 2001:0:0:1::1",
        "2001:db8:0:0:1:0:0:1, 2001:db8::1:0:0:1",
        "fe80::200:c6ff:fe12:2, fe80::200:c6ff:fe12:2",
        "::ffff:198.18.0.1, 198.18.0.1",
        "64:ff9b::198.18.0.1, 64:ff9b::c612:1",
        "1:2:3:4:5:6:7:8, 1:2:3:4:5:6:7:8"
    })
    void textIsReadAndWrittenInItsShortestForm(String text, String shortest) {
        assertThat(IpAddress.of(text)).hasToString(shortest);
        assertThat(IpAddress.of(shortest)).isEqualTo(IpAddress.of(text));
        assertThat(IpAddress.of(shortest)).hasSameHashCodeAs(IpAddress.of(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "1.2.3",
                "1.2.3.256",
                "01.2.3.4",
                "1.2.3.4.5",
                "a.b.c.d",
                "1..2.3",
                ":",
                ":::",
                "1::2::3",
                "1:2:3:4:5:6:7",
                "1:2:3:4:5:6:7:8:9",
                "1:2:3:4:5:6:7::8",
                "12345::",
                "g::",
                "1.2.3.4::1",
                "fe80::1%eth0"
            })
    void whatIsNoAddressIsRefused(String text) {
        assertThatThrownBy(() -> IpAddress.of(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("'" + text + "' is not an IP address");
    }

    @Test
    void anIpv4AddressIsANumberToo() {
        IpAddress address = IpAddress.of("198.18.0.1");
        assertThat(address.isIpv4()).isTrue();
        assertThat(address.toIpv4()).isEqualTo(0xc6120001);
        assertThat(IpAddress.ofIpv4(0xc6120001)).isEqualTo(address);
        assertThat(address.withPort(80)).isEqualTo("198.18.0.1:80");
        assertThat(IpAddress.of("2001:db8::1").withPort(80)).isEqualTo("[2001:db8::1]:80");
        assertThat(IpAddress.of("::1").isIpv4()).isFalse();
    }

    @Test
    void kindsOfAddressesAreTold() {
        assertThat(IpAddress.of("fe80::1").isLinkLocal()).isTrue();
        assertThat(IpAddress.of("febf::1").isLinkLocal()).isTrue();
        assertThat(IpAddress.of("fec0::1").isLinkLocal()).isFalse();
        assertThat(IpAddress.of("ff02::1").isMulticast()).isTrue();
        assertThat(IpAddress.of("224.0.0.1").isMulticast()).isTrue();
        assertThat(IpAddress.of("198.18.0.1").isMulticast()).isFalse();
        assertThat(IpAddress.of("::").isUnspecified()).isTrue();
        assertThat(IpAddress.of("0.0.0.0").isUnspecified()).isTrue();
        assertThat(IpAddress.of("::1").isUnspecified()).isFalse();
        assertThat(IpAddress.of("198.18.0.2")).isGreaterThan(IpAddress.of("198.18.0.1"));
        assertThat(IpAddress.of("2001:db8::")).isGreaterThan(IpAddress.of("198.18.0.1"));
    }
}
