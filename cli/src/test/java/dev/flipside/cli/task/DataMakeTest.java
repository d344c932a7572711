package dev.flipside.cli.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.cli.CommandRun;
import dev.flipside.cli.StoryRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataMakeTest {
    private static final List<String> SMALL = List.of(
            "--prompts",
            "20",
            "--held-out-prompts",
            "5",
            "--pairs",
            "20",
            "--held-out",
            "8",
            "--trusted",
            "6",
            "--max-completion-length",
            "12");

    @TempDir
    Path folder;

    private CommandRun small(String output, String... more) {
        return make(output, Stream.concat(SMALL.stream(), Stream.of(more)).toArray(String[]::new));
    }

    private CommandRun make(String output, String... more) {
        List<String> command = List.of(
                "data",
                "make",
                "stories",
                "--model",
                StoryRun.model().toString(),
                "--output",
                folder.resolve(output).toString());
        return CommandRun.of(Stream.concat(command.stream(), Stream.of(more)).toArray(String[]::new));
    }

    @Test
    void filesAndTheirFiguresAreMade() throws IOException {
        CommandRun run = small("made", "--seed", "3", "--flipped", "0").succeeded();
        assertThat(run.err()).contains("make: 34 pairs", "34/34 pairs");
        assertThat(run.out().replaceAll(" +", " "))
                .contains("file rows gap longer chosen, % turned round, %")
                .containsPattern("labelled-pairs.jsonl 20 0\\.\\d+ \\d+\\.\\d 0\\.0")
                .contains("trusted-pairs.jsonl 6 ", "gold reward, std within groups 0.", "truncated, % 100.0");
        assertThat(Files.readAllLines(folder.resolve("made/prompts.jsonl"))).hasSize(20);
        assertThat(Files.readAllLines(folder.resolve("made/held-out-prompts.jsonl")))
                .hasSize(5);

        JsonNode json = small("again", "--seed", "3", "--flipped", "0", "--json", "--quiet")
                .succeeded()
                .json();
        for (String file : List.of("prompts.jsonl", "labelled-pairs.jsonl", "trusted-pairs.jsonl", "task.json")) {
            assertThat(folder.resolve("made").resolve(file)).hasSameBinaryContentAs(folder.resolve("again/" + file));
        }
        assertThat(json.at("/files/held-out-pairs.jsonl/pairs").asInt()).isEqualTo(8);
        assertThat(json.at("/files/labelled-pairs.jsonl/turned_frac").asDouble())
                .isZero();
        assertThat(json.at("/files/labelled-pairs.jsonl/gap").asDouble()).isGreaterThanOrEqualTo(0.1);
        assertThat(json.at("/settings/sampling/max_completion_length").asInt()).isEqualTo(12);
        assertThat(json.at("/completions").asInt()).isGreaterThanOrEqualTo(4 * 34);

        JsonNode turned = small("turned", "--seed", "3", "--flipped", "1", "--json")
                .succeeded()
                .json();
        assertThat(turned.at("/files/labelled-pairs.jsonl/turned_frac").asDouble())
                .isEqualTo(1);
        assertThat(turned.at("/files/labelled-pairs.jsonl/gap").asDouble())
                .isCloseTo(-json.at("/files/labelled-pairs.jsonl/gap").asDouble(), within(1e-12));
        assertThat(turned.at("/files/trusted-pairs.jsonl/turned_frac").asDouble())
                .isZero();
    }

    @Test
    void aCompletionEndsWithTheTextsThatStopIt() throws IOException {
        CommandRun run =
                small("sentences", "--seed", "3", "--stop", ".", "--stop", "e").succeeded();
        assertThat(run.out().replaceAll(" +", " ")).doesNotContain("truncated, % 100.0");
        assertThat(folder.resolve("sentences/task.json")).content().containsPattern("\"stop\" : \\[ *\"\\.\", \"e\"");
    }

    @Test
    void whatIsMadeIsReadByOtherCommands() {
        small("made").succeeded();
        JsonNode pairs = CommandRun.of(
                        "data",
                        "inspect",
                        folder.resolve("made/labelled-pairs.jsonl").toString(),
                        "--json")
                .succeeded()
                .json();
        assertThat(pairs.at("/pairs/usable").asInt()).isEqualTo(20);
    }

    @Test
    void mistakesAreNamed() {
        assertThat(make("none", "--held-out", "0"))
                .satisfies(run -> assertThat(run.exitCode()).isEqualTo(2))
                .satisfies(run ->
                        assertThat(run.err()).contains("--held-out: 0 is less than 1; give a number of at least 1."));
        assertThat(make("none", "--flipped", "1.5").err())
                .contains("--flipped: 1.5 is no chance; give one from 0 (true labels) to 1.");
        assertThat(make("none", "--margin", "0").err()).contains("--margin: 0.0 is no difference of rewards");
        assertThat(make("none", "--temperature", "0").err()).contains("--temperature: 0.0 draws nothing");
        assertThat(make("none", "--held-out-prompts", "5000").err())
                .contains("Task stories has 691 held-out prompts, and 5000 are asked for");
        assertThat(make(".").err()).contains("exists already; give a folder that does not, or remove this one.");
        assertThat(CommandRun.of("data", "make", "poems", "--model", "m", "--output", "x"))
                .satisfies(run -> assertThat(run.exitCode()).isEqualTo(2))
                .satisfies(run -> assertThat(run.err()).contains("TASK", "STORIES", "poems"));
        assertThat(CommandRun.of("data", "make", "stories", "--model", "nowhere", "--output", folder + "/none")
                        .err())
                .contains("nowhere: there is no such model directory");
        assertThat(folder.resolve("none")).doesNotExist();
    }
}
