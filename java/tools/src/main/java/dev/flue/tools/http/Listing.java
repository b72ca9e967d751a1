// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.http;

import dev.flue.tools.output.Sizes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A directory as a page of links. */
final class Listing {
    /** More are not shown: building the page holds up every other connection. */
    static final int MAX_ENTRIES = 10_000;

    private Listing() {}

    static byte[] of(List<String> segments, Path directory) throws IOException {
        String title = escape("/" + String.join("/", segments) + (segments.isEmpty() ? "" : "/"));
        StringBuilder page = new StringBuilder();
        page.append("<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>");
        page.append(title).append("</title></head>\n<body><h1>").append(title);
        page.append("</h1>\n<ul>\n");
        if (!segments.isEmpty()) {
            page.append("<li><a href=\"../\">../</a></li>\n");
        }
        List<Path> entries = entries(directory);
        for (Path entry : entries) {
            append(page, entry);
        }
        page.append("</ul>\n");
        if (entries.size() == MAX_ENTRIES) {
            page.append("<p>Only ").append(MAX_ENTRIES).append(" entries are shown.</p>\n");
        }
        return page.append("</body></html>\n").toString().getBytes(StandardCharsets.UTF_8);
    }

    private static List<Path> entries(Path directory) throws IOException {
        List<Path> entries = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory)) {
            for (Path entry : stream) {
                entries.add(entry);
                if (entries.size() == MAX_ENTRIES) {
                    break;
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        entries.sort(null);
        return entries;
    }

    private static void append(StringBuilder page, Path entry) {
        String name = entry.getFileName().toString();
        String slash = Files.isDirectory(entry) ? "/" : "";
        page.append("<li><a href=\"").append(PercentCoding.encode(name)).append(slash);
        page.append("\">").append(escape(name)).append(slash).append("</a>");
        if (slash.isEmpty()) {
            try {
                page.append(' ').append(Sizes.format(Files.size(entry)));
            } catch (IOException e) {
                // Gone meanwhile, or a dangling link: listed without a size.
            }
        }
        page.append("</li>\n");
    }

    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }
}
