package dev.flipside.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Map;

/** One command line run inside this process. */
public record CommandRun(int exitCode, String out, String err) {
    private static final ObjectMapper JSON = new ObjectMapper();

    public static CommandRun of(String... args) {
        return withInput("", args);
    }

    public static CommandRun withInput(String input, String... args) {
        return with(System.getenv(), input, args);
    }

    /** With environment variables of its own. */
    public static CommandRun with(Map<String, String> environment, String input, String... args) {
        Captured captured = new Captured();
        int exitCode = Main.run(captured.streams(input, 0, environment), args);
        return new CommandRun(exitCode, captured.out(), captured.err());
    }

    /** This run, which must have ended well. */
    public CommandRun succeeded() {
        assertThat(exitCode).as(err).isZero();
        return this;
    }

    /** The result, which is a line of JSON; some commands print one with a complaint, too. */
    public JsonNode json() {
        assertThat(out.lines()).as(err).hasSize(1);
        try {
            return JSON.readTree(out);
        } catch (JsonProcessingException e) {
            throw new AssertionError(out, e);
        }
    }
}
