// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.http;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/** Answers requests from a directory: GET and HEAD, conditions, one range, listings. */
final class FileResponder {
    private final DocumentRoot root;

    FileResponder(DocumentRoot root) {
        this.root = root;
    }

    /** The answer. Its body is the caller's to close. */
    HttpResponse respond(HttpRequest request) {
        boolean head = request.method().equals("HEAD");
        if (!head && !request.method().equals("GET")) {
            return HttpResponse.error(405, "only GET and HEAD").header("Allow", "GET, HEAD");
        }
        HttpResponse response = find(request);
        if (head) {
            response.dropBody();
        }
        return response;
    }

    private HttpResponse find(HttpRequest request) {
        List<String> segments = DocumentRoot.segments(request.target());
        if (segments == null) {
            return HttpResponse.error(400, "the target is malformed");
        }
        Path path = root.resolve(segments);
        if (path == null) {
            return HttpResponse.error(404, "");
        }
        boolean slash = request.target().split("[?#]", 2)[0].endsWith("/") || segments.isEmpty();
        try {
            BasicFileAttributes attributes =
                    Files.readAttributes(
                            path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            if (attributes.isDirectory()) {
                return slash ? listing(segments, path) : redirect(segments);
            }
            // Anything else, such as a FIFO, could hold up the whole server when opened.
            return attributes.isRegularFile() && !slash
                    ? file(request, path, attributes)
                    : HttpResponse.error(404, "");
        } catch (java.nio.file.AccessDeniedException e) {
            return HttpResponse.error(403, "");
        } catch (IOException e) {
            return HttpResponse.error(404, "");
        }
    }

    private static HttpResponse listing(List<String> segments, Path path) throws IOException {
        return new HttpResponse(200)
                .header("Content-Type", "text/html; charset=utf-8")
                .body(Listing.of(segments, path));
    }

    /** Relative links of a listing need the slash at the end. */
    private static HttpResponse redirect(List<String> segments) {
        StringBuilder location = new StringBuilder("/");
        for (String segment : segments) {
            location.append(PercentCoding.encode(segment)).append('/');
        }
        return HttpResponse.error(301, "").header("Location", location.toString());
    }

    private static HttpResponse file(HttpRequest request, Path path, BasicFileAttributes attributes)
            throws IOException {
        Instant modified = attributes.lastModifiedTime().toInstant();
        long size = attributes.size();
        String tag =
                '"'
                        + Long.toHexString(modified.getEpochSecond())
                        + '-'
                        + Integer.toHexString(modified.getNano())
                        + '-'
                        + Long.toHexString(size)
                        + '"';
        if (notModified(request, tag, modified)) {
            return validators(new HttpResponse(304), tag, modified);
        }
        ByteRange range = new ByteRange(ByteRange.Kind.WHOLE, 0, 0);
        if (request.method().equals("GET") && rangeApplies(request, tag, modified)) {
            range = ByteRange.parse(request.header("range"), size);
        }
        if (range.kind() == ByteRange.Kind.UNSATISFIABLE) {
            return HttpResponse.error(416, "").header("Content-Range", "bytes */" + size);
        }
        FileChannel channel =
                FileChannel.open(path, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
        boolean part = range.kind() == ByteRange.Kind.PART;
        HttpResponse response = new HttpResponse(part ? 206 : 200);
        response.header("Content-Type", ContentTypes.of(path.getFileName().toString()));
        response.header("Accept-Ranges", "bytes");
        validators(response, tag, modified);
        if (!part) {
            return response.body(Body.of(channel, 0, size));
        }
        long last = range.first() + range.length() - 1;
        response.header("Content-Range", "bytes " + range.first() + '-' + last + '/' + size);
        return response.body(Body.of(channel, range.first(), range.length()));
    }

    private static HttpResponse validators(HttpResponse response, String tag, Instant modified) {
        return response.header("ETag", tag).header("Last-Modified", HttpDates.format(modified));
    }

    private static boolean notModified(HttpRequest request, String tag, Instant modified) {
        String tags = request.header("if-none-match");
        if (!tags.isEmpty()) {
            // Weak comparison (RFC 9110, 13.1.2).
            return tags.strip().equals("*")
                    || request.headerHas("if-none-match", tag)
                    || request.headerHas("if-none-match", "W/" + tag);
        }
        Instant since = HttpDates.parse(request.header("if-modified-since"));
        return since != null && !modified.truncatedTo(ChronoUnit.SECONDS).isAfter(since);
    }

    private static boolean rangeApplies(HttpRequest request, String tag, Instant modified) {
        String condition = request.header("if-range");
        if (condition.isEmpty() || condition.equals(tag)) {
            return true;
        }
        Instant date = HttpDates.parse(condition);
        return date != null && date.equals(modified.truncatedTo(ChronoUnit.SECONDS));
    }
}
