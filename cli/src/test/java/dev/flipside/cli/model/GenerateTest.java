package dev.flipside.cli.model;

import static dev.flipside.cli.model.RowRun.ints;
import static dev.flipside.cli.model.RowRun.results;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.SharedFiles;
import dev.flipside.cli.CommandRun;
import dev.flipside.cli.TinyModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GenerateTest {
    @TempDir
    static Path folder;

    private static String policy;

    @BeforeAll
    static void writeModel() throws IOException {
        policy = TinyModel.policy(folder.resolve("policy")).toString();
    }

    @Test
    void greedyGenerationIsTransformersOnRawText() {
        String model = SharedFiles.require("models/stories260k").toString();
        CommandRun run = CommandRun.withInput(
                "{\"id\": 1, \"prompt\": \"The dog\"}\n",
                "generate",
                "--model",
                model,
                "--greedy",
                "--max-completion-length",
                "24");

        JsonNode result = results(run).get(0);
        assertThat(result.path("completion").asText())
                .isEqualTo(" was a big, red ball. He liked to play with his ball. He liked to play");
        assertThat(ints(result, "token_ids")).hasSize(24).startsWith(286, 261, 370, 432, 352, 266, 268, 388, 426);
        assertThat(result.path("finish_reason").asText()).isEqualTo("length");
    }

    @Test
    void samplesDependOnSeedPlaceAndSampleAlone() {
        String[] rows = {
            "{\"id\": 1, \"prompt\": \"hello\"}\n",
            "{\"id\": 2, \"messages\": [{\"role\": \"user\", \"content\": \"a longer question\"}]}\n"
        };
        CommandRun both = generate(rows[0] + rows[1], "--seed", "7");
        CommandRun alone = generate(rows[0], "--seed", "7");
        CommandRun other = generate(rows[0], "--seed", "8");

        assertThat(results(both))
                .extracting(result -> result.path("id").asInt())
                .containsExactly(1, 1, 1, 2, 2, 2);
        assertThat(results(alone)).isEqualTo(results(both).subList(0, 3));
        assertThat(results(alone)).doesNotHaveDuplicates();
        assertThat(results(other)).isNotEqualTo(results(alone));
    }

    private static CommandRun generate(String input, String... more) {
        String[] args = {
            "generate",
            "--model",
            policy,
            "--num-generations",
            "3",
            "--max-completion-length",
            "6",
            "--top-k",
            "40",
            "--temperature",
            "0.9"
        };
        String[] all = Arrays.copyOf(args, args.length + more.length);
        System.arraycopy(more, 0, all, args.length, more.length);
        return CommandRun.withInput(input, all);
    }

    @Test
    void greedyRefusesWhatItWouldIgnore() {
        for (String[] more : new String[][] {
            {"--temperature", "0.5"}, {"--top-p", "0.5"}, {"--top-k", "5"}, {"--seed", "5"}, {"--num-generations", "2"}
        }) {
            CommandRun run = CommandRun.of("generate", "--model", policy, "--greedy", more[0], more[1]);

            assertThat(run.exitCode()).isEqualTo(2);
            assertThat(run.err()).contains("--greedy").contains(more[0]);
        }
    }
}
