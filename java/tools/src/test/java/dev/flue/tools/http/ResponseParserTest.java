// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ResponseParserTest {
    private final StringBuilder body = new StringBuilder();
    private final ResponseParser parser =
            new ResponseParser(piece -> body.append(StandardCharsets.ISO_8859_1.decode(piece)));

    private int take(String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        return parser.take(ByteBuffer.wrap(bytes), 0, bytes.length);
    }

    @Test
    void takesABodyOfKnownLengthAndNothingBehindIt() throws IOException {
        assertThat(take("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef")).isEqualTo(41);
        assertThat(parser.done()).isTrue();
        assertThat(body).hasToString("abc");
        assertThat(parser.announcedLength()).isEqualTo(3);
    }

    @Test
    void joinsChunksHoweverTheBytesAreCut() throws IOException {
        String response =
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n";
        for (char c : response.toCharArray()) {
            take(String.valueOf(c));
        }
        assertThat(parser.done()).isTrue();
        assertThat(body).hasToString("abc0123456789");
    }

    @Test
    void takesTheRestOfTheConnectionWhenNoLengthIsGiven() throws IOException {
        take("HTTP/1.0 200 OK\r\n\r\nall of it");
        assertThat(parser.done()).isFalse();
        parser.end();
        assertThat(parser.done()).isTrue();
        assertThat(body).hasToString("all of it");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SSH-2.0-x\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
                "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            })
    void refusesWhatIsNoResponse(String text) {
        assertThatThrownBy(() -> take(text)).isInstanceOf(IOException.class);
    }

    @Test
    void saysSoWhenTheConnectionEndsTooEarly() throws IOException {
        take("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab");
        assertThatThrownBy(parser::end).hasMessageContaining("middle of the body");
    }

    @Test
    void survivesWhateverBytesCome() {
        byte[] valid =
                ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
                        .getBytes(StandardCharsets.ISO_8859_1);
        for (int seed = 0; seed < 3000; seed++) {
            Random random = new Random(seed);
            byte[] bytes = valid.clone();
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            ResponseParser fresh = new ResponseParser(piece -> {});
            try {
                fresh.take(ByteBuffer.wrap(bytes), 0, bytes.length);
                fresh.end();
            } catch (IOException e) {
                assertThat(e).as("seed %d", seed).hasMessageMatching(".+");
            }
        }
    }
}
