// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

import dev.flue.testkit.Records;
import java.lang.reflect.RecordComponent;
import java.util.HashMap;
import java.util.Map;

/** Flat records of numbers, booleans and enums as text: what differs from a simple one. */
final class PlanText {
    private PlanText() {}

    /** Append " key=name:value,name:value". */
    static void append(StringBuilder out, String key, Record value, Record simple) {
        out.append(' ').append(key).append('=');
        RecordComponent[] components = value.getClass().getRecordComponents();
        String comma = "";
        for (int i = 0; i < components.length; i++) {
            Object own = Records.get(value, i);
            if (!own.equals(Records.get(simple, i))) {
                out.append(comma).append(components[i].getName()).append(':').append(own);
                comma = ",";
            }
        }
    }

    /** The record that {@link #append} wrote, without the key. */
    static <R extends Record> R parse(String text, R simple) {
        Map<String, String> values = new HashMap<>();
        for (String each : text.isEmpty() ? new String[0] : text.split(",")) {
            int colon = each.indexOf(':');
            if (colon < 0) {
                throw new IllegalArgumentException("not name:value: " + each);
            }
            values.put(each.substring(0, colon), each.substring(colon + 1));
        }
        RecordComponent[] components = simple.getClass().getRecordComponents();
        Object[] made = new Object[components.length];
        for (int i = 0; i < made.length; i++) {
            String value = values.remove(components[i].getName());
            Object usual = Records.get(simple, i);
            made[i] = value == null ? usual : read(components[i].getType(), value);
        }
        if (!values.isEmpty()) {
            throw new IllegalArgumentException(
                    simple.getClass().getSimpleName() + " has no " + values.keySet());
        }
        return Records.make(simple, made);
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Object read(Class<?> type, String value) {
        if (type == int.class) {
            return Integer.valueOf(value);
        }
        if (type == long.class) {
            return Long.valueOf(value);
        }
        if (type == boolean.class) {
            return Boolean.valueOf(value);
        }
        return Enum.valueOf((Class) type, value);
    }
}
