// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.Map;
import java.util.TreeMap;

/** Lets tests of other packages read the offsets of the flyweights, which are package-private. */
public final class LayoutConstants {

    private LayoutConstants() {}

    /** The int constants of {@code type} and its superclasses by name, private ones left out. */
    public static Map<String, Integer> of(Class<?> type) {
        Map<String, Integer> constants = new TreeMap<>();
        for (Class<?> c = type; c != null && c != Object.class; c = c.getSuperclass()) {
            for (Field field : c.getDeclaredFields()) {
                int modifiers = field.getModifiers();
                if (Modifier.isStatic(modifiers)
                        && Modifier.isFinal(modifiers)
                        && !Modifier.isPrivate(modifiers)
                        && field.getType() == int.class) {
                    constants.put(field.getName(), read(field));
                }
            }
        }
        return constants;
    }

    private static int read(Field field) {
        try {
            field.setAccessible(true);
            return field.getInt(null);
        } catch (IllegalAccessException e) {
            throw new AssertionError(e);
        }
    }
}
