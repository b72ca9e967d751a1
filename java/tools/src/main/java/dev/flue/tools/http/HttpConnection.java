// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.http;

import dev.flue.data.ConnectionHandler;
import dev.flue.data.OffloadConnection;
import dev.flue.data.SendClaim;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * One client: takes a request, sends its response as room comes, then takes the next one. Requests
 * that wait stay in the connection's receive buffer, so a client that only asks is slowed down by
 * its own window. All calls on the stack's thread.
 */
final class HttpConnection implements ConnectionHandler {
    private static final int RECEIVE_LIMIT = 64 * 1024;

    private final HttpServer server;
    private final RequestParser parser = new RequestParser();
    private OffloadConnection connection;
    private ByteBuffer head;
    private Body body;
    private boolean keepAlive = true;
    private boolean closing;
    private long idleSince;
    private long sinceHandOver;
    private boolean offloadAgain;

    HttpConnection(HttpServer server) {
        this.server = server;
        this.idleSince = server.now();
    }

    @Override
    public void onConnected(OffloadConnection accepted) {
        connection = accepted;
        idleSince = server.now();
    }

    @Override
    public void onReadable(OffloadConnection readable) {
        connection = readable;
        advance();
    }

    @Override
    public void onWritable(OffloadConnection writable) {
        advance();
    }

    @Override
    public void onOffloadChanged(OffloadConnection changed) {
        if (!changed.offloaded() && offloadAgain) {
            offloadAgain = false;
            if (!closing) {
                changed.offload();
            }
        }
    }

    @Override
    public void onClosed(OffloadConnection gone, String cause) {
        closing = true;
        endResponse();
        server.closed(this);
    }

    /** Whether it was closed for having been without a request since before {@code limit}. */
    boolean closeIfIdleSince(long limit) {
        if (connection == null || closing || head != null || idleSince - limit > 0) {
            return false;
        }
        finish();
        return true;
    }

    /** Send, and take requests, as far as it goes now. */
    private void advance() {
        while (!closing) {
            if (head != null) {
                if (!sendResponse()) {
                    return;
                }
            } else if (!takeRequest()) {
                return;
            }
        }
    }

    /** Whether there is a response to send now, or the connection is closing. */
    private boolean takeRequest() {
        int taken = connection.receive(parser::take, RECEIVE_LIMIT);
        if (parser.failed()) {
            server.countRequest();
            keepAlive = false;
            start(HttpResponse.error(parser.status(), parser.problem()));
            return true;
        }
        if (parser.complete()) {
            server.countRequest();
            HttpRequest request = parser.request();
            parser.next();
            HttpResponse response = server.responder().respond(request);
            keepAlive = request.keepAlive() && !response.mustClose();
            start(response);
            return true;
        }
        if (connection.endOfStream()) {
            finish();
            return true;
        }
        return taken > 0 && connection.available() > 0;
    }

    private void start(HttpResponse response) {
        head = ByteBuffer.wrap(response.head(server.clock().instant(), keepAlive));
        body = response.body();
    }

    /** Whether all of it is taken by the connection, or the connection is closing. */
    private boolean sendResponse() {
        try {
            if (head.hasRemaining()) {
                count(connection.send(head));
                if (head.hasRemaining()) {
                    return false;
                }
            }
            while (body.remaining() > 0) {
                if (!sendBody()) {
                    return false;
                }
            }
        } catch (IOException e) {
            // The length is promised already: a reset is the only honest end.
            closing = true;
            endResponse();
            connection.abort();
            return true;
        }
        endResponse();
        if (!keepAlive) {
            finish();
        }
        idleSince = server.now();
        return true;
    }

    /** A file is read straight into memory that is sent from. */
    private boolean sendBody() throws IOException {
        SendClaim claim = server.claim();
        long most = Math.min(body.remaining(), connection.maxClaim());
        int length = (int) Math.min(most, Math.max(1, connection.sendRoom()));
        if (!connection.tryClaim(length, claim)) {
            return false;
        }
        int filled;
        try {
            body.peek(claim.buffer());
            filled = claim.buffer().position() - claim.offset();
        } catch (IOException | RuntimeException e) {
            claim.abort();
            throw e;
        }
        if (!claim.commit(filled)) {
            return false;
        }
        body.sent(filled);
        count(filled);
        return true;
    }

    private void count(int taken) {
        server.countSent(taken);
        sinceHandOver += taken;
        if (server.handOverBytes() > 0
                && sinceHandOver >= server.handOverBytes()
                && !offloadAgain
                && connection.offloaded()) {
            sinceHandOver = 0;
            offloadAgain = true;
            server.countHandOver();
            connection.upload();
        }
    }

    private void endResponse() {
        head = null;
        if (body != null) {
            body.close();
            body = null;
        }
    }

    private void finish() {
        closing = true;
        connection.close();
    }
}
