// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import java.lang.reflect.RecordComponent;

/** Records by the names and places of their components. */
public final class Records {
    private Records() {}

    /** Value of the i-th component. */
    public static Object get(Record record, int i) {
        try {
            return record.getClass().getRecordComponents()[i].getAccessor().invoke(record);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The same record with other values, one for each component. */
    @SuppressWarnings("unchecked")
    public static <R extends Record> R make(R like, Object[] values) {
        RecordComponent[] components = like.getClass().getRecordComponents();
        Class<?>[] types = new Class<?>[components.length];
        for (int i = 0; i < types.length; i++) {
            types[i] = components[i].getType();
        }
        try {
            return (R) like.getClass().getDeclaredConstructor(types).newInstance(values);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The same record with another i-th value. */
    public static <R extends Record> R with(R record, int i, Object value) {
        Object[] values = new Object[record.getClass().getRecordComponents().length];
        for (int each = 0; each < values.length; each++) {
            values[each] = each == i ? value : get(record, each);
        }
        return make(record, values);
    }

    /**
     * The same record with another value of one component.
     *
     * @throws IllegalArgumentException there is none of that name
     */
    public static <R extends Record> R with(R record, String name, Object value) {
        RecordComponent[] components = record.getClass().getRecordComponents();
        for (int i = 0; i < components.length; i++) {
            if (components[i].getName().equals(name)) {
                return with(record, i, value);
            }
        }
        throw new IllegalArgumentException(record.getClass().getSimpleName() + " has no " + name);
    }
}
