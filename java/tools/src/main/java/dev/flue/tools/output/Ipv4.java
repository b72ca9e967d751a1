// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.output;

/** IPv4 addresses in host byte order, as numbers and as text. */
public final class Ipv4 {
    private Ipv4() {}

    public static String format(int address) {
        return (address >>> 24)
                + "."
                + (address >>> 16 & 0xff)
                + "."
                + (address >>> 8 & 0xff)
                + "."
                + (address & 0xff);
    }

    public static String format(int address, int port) {
        return format(address) + ":" + port;
    }

    /**
     * Four decimal numbers, nothing else.
     *
     * @throws IllegalArgumentException with a sentence for people
     */
    public static int parse(String text) {
        String[] parts = text.split("\\.", -1);
        int address = 0;
        boolean valid = parts.length == 4;
        for (int i = 0; valid && i < 4; i++) {
            valid = parts[i].matches("0|[1-9]\\d{0,2}") && Integer.parseInt(parts[i]) <= 255;
            address = valid ? address << 8 | Integer.parseInt(parts[i]) : 0;
        }
        if (!valid) {
            throw new IllegalArgumentException("'" + text + "' is not an IPv4 address");
        }
        return address;
    }
}
