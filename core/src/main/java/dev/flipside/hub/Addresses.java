package dev.flipside.hub;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Collectors;

/** Names as parts of a web address. */
final class Addresses {
    private Addresses() {}

    /** One segment: a slash within it is encoded too, as the Hub wants it for revisions. */
    static String encoded(String segment) {
        return URLEncoder.encode(segment, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** Segments, each encoded. */
    static String path(String path) {
        return Arrays.stream(path.split("/", -1)).map(Addresses::encoded).collect(Collectors.joining("/"));
    }
}
