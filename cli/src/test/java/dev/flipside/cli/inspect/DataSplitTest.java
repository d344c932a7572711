package dev.flipside.cli.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.cli.CommandRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DataSplitTest {
    @TempDir
    Path folder;

    private Path pairs;

    @BeforeEach
    void write() throws IOException {
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            rows.add(
                    "{\"prompt\": \"q%d\", \"chosen\": \"good\", \"rejected\": \"bad\", \"note\": %d}".formatted(i, i));
        }
        pairs = Files.write(folder.resolve("pairs.jsonl"), rows);
    }

    private CommandRun data(String command, String... more) {
        List<String> all = new ArrayList<>(List.of("data", command, pairs.toString()));
        all.addAll(List.of(more));
        return CommandRun.of(all.toArray(String[]::new));
    }

    private static List<JsonNode> rows(Path file) throws IOException {
        List<JsonNode> rows = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            rows.add(new ObjectMapper().readTree(line));
        }
        return rows;
    }

    @Test
    void everyRowGoesToOneOfTheTwoFilesAsItWas() throws IOException {
        Path out = folder.resolve("deep/split");
        CommandRun run =
                data("split", "--held-out", "0.25", "--output", out.toString()).succeeded();
        assertThat(run.out().replaceAll(" +", " ")).contains("train.jsonl 15", "held-out.jsonl 5");
        List<JsonNode> all = rows(out.resolve("train.jsonl"));
        assertThat(all).hasSize(15);
        all.addAll(rows(out.resolve("held-out.jsonl")));
        assertThat(all).containsExactlyInAnyOrderElementsOf(rows(pairs));

        JsonNode json = data(
                        "split",
                        "--held-out",
                        "5",
                        "--output",
                        folder.resolve("again").toString(),
                        "--json")
                .succeeded()
                .json();
        assertThat(json.get("held_out").intValue()).isEqualTo(5);
        assertThat(folder.resolve("again/held-out.jsonl")).hasSameTextualContentAs(out.resolve("held-out.jsonl"));
        assertThat(data("split", "--held-out", "5", "--output", out.toString()).err())
                .contains("train.jsonl exists already");
    }

    @Test
    void labelsAreTurnedRoundAndSayIt() throws IOException {
        Path out = folder.resolve("flipped.jsonl");
        CommandRun run =
                data("flip", "--share", "0.3", "--output", out.toString()).succeeded();
        assertThat(run.out().replaceAll(" +", " ")).contains("pairs 20", "turned round 6");
        List<JsonNode> rows = rows(out);
        assertThat(rows).hasSize(20).allSatisfy(row -> assertThat(
                        row.get("chosen").asText().equals("bad"))
                .isEqualTo(row.get("flipped").booleanValue()));
        assertThat(rows.stream().filter(row -> row.get("flipped").booleanValue()))
                .hasSize(6);
        // Training reads it.
        assertThat(CommandRun.of("data", "inspect", out.toString(), "--json")
                        .json()
                        .at("/pairs/usable")
                        .intValue())
                .isEqualTo(20);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "split | --held-out=20   | --held-out 20: of the 20 rows",
                "split | --held-out=0    | --held-out 0: of the 20 rows",
                "split | --held-out=0.01 | --held-out 0.01: of the 20 rows",
                "split | --held-out=half | --held-out 'half' is neither a number of rows nor a share",
                "flip  | --share=0       | --share 0.0 is no share of the labels",
                "flip  | --share=1.5     | --share 1.5 is no share of the labels"
            })
    void wrongNumbersAreNamed(String command, String option, String message) {
        CommandRun run = data(command, option, "--output", folder.resolve("x").toString());
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains(message);
        assertThat(folder.resolve("x")).doesNotExist();
    }

    @Test
    void whatIsThereIsKeptAndPromptsOfManyRowsAreNamed() throws IOException {
        assertThat(data("flip", "--share", "1", "--output", pairs.toString()).err())
                .contains("exists already, and may hold what somebody has written by hand");
        pairs = Files.write(
                folder.resolve("one.jsonl"),
                List.of(
                        "{\"prompt\": \"q\", \"chosen\": \"a\", \"rejected\": \"b\"}",
                        "{\"prompt\": \"q\", \"chosen\": \"c\", \"rejected\": \"d\"}"));
        assertThat(data(
                                "split",
                                "--held-out",
                                "1",
                                "--output",
                                folder.resolve("y").toString())
                        .err())
                .contains("every prompt of", "the rows of a prompt stay together; hold out more");
    }
}
