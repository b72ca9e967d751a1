// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.http;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The part of a resource that a Range header selects (RFC 9110, 14.1).
 *
 * @param kind whether there is a part at all
 * @param first byte, when kind is PART
 * @param length bytes, at least 1, when kind is PART
 */
record ByteRange(Kind kind, long first, long length) {
    enum Kind {
        /** No range, one in a form that is ignored, or several: the whole resource is sent. */
        WHOLE,
        PART,
        /** No byte of it exists: 416. */
        UNSATISFIABLE
    }

    private static final Pattern SINGLE =
            Pattern.compile("bytes\\s*=\\s*(\\d{0,18})\\s*-\\s*(\\d{0,18})");
    private static final ByteRange ALL = new ByteRange(Kind.WHOLE, 0, 0);
    private static final ByteRange NONE = new ByteRange(Kind.UNSATISFIABLE, 0, 0);

    static ByteRange parse(String header, long size) {
        Matcher matcher = SINGLE.matcher(header.strip());
        if (!matcher.matches() || matcher.group(1).isEmpty() && matcher.group(2).isEmpty()) {
            return ALL;
        }
        if (matcher.group(1).isEmpty()) {
            long suffix = Long.parseLong(matcher.group(2));
            if (suffix == 0 || size == 0) {
                return NONE;
            }
            long length = Math.min(suffix, size);
            return new ByteRange(Kind.PART, size - length, length);
        }
        long first = Long.parseLong(matcher.group(1));
        long last = matcher.group(2).isEmpty() ? Long.MAX_VALUE : Long.parseLong(matcher.group(2));
        if (last < first) {
            return ALL;
        }
        if (first >= size) {
            return NONE;
        }
        return new ByteRange(Kind.PART, first, Math.min(last, size - 1) - first + 1);
    }
}
