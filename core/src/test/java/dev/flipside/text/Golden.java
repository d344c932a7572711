package dev.flipside.text;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.TestResources;
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
        return TestResources.path("text/" + name);
    }

    static JsonNode read() {
        return TestResources.json("text/golden.json");
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
