// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Records calls on an interface as text: {@code name [arguments]}. */
final class Calls {
    private final List<String> calls = new ArrayList<>();

    /** An implementation that does nothing but record; object results are null, numbers 0. */
    <T> T of(Class<T> type) {
        Object proxy =
                Proxy.newProxyInstance(
                        type.getClassLoader(),
                        new Class<?>[] {type},
                        (self, method, arguments) -> {
                            calls.add(
                                    method.getName()
                                            + " "
                                            + (arguments == null
                                                    ? "[]"
                                                    : Arrays.toString(arguments)));
                            Class<?> result = method.getReturnType();
                            return result == int.class
                                    ? (Object) 0
                                    : result == long.class ? (Object) 0L : null;
                        });
        return type.cast(proxy);
    }

    /** What was called since the last look. */
    List<String> take() {
        List<String> out = List.copyOf(calls);
        calls.clear();
        return out;
    }
}
