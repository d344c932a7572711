package dev.flipside.cli.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.cli.CommandRun;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.stream.StreamSupport;

/** What a command over rows has printed. */
final class RowRun {
    private static final ObjectMapper JSON = new ObjectMapper();

    private RowRun() {}

    /** The results, of a run that succeeded. */
    static List<JsonNode> results(CommandRun run) {
        assertThat(run.exitCode()).as(run.err()).isZero();
        return run.out().lines().map(RowRun::parse).toList();
    }

    static JsonNode parse(String json) {
        try {
            return JSON.readTree(json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<Integer> ints(JsonNode result, String column) {
        return StreamSupport.stream(result.path(column).spliterator(), false)
                .map(JsonNode::asInt)
                .toList();
    }

    static double[] doubles(JsonNode result, String column) {
        return StreamSupport.stream(result.path(column).spliterator(), false)
                .mapToDouble(JsonNode::asDouble)
                .toArray();
    }
}
