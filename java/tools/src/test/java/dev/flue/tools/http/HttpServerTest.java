// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HttpServerTest {
    private static final Instant NOW = Instant.parse("2026-11-21T10:00:00Z");

    @TempDir private Path temp;
    private Path dir;
    private HttpServer server;

    @BeforeEach
    void makeFiles() throws IOException {
        dir = Files.createDirectory(temp.resolve("www"));
        Files.writeString(temp.resolve("secret.txt"), "secret");
        Files.writeString(dir.resolve("ten.txt"), "0123456789");
        Files.setLastModifiedTime(dir.resolve("ten.txt"), FileTime.from(NOW.minusSeconds(60)));
        Files.createDirectory(dir.resolve("sub"));
        Files.writeString(dir.resolve("sub/<a&b> \"c\".html"), "odd");
        server = server(0);
    }

    private HttpServer server(long handOverBytes) throws IOException {
        return new HttpServer(dir, InstantSource.fixed(NOW), handOverBytes);
    }

    private FakeConnection connect() {
        return new FakeConnection(server.newConnection());
    }

    private String answer(String method, String target, String... headers) {
        FakeConnection connection = connect();
        connection.arrives(
                method
                        + " "
                        + target
                        + " HTTP/1.1\r\nHost: x\r\n"
                        + (headers.length == 0 ? "" : String.join("\r\n", headers) + "\r\n")
                        + "\r\n");
        return connection.sent();
    }

    private static String body(String response) {
        return response.substring(response.indexOf("\r\n\r\n") + 4);
    }

    @Test
    void sendsAFileWithItsLengthTypeAndValidators() {
        assertThat(answer("GET", "/ten.txt"))
                .startsWith("HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 10:00:00 GMT\r\n")
                .contains("\r\nContent-Length: 10\r\n")
                .contains("\r\nContent-Type: text/plain; charset=utf-8\r\n")
                .contains("\r\nLast-Modified: Sat, 21 Nov 2026 09:59:00 GMT\r\n")
                .contains("\r\nConnection: keep-alive\r\n")
                .endsWith("\r\n\r\n0123456789");
    }

    @Test
    void answersHeadWithTheHeadersOfGetAndNoBody() {
        String get = answer("GET", "/ten.txt");
        assertThat(answer("HEAD", "/ten.txt")).isEqualTo(get.replace("0123456789", ""));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/../secret.txt",
                "/%2e%2e/secret.txt",
                "/sub/../../secret.txt",
                "/sub/%2E%2e/%2e./secret.txt",
                "/..%2fsecret.txt",
                "/%2e%2e%2fsecret.txt",
                "//../secret.txt",
                "/sub/..//../secret.txt",
                "/link.txt",
                "/linkdir/secret.txt",
                "http://x/../secret.txt",
            })
    void nothingOutsideTheDirectoryCanBeNamed(String target) throws IOException {
        Files.createSymbolicLink(dir.resolve("link.txt"), temp.resolve("secret.txt"));
        Files.createSymbolicLink(dir.resolve("linkdir"), temp);
        assertThat(answer("GET", target)).startsWith("HTTP/1.1 404 ").doesNotContain("secret");
    }

    @Test
    void followsALinkThatStaysInside() throws IOException {
        Files.createSymbolicLink(dir.resolve("inside.txt"), Path.of("ten.txt"));
        assertThat(answer("GET", "/inside.txt")).endsWith("0123456789");
    }

    @ParameterizedTest
    @CsvSource({
        "bytes=0-3, 206, 0123, bytes 0-3/10",
        "bytes=4-4, 206, 4, bytes 4-4/10",
        "bytes=7-, 206, 789, bytes 7-9/10",
        "bytes=-3, 206, 789, bytes 7-9/10",
        "bytes=-99, 206, 0123456789, bytes 0-9/10",
        "bytes=5-99, 206, 56789, bytes 5-9/10",
        "bytes=10-, 416, '', bytes */10",
        "bytes=99-100, 416, '', bytes */10",
        "bytes=-0, 416, '', bytes */10",
        "bytes=3-1, 200, 0123456789, ''",
        "'bytes=0-1,4-5', 200, 0123456789, ''",
        "bytes=x-y, 200, 0123456789, ''",
        "bytes=-, 200, 0123456789, ''",
        "lines=0-3, 200, 0123456789, ''",
        "bytes=99999999999999999999-, 200, 0123456789, ''",
    })
    void answersRanges(String range, int status, String expected, String contentRange) {
        String response = answer("GET", "/ten.txt", "Range: " + range);
        assertThat(response).startsWith("HTTP/1.1 " + status + " ");
        if (status != 416) {
            assertThat(body(response)).isEqualTo(expected);
        }
        if (contentRange.isEmpty()) {
            assertThat(response).doesNotContain("Content-Range");
        } else {
            assertThat(response).contains("\r\nContent-Range: " + contentRange + "\r\n");
        }
    }

    @Test
    void sendsTheWholeFileWhenIfRangeNamesAnotherVersion() {
        assertThat(answer("GET", "/ten.txt", "Range: bytes=0-3", "If-Range: \"other\""))
                .startsWith("HTTP/1.1 200 ");
        assertThat(
                        answer(
                                "GET",
                                "/ten.txt",
                                "Range: bytes=0-3",
                                "If-Range: Sat, 21 Nov 2026 09:59:00 GMT"))
                .startsWith("HTTP/1.1 206 ");
    }

    @Test
    void answersNotModifiedToWhatTheClientHas() {
        String tag = answer("GET", "/ten.txt").replaceAll("(?s).*\r\nETag: ([^\r]*)\r\n.*", "$1");
        assertThat(answer("GET", "/ten.txt", "If-None-Match: " + tag))
                .startsWith("HTTP/1.1 304 ")
                .endsWith("\r\n\r\n");
        assertThat(answer("GET", "/ten.txt", "If-Modified-Since: Sat, 21 Nov 2026 09:59:00 GMT"))
                .startsWith("HTTP/1.1 304 ");
        assertThat(answer("GET", "/ten.txt", "If-Modified-Since: Sat, 21 Nov 2026 09:58:59 GMT"))
                .startsWith("HTTP/1.1 200 ");
    }

    @Test
    void listsADirectoryWithEscapedNames() {
        assertThat(answer("GET", "/sub/"))
                .startsWith("HTTP/1.1 200 ")
                .contains("<a href=\"%3Ca%26b%3E%20%22c%22.html\">")
                .contains("&lt;a&amp;b&gt; &quot;c&quot;.html")
                .doesNotContain("<a&b>");
        assertThat(answer("GET", "/sub/%3Ca%26b%3E%20%22c%22.html")).endsWith("odd");
    }

    @Test
    void redirectsADirectoryToItsNameWithASlash() {
        assertThat(answer("GET", "/sub"))
                .startsWith("HTTP/1.1 301 ")
                .contains("\r\nLocation: /sub/\r\n");
        assertThat(answer("GET", "/ten.txt/")).startsWith("HTTP/1.1 404 ");
    }

    @Test
    void answersPipelinedRequestsInOrderHoweverTheBytesAreCut() {
        String requests =
                "GET /ten.txt HTTP/1.1\r\nHost: x\r\n\r\n"
                        + "HEAD /none HTTP/1.1\r\nHost: x\r\n\r\n"
                        + "POST /ten.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"
                        + "GET /ten.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        FakeConnection whole = connect();
        whole.arrives(requests);
        assertThat(whole.sent().split("HTTP/1.1 ")).hasSize(5);
        assertThat(whole.sent()).containsSubsequence("200 OK", "404 Not", "405 Method", "200 OK");
        assertThat(whole.closed).isTrue();
        FakeConnection cut = connect();
        for (char c : requests.toCharArray()) {
            cut.arrives(String.valueOf(c));
        }
        assertThat(cut.sent()).isEqualTo(whole.sent());
    }

    @Test
    void leavesLaterRequestsWithTheConnectionUntilTheFirstIsAnswered() {
        FakeConnection connection = connect();
        connection.room(5);
        String request = "GET /ten.txt HTTP/1.1\r\nHost: x\r\n\r\n";
        connection.arrives(request + request);
        assertThat(connection.unread()).isEqualTo(request.length());
        connection.room(10_000);
        assertThat(connection.unread()).isZero();
        assertThat(connection.sent().split("HTTP/1.1 200")).hasSize(3);
    }

    @Test
    void goesOnWhereASlowClientLetItAndSendsEveryByteOnce() throws IOException {
        byte[] content = new byte[300_000];
        new Random(1).nextBytes(content);
        Files.write(dir.resolve("big.bin"), content);
        FakeConnection connection = connect();
        connection.room(100);
        connection.arrives("GET /big.bin HTTP/1.0\r\n\r\n");
        Random random = new Random(2);
        for (int i = 0; i < 10_000 && !connection.closed; i++) {
            connection.room(1 + random.nextInt(20_000));
        }
        byte[] sent = connection.sentBytes();
        String head = new String(sent, StandardCharsets.ISO_8859_1);
        int bodyAt = head.indexOf("\r\n\r\n") + 4;
        assertThat(java.util.Arrays.copyOfRange(sent, bodyAt, sent.length)).isEqualTo(content);
        assertThat(connection.closed).isTrue();
    }

    @Test
    void resetsWhenAFileBecomesShorterThanPromised() throws IOException {
        Path file = dir.resolve("shrinks.bin");
        Files.write(file, new byte[300_000]);
        FakeConnection connection = connect();
        connection.room(1000);
        connection.arrives("GET /shrinks.bin HTTP/1.1\r\nHost: x\r\n\r\n");
        Files.write(file, new byte[10]);
        connection.room(1_000_000);
        assertThat(connection.aborted).isTrue();
        assertThat(server.connectionCount()).isZero();
    }

    @Test
    void takesAConnectionBackEachTimeItSentSoMuchAndOffloadsItAgain() throws IOException {
        Files.write(dir.resolve("big.bin"), new byte[400_000]);
        server = server(100_000);
        FakeConnection connection = connect();
        connection.room(150_000);
        connection.arrives("GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n");
        assertThat(connection.uploads).isEqualTo(1);
        connection.room(100_000);
        assertThat(connection.uploads).as("one at a time").isEqualTo(1);
        connection.offloadChanges(false);
        assertThat(connection.offloads).isEqualTo(1);
        connection.room(100_000);
        assertThat(connection.uploads).as("not while it is on the host stack").isEqualTo(1);
        connection.offloadChanges(true);
        connection.room(100_000);
        assertThat(connection.uploads).isEqualTo(2);
        assertThat(server.handOvers()).isEqualTo(2);
    }

    @Test
    void closesAfterThePeerHasClosedAndTheResponseIsOut() {
        FakeConnection connection = connect();
        connection.room(10);
        connection.arrives("GET /ten.txt HTTP/1.1\r\nHost: x\r\n\r\n");
        connection.peerCloses();
        assertThat(connection.closed).isFalse();
        connection.room(10_000);
        assertThat(connection.sent()).endsWith("0123456789");
        assertThat(connection.closed).isTrue();
    }

    @Test
    void closesAConnectionThatAsksForNothing() {
        server.doWork(1_000_000_000L);
        FakeConnection connection = connect();
        server.doWork(2_000_000_000L + HttpServer.IDLE_NANOS / 2);
        assertThat(connection.closed).isFalse();
        server.doWork(3_000_000_000L + HttpServer.IDLE_NANOS);
        assertThat(connection.closed).isTrue();
        connection.gone("");
        assertThat(server.connectionCount()).isZero();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "GET /%zz HTTP/1.1~Host: x~~ | 400",
                "GET /%2 HTTP/1.1~Host: x~~ | 400",
                "GET /a%00b HTTP/1.1~Host: x~~ | 400",
                "GET /%ff HTTP/1.1~Host: x~~ | 400",
                "GET /ten.txt HTTP/1.1~~ | 400",
                "GET /ten.txt HTTP/1.1~Host: x~Host: y~~ | 400",
                "GET  /ten.txt HTTP/1.1~Host: x~~ | 400",
                "GET /ten.txt~~ | 400",
                "GET /ten.txt HTTP/1.1~Host : x~~ | 400",
                "GET /ten.txt HTTP/1.1~Host: x~ folded~~ | 400",
                "GET /ten.txt HTTP/1.1~Host: x~Content-Length: 1~Content-Length: 2~~ | 400",
                "GET /ten.txt HTTP/1.1~Host: x~Content-Length: -1~~ | 400",
                "G@T /ten.txt HTTP/1.1~Host: x~~ | 400",
                "GET * HTTP/1.1~Host: x~~ | 400",
                "GET /none HTTP/1.1~Host: x~~ | 404",
                "DELETE /ten.txt HTTP/1.1~Host: x~~ | 405",
                "GET /ten.txt HTTP/1.1~Host: x~Content-Length: 99999999~~ | 413",
                "GET /ten.txt HTTP/1.1~Host: x~Transfer-Encoding: chunked~~ | 501",
                "GET /ten.txt HTTP/2.0~Host: x~~ | 505",
                "~~GET /ten.txt HTTP/1.1~Host: x~~ | 200",
            })
    void answersWhatIsWrongWithTheRightStatus(String request, int status) {
        FakeConnection connection = connect();
        connection.arrives(request.replace("~", "\r\n"));
        assertThat(connection.sent()).startsWith("HTTP/1.1 " + status + " ");
    }

    @Test
    void limitsTheRequestLineAndTheHeader() {
        FakeConnection longLine = connect();
        longLine.arrives("GET /" + "a".repeat(RequestParser.MAX_REQUEST_LINE));
        assertThat(longLine.sent()).startsWith("HTTP/1.1 414 ");
        assertThat(longLine.closed).isTrue();
        FakeConnection longHeader = connect();
        longHeader.arrives("GET / HTTP/1.1\r\nA: " + "a".repeat(RequestParser.MAX_HEAD));
        assertThat(longHeader.sent()).startsWith("HTTP/1.1 431 ");
        FakeConnection manyFields = connect();
        manyFields.arrives("GET / HTTP/1.1\r\nHost: x\r\n" + "A: b\r\n".repeat(200) + "\r\n");
        assertThat(manyFields.sent()).startsWith("HTTP/1.1 431 ");
    }

    @Test
    void survivesWhateverBytesComeAndAnswersOnlyHttp() {
        String valid = "GET /ten.txt HTTP/1.1\r\nHost: x\r\nRange: bytes=2-5\r\n\r\n";
        for (int seed = 0; seed < 3000; seed++) {
            Random random = new Random(seed);
            byte[] bytes = valid.getBytes(StandardCharsets.ISO_8859_1);
            for (int i = random.nextInt(6); i >= 0; i--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            FakeConnection connection = connect();
            connection.arrives(bytes);
            if (!connection.closed) {
                connection.peerCloses();
            }
            assertThat(connection.closed).as("seed %d", seed).isTrue();
            assertThat(connection.sent())
                    .as("seed %d", seed)
                    .matches("(?s)(HTTP/1\\.1 \\d{3} .*)?");
        }
    }
}
