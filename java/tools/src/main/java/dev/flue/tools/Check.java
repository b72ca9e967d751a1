// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools;

/**
 * One finding of {@code flue doctor}.
 *
 * @param name what was looked at
 * @param works whether it can be used
 * @param detail what was found
 * @param advice what to do; "" when nothing is to be done
 */
record Check(String name, boolean works, String detail, String advice) {
    static Check works(String name, String detail) {
        return new Check(name, true, detail, "");
    }

    static Check fails(String name, String detail, String advice) {
        return new Check(name, false, detail, advice);
    }
}
