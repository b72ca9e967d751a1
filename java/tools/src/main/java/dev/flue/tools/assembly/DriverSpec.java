// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import dev.flue.im.DriverSettings;
import dev.flue.im.IntermediateDriver;
import dev.flue.offload.MiniportAdapter;
import dev.flue.spi.Memory;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Modifier;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BinaryOperator;

/**
 * One driver as it stands in {@code --drivers}: {@code name} or {@code name:key=value:key=value}. A
 * name with a dot in it is that of a class on the class path.
 */
final class DriverSpec {
    /** What the constructor of a class of one's own takes. */
    private static final Class<?>[] PARAMETERS = {
        Memory.class, MiniportAdapter.class, int.class, DriverSettings.class
    };

    private final String name;
    private final Map<String, String> values;
    private final DriverKind.Factory factory;

    private DriverSpec(String name, Map<String, String> values) {
        this.name = name;
        this.values = values;
        DriverSettings settings = new DriverSettings(name, values);
        DriverKind kind = DriverKind.of(name);
        if (kind != null) {
            this.factory = kind.reader().apply(settings);
            settings.checkAllRead();
        } else if (name.contains(".")) {
            this.factory = ofClass(name, settings);
        } else {
            throw new DriverSettings.Wrong(
                    "there is no driver '"
                            + name
                            + "', only "
                            + String.join(", ", DriverChain.names())
                            + " and classes of one's own");
        }
    }

    /**
     * @param defaults what holds for a key, by name and key, where the text says nothing; null =
     *     nothing
     * @throws DriverSettings.Wrong it is none
     */
    static DriverSpec parse(String text, BinaryOperator<String> defaults) {
        String[] parts = text.split(":", -1);
        // How it was written before there was a second one.
        String name = parts[0].equals("pass-through") ? "passthrough" : parts[0];
        Map<String, String> values = new LinkedHashMap<>();
        for (int i = 1; i < parts.length; i++) {
            int equals = parts[i].indexOf('=');
            if (equals < 1) {
                throw new DriverSettings.Wrong(
                        "driver " + name + ": '" + parts[i] + "' is not key=value");
            }
            String key = parts[i].substring(0, equals);
            if (values.put(key, parts[i].substring(equals + 1)) != null) {
                throw new DriverSettings.Wrong("driver " + name + ": " + key + " twice");
            }
        }
        DriverKind kind = DriverKind.of(name);
        if (kind != null) {
            for (String key : kind.settings().keySet()) {
                String value = defaults.apply(name, key);
                if (value != null) {
                    values.putIfAbsent(key, value);
                }
            }
        }
        return new DriverSpec(name, values);
    }

    /** A word: the name, without the packages of a class. */
    String shortName() {
        return name.substring(name.lastIndexOf('.') + 1);
    }

    /** Null: it is one that has a single face below. */
    DriverKind.Joiner joiner() {
        return factory instanceof DriverKind.Joiner joiner ? joiner : null;
    }

    DriverKind.Factory factory() {
        return factory;
    }

    /** As it would be written in full. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(name);
        values.forEach((key, value) -> text.append(':').append(key).append('=').append(value));
        return text.toString();
    }

    // ---- Classes of one's own.

    private static DriverKind.Factory ofClass(String name, DriverSettings settings) {
        Constructor<?> constructor;
        try {
            Class<?> type = Class.forName(name);
            if (!IntermediateDriver.class.isAssignableFrom(type)
                    || Modifier.isAbstract(type.getModifiers())) {
                throw new DriverSettings.Wrong(
                        "class " + name + " is no " + IntermediateDriver.class.getName());
            }
            constructor = type.getConstructor(PARAMETERS);
        } catch (ClassNotFoundException | LinkageError e) {
            throw new DriverSettings.Wrong(
                    "there is no class " + name + " on the class path (FLUE_CLASSPATH)");
        } catch (NoSuchMethodException e) {
            throw new DriverSettings.Wrong(
                    "class "
                            + name
                            + " has no public constructor (Memory, MiniportAdapter, int,"
                            + " DriverSettings)");
        }
        return (memory, lower, objects, label) -> {
            IntermediateDriver driver = make(constructor, memory, lower, objects, settings);
            try {
                settings.checkAllRead();
            } catch (DriverSettings.Wrong e) {
                driver.close();
                throw e;
            }
            return driver;
        };
    }

    private static IntermediateDriver make(Constructor<?> constructor, Object... arguments) {
        try {
            return (IntermediateDriver) constructor.newInstance(arguments);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            if (e.getCause() instanceof Error cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new DriverSettings.Wrong(
                    "class " + constructor.getDeclaringClass().getName() + " cannot be made: " + e);
        }
    }
}
