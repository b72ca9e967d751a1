// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.output;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;

/**
 * Writes one JSON document (RFC 8259) into a string, member by member. Misuse, such as a value
 * without a name inside an object, is an IllegalStateException. One thread.
 */
public final class JsonWriter {
    private enum Scope {
        OBJECT,
        ARRAY
    }

    private final StringBuilder out = new StringBuilder(256);
    private final Deque<Scope> scopes = new ArrayDeque<>();
    private boolean first = true;
    private boolean named;

    public JsonWriter beginObject() {
        return open(Scope.OBJECT, '{');
    }

    public JsonWriter endObject() {
        return close(Scope.OBJECT, '}');
    }

    public JsonWriter beginArray() {
        return open(Scope.ARRAY, '[');
    }

    public JsonWriter endArray() {
        return close(Scope.ARRAY, ']');
    }

    /** The name of the next value. */
    public JsonWriter name(String name) {
        if (scopes.peek() != Scope.OBJECT || named) {
            throw new IllegalStateException("a name here: " + name);
        }
        separate();
        quote(name);
        out.append(':');
        named = true;
        return this;
    }

    /** {@code null} is written as null. */
    public JsonWriter value(String value) {
        beforeValue();
        if (value == null) {
            out.append("null");
        } else {
            quote(value);
        }
        return this;
    }

    public JsonWriter value(long value) {
        beforeValue();
        out.append(value);
        return this;
    }

    /** NaN and infinities, which JSON does not know, are written as null. */
    public JsonWriter value(double value) {
        beforeValue();
        out.append(Double.isFinite(value) ? Double.toString(value) : "null");
        return this;
    }

    public JsonWriter value(boolean value) {
        beforeValue();
        out.append(value);
        return this;
    }

    public JsonWriter member(String name, String value) {
        return name(name).value(value);
    }

    public JsonWriter member(String name, long value) {
        return name(name).value(value);
    }

    public JsonWriter member(String name, boolean value) {
        return name(name).value(value);
    }

    /** An object of numbers. */
    public JsonWriter member(String name, Map<String, ? extends Number> values) {
        name(name).beginObject();
        values.forEach((key, number) -> member(key, number.longValue()));
        return endObject();
    }

    /** The finished document. */
    @Override
    public String toString() {
        if (!scopes.isEmpty()) {
            throw new IllegalStateException("the document is not finished");
        }
        return out.toString();
    }

    private JsonWriter open(Scope scope, char bracket) {
        beforeValue();
        out.append(bracket);
        scopes.push(scope);
        first = true;
        return this;
    }

    private JsonWriter close(Scope scope, char bracket) {
        if (scopes.peek() != scope || named) {
            throw new IllegalStateException("nothing to close with " + bracket);
        }
        scopes.pop();
        out.append(bracket);
        first = false;
        return this;
    }

    private void beforeValue() {
        if (named) {
            named = false;
        } else if (scopes.peek() == Scope.OBJECT) {
            throw new IllegalStateException("a value without a name");
        } else if (scopes.isEmpty() && out.length() > 0) {
            throw new IllegalStateException("a second document");
        } else {
            separate();
        }
    }

    private void separate() {
        if (!first) {
            out.append(',');
        }
        first = false;
    }

    private void quote(String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (c < 0x20 || c == 0x7f || Character.isSurrogate(c) && !paired(text, i)) {
                        out.append(String.format("\\u%04x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }

    /** A lone surrogate cannot be encoded as UTF-8. */
    private static boolean paired(String text, int i) {
        return Character.isHighSurrogate(text.charAt(i))
                ? i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))
                : i > 0 && Character.isHighSurrogate(text.charAt(i - 1));
    }
}
