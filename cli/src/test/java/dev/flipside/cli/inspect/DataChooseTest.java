package dev.flipside.cli.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.cli.CommandRun;
import dev.flipside.cli.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataChooseTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    static Path folder;

    private static Path rewardModel;
    private static Path pairs;

    @BeforeAll
    static void models() throws IOException {
        rewardModel = TinyModel.rewardModel(TinyModel.policy(folder.resolve("policy")), folder.resolve("rm"), 0);
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            rows.add("{\"prompt\": \"question %1$d\", \"chosen\": \"yes %1$d\", \"rejected\": \"no %1$d\"}"
                    .formatted(i));
        }
        rows.add(
                "{\"prompt\": [{\"role\": \"system\", \"content\": \"s\"}, {\"role\": \"user\", \"content\": \"q\"}], \"chosen\": [{\"role\": \"assistant\", \"content\": \"a\"}], \"rejected\": [{\"role\": \"assistant\", \"content\": \"b\"}]}");
        pairs = Files.write(folder.resolve("pairs.jsonl"), rows);
    }

    private static CommandRun choose(Path output, String... more) {
        List<String> all = new ArrayList<>(List.of(
                "data", "choose", pairs.toString(), "--model", rewardModel.toString(), "--output", output.toString()));
        all.addAll(List.of(more));
        return CommandRun.of(all.toArray(String[]::new));
    }

    /** Margins of the file are those of score, and those below 0 are the contradicted ones. */
    @Test
    void whatIsChosenIsReadAgainAndSaysWhereItCameFrom() throws IOException {
        Path output = folder.resolve("deep/chosen.jsonl");
        JsonNode told = choose(output, "--count", "8", "--json").json();
        assertThat(told.get("pairs").intValue()).isEqualTo(21);
        List<String> lines = Files.readAllLines(output);
        assertThat(lines).hasSize(8);
        int contradicted = 0;
        for (String line : lines) {
            JsonNode row = JSON.readTree(line);
            int pair = row.get("pair").intValue();
            JsonNode from = JSON.readTree(Files.readAllLines(pairs).get(pair - 1));
            assertThat(row.get("prompt")).isEqualTo(from.get("prompt"));
            assertThat(row.get("chosen")).isEqualTo(from.get("chosen"));
            assertThat(row.get("rejected")).isEqualTo(from.get("rejected"));
            contradicted += row.get("reward_margin").doubleValue() < 0 ? 1 : 0;
        }
        assertThat(told.get("contradicted").intValue()).isEqualTo(contradicted).isGreaterThanOrEqualTo(4);
        CommandRun again = CommandRun.of("data", "inspect", output.toString());
        assertThat(again.exitCode()).as(again.err()).isZero();
    }

    @Test
    void ofAFileWithFewerPairsAllAreChosen() throws IOException {
        Path output = folder.resolve("all.jsonl");
        assertThat(choose(output).out()).contains("chosen", "21");
        assertThat(Files.readString(output)).contains("\"role\":\"system\"");
    }

    @Test
    void aPromptThatFillsTheContextIsNamed() throws IOException {
        Path file = Files.writeString(
                folder.resolve("long.jsonl"),
                "{\"prompt\": \"%s\", \"chosen\": \"a\", \"rejected\": \"b\"}%n"
                        .formatted("x y ".repeat(TinyModel.CONTEXT)));
        CommandRun refused = CommandRun.of(
                "data",
                "choose",
                file.toString(),
                "--model",
                rewardModel.toString(),
                "--output",
                folder.resolve("long.out").toString());
        assertThat(refused.exitCode()).isEqualTo(2);
        assertThat(refused.err()).contains("the prompt of pair 1 of", "leaves no room for an answer", "context of 96");
        assertThat(folder.resolve("long.out")).doesNotExist();
    }

    @Test
    void labelsThatAreThereAreNotOverwritten() throws IOException {
        Path there = Files.writeString(folder.resolve("there.jsonl"), "mine");
        CommandRun refused = choose(there);
        assertThat(refused.exitCode()).isEqualTo(2);
        assertThat(refused.err())
                .contains("there.jsonl exists already, and may hold what somebody has written by hand");
        assertThat(there).hasContent("mine");
        assertThat(choose(folder.resolve("none.jsonl"), "--count", "0").err())
                .contains("--count 0: choose at least one pair.");
    }
}
