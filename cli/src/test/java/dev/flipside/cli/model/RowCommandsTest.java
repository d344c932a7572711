package dev.flipside.cli.model;

import static dev.flipside.cli.model.RowRun.parse;
import static dev.flipside.cli.model.RowRun.results;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.cli.CommandRun;
import dev.flipside.cli.TinyModel;
import dev.flipside.cli.train.TrainingCommandsTest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What score, logprobs and generate have in common. */
class RowCommandsTest {
    @TempDir
    static Path folder;

    private static String policy;
    private static String rewardModel;

    @BeforeAll
    static void writeModels() throws IOException {
        Path directory = TinyModel.policy(folder.resolve("policy"));
        policy = directory.toString();
        rewardModel =
                TinyModel.rewardModel(directory, folder.resolve("rm"), 0.25).toString();
    }

    @Test
    void resultsGoToAFileOrIntoOneJsonObject() throws IOException {
        Path in = Files.writeString(
                folder.resolve("in.jsonl"), "{\"id\": 9, \"prompt\": \"a\", \"completion\": \"b\"}\n");
        Path out = folder.resolve("out.jsonl");
        CommandRun toFile = CommandRun.of(
                "logprobs", "--model", policy, "--input", in.toString(), "--output", out.toString(), "--json");
        CommandRun toStandardOutput = CommandRun.of("logprobs", "--model", policy, "--input", in.toString(), "--json");

        JsonNode written = parse(Files.readString(out));
        assertThat(written.path("id").asInt()).isEqualTo(9);
        assertThat(parse(toFile.out())).isEqualTo(parse("{\"rows\": 1, \"output\": \"" + out + "\"}"));
        assertThat(parse(toStandardOutput.out()).path("results").get(0)).isEqualTo(written);
    }

    @ParameterizedTest
    @CsvSource({"score", "generate", "logprobs"})
    void theInputIsNeverOverwrittenByItsResults(String command) throws IOException {
        String rows = "{\"prompt\": \"hello\", \"completion\": \"good day\"}\n";
        Path input = Files.writeString(folder.resolve(command + "-rows.jsonl"), rows);
        Path other = folder.resolve(command + "-link.jsonl");
        Files.createSymbolicLink(other, input);
        String model = command.equals("score") ? rewardModel : policy;
        for (Path output : List.of(input, other)) {
            CommandRun run = CommandRun.of(
                    command, "--model", model, "--input", input.toString(), "--output", output.toString());
            assertThat(run.exitCode()).isEqualTo(2);
            assertThat(run.err()).contains("--output: " + output + " is the file that --input names");
            assertThat(input).hasContent(rows);
        }
    }

    @Test
    void rowsMayBeginWithAByteOrderMark() throws IOException {
        Path input = Files.writeString(
                folder.resolve("marked.jsonl"),
                "\uFEFF{\"id\": 7, \"prompt\": \"hello\", \"completion\": \"good day\"}\n");
        CommandRun run = CommandRun.of("score", "--model", rewardModel, "--input", input.toString());
        assertThat(results(run).get(0).path("id").asInt()).isEqualTo(7);
    }

    @Test
    void aKeyGivenTwiceIsRefused() {
        CommandRun run = CommandRun.withInput(
                "{\"id\": 1, \"prompt\": \"a\", \"completion\": \"b\"}\n{\"id\": 1, \"prompt\": \"a\", \"prompt\": \"c\", \"completion\": \"b\"}\n",
                "score",
                "--model",
                rewardModel);
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("standard input, line 2 is not valid JSON (Duplicate field 'prompt')");
    }

    @Test
    void aWrongRowIsNamedBeforeAnythingIsWritten() throws IOException {
        Path out = folder.resolve("never.jsonl");
        String good = "{\"prompt\": \"a\", \"completion\": \"b\"}\n";
        String tooLong = "{\"prompt\": \"" + "hello ".repeat(TinyModel.CONTEXT) + "\", \"completion\": \"b\"}";
        for (String[] wrong : new String[][] {
            {"{\"prompt\": \"a\" \"completion\": 1}", "valid JSON"},
            {"[1]", "not a JSON object"},
            {"{\"prompt\": \"a\"}", "'completion'"},
            {"{\"prompt\": \"a\", \"completion\": 3}", "'completion'"},
            {"{\"messages\": []}", "'messages'"},
            {"{\"messages\": [{\"role\": \"user\"}]}", "without role and content"},
            {"{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}", "the last message must be the assistant's"},
            {tooLong, "the model's context is " + TinyModel.CONTEXT},
        }) {
            CommandRun run = CommandRun.withInput(
                    good + wrong[0] + "\n", "logprobs", "--model", policy, "--output", out.toString());

            assertThat(run.exitCode()).as(wrong[0]).isEqualTo(2);
            assertThat(run.err().lines())
                    .singleElement()
                    .asString()
                    .contains("standard input, line 2")
                    .contains(wrong[1]);
            assertThat(out).doesNotExist();
        }
    }

    @Test
    void wrongFilesAndModelsAreTheUsersToMend() {
        assertThat(CommandRun.of("score", "--model", rewardModel, "--input", "nowhere.jsonl"))
                .satisfies(run -> {
                    assertThat(run.exitCode()).isEqualTo(2);
                    assertThat(run.err()).contains("nowhere.jsonl");
                });
        assertThat(CommandRun.withInput("", "score", "--model", rewardModel).err())
                .contains("has no rows");
        String row = "{\"prompt\": \"a\", \"completion\": \"b\"}";
        assertThat(CommandRun.withInput(row, "score", "--model", policy)).satisfies(run -> {
            assertThat(run.exitCode()).isEqualTo(2);
            assertThat(run.err()).contains("score.weight");
        });
        assertThat(CommandRun.withInput(
                                row,
                                "generate",
                                "--model",
                                policy,
                                "--output",
                                folder.resolve("no/folder").toString())
                        .exitCode())
                .isEqualTo(2);
    }

    /**
     * The last number of the weights is made NaN: in the tied embeddings it reaches every logit, in the reward model
     * every score.
     */
    @ParameterizedTest
    @CsvSource({"logprobs,log-probability", "generate,logits", "score,score"})
    void whatADamagedModelComputesIsRefusedByRow(String command, String what) throws IOException {
        Path damaged = folder.resolve("damaged-" + command);
        TrainingCommandsTest.copy(Path.of(command.equals("score") ? rewardModel : policy), damaged);
        Path weights = damaged.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        for (int at = (int) dataStart(bytes); at < bytes.length; at += Float.BYTES) {
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putFloat(at, Float.NaN);
        }
        Files.write(weights, bytes);
        for (String option : new String[] {"--quiet", "--json"}) {
            CommandRun run = CommandRun.withInput(
                    "\n{\"id\": \"x\", \"prompt\": \"hello\", \"completion\": \"good day\"}\n",
                    command,
                    "--model",
                    damaged.toString(),
                    option);
            assertThat(run.exitCode()).isEqualTo(2);
            assertThat(run.out()).isEmpty();
            String sentence = run.err().lines().reduce((a, b) -> b).orElseThrow();
            assertThat(sentence)
                    .startsWith("flipside: standard input, line 2: ")
                    .contains(what)
                    .contains("damaged");
        }
    }

    private static long dataStart(byte[] safetensors) {
        return Long.BYTES
                + ByteBuffer.wrap(safetensors).order(ByteOrder.LITTLE_ENDIAN).getLong();
    }
}
