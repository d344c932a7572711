package dev.flipside.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** What {@code make_golden.py} wrote with transformers, and the moment it took for now. */
final class Golden {
    static final Clock CLOCK = Clock.fixed(Instant.parse("2025-03-07T09:05:03Z"), ZoneOffset.UTC);

    private Golden() {}

    static Path resource(String name) {
        try {
            return Path.of(Golden.class.getResource("/text/" + name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static JsonNode read() {
        try {
            return new ObjectMapper().readTree(resource("golden.json").toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Conversation conversation(JsonNode messages) {
        return new Conversation(stream(messages)
                .map(message -> new Message(
                        message.path("role").asText(), message.path("content").asText()))
                .toList());
    }

    static int[] ids(JsonNode array) {
        return stream(array).mapToInt(JsonNode::asInt).toArray();
    }

    static List<JsonNode> list(JsonNode array) {
        return stream(array).toList();
    }

    private static Stream<JsonNode> stream(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false);
    }
}
