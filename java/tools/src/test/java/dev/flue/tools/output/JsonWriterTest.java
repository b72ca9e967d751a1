// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

class JsonWriterTest {
    @Test
    void writesNestedObjectsAndArraysWithSeparatorsInTheRightPlaces() {
        JsonWriter json = new JsonWriter().beginObject();
        json.member("a", 1).name("b").beginArray().value("x").value(2).beginObject().endObject();
        json.endArray().member("c", true).member("d", (String) null).member("e", Map.of("k", 3));
        assertThat(json.endObject())
                .hasToString("{\"a\":1,\"b\":[\"x\",2,{}],\"c\":true,\"d\":null,\"e\":{\"k\":3}}");
    }

    @Test
    void escapesWhatAStringMustNotContain() {
        assertThat(new JsonWriter().value("\"\\\n\r\t\u0001\u007fü\ud83d\ude00\ud83d"))
                .hasToString("\"\\\"\\\\\\n\\r\\t\\u0001\\u007fü\ud83d\ude00\\ud83d\"");
    }

    @Test
    void writesNoNumberThatJsonDoesNotKnow() {
        assertThat(new JsonWriter().beginArray().value(1.5).value(Double.NaN).endArray())
                .hasToString("[1.5,null]");
    }

    @Test
    void refusesMisuse() {
        assertThatThrownBy(() -> new JsonWriter().beginObject().value(1))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> new JsonWriter().beginArray().name("a"))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> new JsonWriter().beginArray().endObject())
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> new JsonWriter().beginArray().toString())
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> new JsonWriter().value(1).value(2))
                .isInstanceOf(IllegalStateException.class);
    }
}
