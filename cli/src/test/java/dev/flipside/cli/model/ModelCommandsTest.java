package dev.flipside.cli.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.SharedFiles;
import dev.flipside.cli.CommandRun;
import dev.flipside.cli.TinyModel;
import dev.flipside.cli.train.TrainingCommandsTest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelCommandsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** float32 sums of 260 thousand parameters in another order; the figures are rounded to five digits. */
    private static final double TRANSFORMERS = 1e-4;

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
    void logprobsAreTransformersOnRawText() {
        String model = SharedFiles.require("models/stories260k").toString();
        CommandRun run = CommandRun.withInput(
                """
                {"id": "a", "prompt": "Once upon a time", "completion": ", there was a little girl named Lily."}
                {"id": 2, "prompt": "The dog", "completion": " was very happy."}
                """,
                "logprobs",
                "--model",
                model);

        List<JsonNode> results = results(run);
        assertThat(results.get(0).path("id").asText()).isEqualTo("a");
        assertThat(ints(results.get(0), "token_ids"))
                .containsExactly(432, 383, 286, 261, 376, 298, 315, 421, 395, 317, 426);
        assertThat(doubles(results.get(0), "logprobs"))
                .usingComparatorWithPrecision(TRANSFORMERS)
                .containsExactly(
                        -0.0317, -0.06842, -0.01595, -0.00078, -0.49398, -0.44587, -0.00489, -0.00066, -0.01879,
                        -0.0766, -0.07032);
        assertThat(results.get(1).path("id").isInt()).isTrue();
        assertThat(doubles(results.get(1), "logprobs"))
                .usingComparatorWithPrecision(TRANSFORMERS)
                .containsExactly(-0.74986, -3.74664, -4.1538, -7.47889, -9.80497, -15.48707, -1.28132);
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

    /** The last number of the weights is made NaN: in the tied embeddings it reaches every logit, in the reward model every score. */
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
    void aConversationScoresTheSameInEveryShape() {
        String rendered =
                "<|im_start|>system\\nYou are a test<|im_end|>\\n<|im_start|>user\\nhello<|im_end|>\\n<|im_start|>assistant\\ngood day<|im_end|>\\n";
        CommandRun run = CommandRun.withInput(
                """
                {"id": 1, "messages": [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "good day"}]}

                {"id": 2, "prompt": "hello", "completion": "good day"}
                {"id": 3, "text": "%s"}
                {"prompt": "hello", "completion": "bad day"}
                """
                        .formatted(rendered),
                "score",
                "--model",
                rewardModel);

        List<JsonNode> results = results(run);
        double score = results.get(0).path("score").asDouble();
        // The rows are alike, but stand beside rows of other lengths in a float32 batch.
        assertThat(results.get(1).path("score").asDouble()).isCloseTo(score, within(1e-5));
        assertThat(results.get(2).path("score").asDouble()).isCloseTo(score, within(1e-5));
        assertThat(results.get(3).path("score").asDouble()).isNotCloseTo(score, within(1e-3));
        assertThat(results.get(0).path("value").asDouble()).isEqualTo(0.25);
        assertThat(results.get(2).path("value").isNull())
                .as("a text does not say where its prompt ends")
                .isTrue();
        assertThat(results.get(3).path("id").asLong())
                .as("the line stands in for an id")
                .isEqualTo(5);
    }

    /** Exports write lists as JSON into texts; read as plain texts they would be scored as what nobody said. */
    @Test
    void messagesInAPromptScoreAsMessagesAlsoWhereTheyAreJsonInATextToo() {
        String list = "[{\\\"role\\\": \\\"user\\\", \\\"content\\\": \\\"hello\\\"}]";
        String reply = "[{\\\"role\\\": \\\"assistant\\\", \\\"content\\\": \\\"good day\\\"}]";
        CommandRun run = CommandRun.withInput(
                """
                {"prompt": "hello", "completion": "good day"}
                {"prompt": "%1$s", "completion": "good day"}
                {"prompt": [{"role": "user", "content": "hello"}], "completion": "%2$s"}
                {"messages": "[{\\"from\\": \\"human\\", \\"value\\": \\"hello\\"}, {\\"from\\": \\"gpt\\", \\"value\\": \\"good day\\"}]"}
                """
                        .formatted(list, reply),
                "score",
                "--model",
                rewardModel);
        List<JsonNode> results = results(run);
        double score = results.get(0).path("score").asDouble();
        assertThat(results).hasSize(4).allSatisfy(result -> assertThat(
                        result.path("score").asDouble())
                .isCloseTo(score, within(1e-5)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[{'role': 'user', 'content': 'hello'}]|written like a list of messages but is not JSON",
                "[{\\\"role\\\": \\\"user\\\", \\\"content\\\": \\\"hello\\\"}, {\\\"role\\\": \\\"assistant\\\", \\\"content\\\": \\\"x\\\"}]|ends with the assistant"
            },
            quoteCharacter = '`')
    void aPromptThatIsNoTextAndNoPromptIsRefused(String prompt, String reason) {
        CommandRun run = CommandRun.withInput(
                "{\"prompt\": \"" + prompt + "\", \"completion\": \"good day\"}", "score", "--model", rewardModel);
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("standard input, line 1 has ").contains(reason);
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

    /** A line break that begins a reply merges with the one that ends the generation prompt; the scores are transformers' of the whole text. */
    @Test
    void aReplyThatMergesWithItsPromptScoresAsItsRenderedTextDoes() throws IOException {
        Path model = TinyModel.wholeText(folder.resolve("whole-text"));
        CommandRun run = CommandRun.withInput(
                """
                {"messages": [{"role": "user", "content": "the cafe"}, {"role": "assistant", "content": "\\n\\nYes\\n"}]}
                {"prompt": "the cafe", "completion": "\\n\\nYes\\n"}
                {"text": "<|im_start|>user\\nthe cafe<|im_end|>\\n<|im_start|>assistant\\n\\n\\nYes\\n<|im_end|>\\n"}
                """,
                "score",
                "--model",
                model.toString());
        assertThat(results(run)).hasSize(3).allSatisfy(result -> assertThat(
                        result.path("score").asDouble())
                .isCloseTo(3.6734090, within(2e-5)));
    }

    @Test
    void theChatTemplateAndWhatItReadsCanBeGiven() throws IOException {
        Path template = Files.writeString(
                folder.resolve("shout.jinja"),
                "{% for m in messages %}{{ m.content | upper if shout else m.content }} {{ strftime_now('%Y') }}\n{% endfor %}");
        String row = "{\"prompt\": \"%s\", \"completion\": \"%s\"}";
        double upper = score(row.formatted("HELLO", "GOOD DAY"), "--chat-template", template.toString());
        double shouted = score(
                row.formatted("hello", "good day"),
                "--chat-template",
                template.toString(),
                "--chat-template-kwargs",
                "{shout: true}");
        double dated = score(
                row.formatted("HELLO", "GOOD DAY"),
                "--chat-template",
                template.toString(),
                "--chat-template-date",
                "2031-05-05");

        assertThat(shouted).isEqualTo(upper);
        assertThat(dated).isNotEqualTo(upper);
    }

    private static double score(String row, String... flags) {
        List<String> command = new ArrayList<>(List.of("score", "--model", rewardModel));
        command.addAll(List.of(flags));
        return results(CommandRun.withInput(row, command.toArray(String[]::new)))
                .get(0)
                .path("score")
                .asDouble();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "--chat-template-kwargs | {shout: true} | does not read 'shout', so it would change nothing",
                "--chat-template-kwargs | shout | is not a map in YAML or JSON",
                "--chat-template-kwargs | {shout | is not a map in YAML or JSON",
                "--chat-template-date | 2031-05-05 | does not read the date (strftime_now)",
                "--chat-template-date | May | is not a day; write it as yyyy-mm-dd",
                "--chat-template | nowhere.jinja | nowhere.jinja cannot be read",
            })
    void aTemplateFlagThatChangesNothingIsRefused(String flag, String value, String message) {
        CommandRun run = CommandRun.withInput(
                "{\"prompt\": \"a\", \"completion\": \"b\"}", "score", "--model", rewardModel, flag, value);

        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains(message);
    }

    @Test
    void theValueIsNullWithoutAValueHead() throws IOException {
        Path model = TinyModel.rewardModel(Path.of(policy), folder.resolve("rm-without-value"), 0.25);
        Files.delete(model.resolve("value_head.safetensors"));
        CommandRun run = CommandRun.withInput(
                "{\"prompt\": \"a\", \"completion\": \"b\"}", "score", "--model", model.toString());

        assertThat(results(run).get(0).path("value").isNull()).isTrue();
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

    @Test
    void chatAnswersLineByLineAndResets() {
        CommandRun run = CommandRun.withInput(
                "hello\nand then?\n/reset\nhello\n/exit\nnever read\n",
                "chat",
                "--model",
                policy,
                "--greedy",
                "--max-completion-length",
                "5",
                "--json");

        JsonNode messages = parse(run.out()).path("messages");
        assertThat(run.out().lines()).hasSize(1);
        assertThat(messages).hasSize(2);
        assertThat(messages.get(0).path("content").asText()).isEqualTo("hello");
        String reply = messages.get(1).path("content").asText();
        CommandRun plain =
                CommandRun.withInput("hello\n", "chat", "--model", policy, "--greedy", "--max-completion-length", "5");
        assertThat(plain.out()).isEqualTo(reply + "\n");
    }

    @Test
    void chatSurvivesAConversationThatIsTooLong() {
        CommandRun run = CommandRun.withInput(
                "hello ".repeat(TinyModel.CONTEXT) + "\nhello\n",
                "chat",
                "--model",
                policy,
                "--greedy",
                "--max-completion-length",
                "5",
                "--system",
                "be brief",
                "--json");

        assertThat(run.exitCode()).isZero();
        assertThat(run.err()).contains("warning: ").contains("/reset");
        assertThat(parse(run.out()).path("messages")).hasSize(3);
    }

    private static List<JsonNode> results(CommandRun run) {
        assertThat(run.exitCode()).as(run.err()).isZero();
        return run.out().lines().map(ModelCommandsTest::parse).toList();
    }

    private static JsonNode parse(String json) {
        try {
            return JSON.readTree(json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Integer> ints(JsonNode result, String column) {
        return StreamSupport.stream(result.path(column).spliterator(), false)
                .map(JsonNode::asInt)
                .toList();
    }

    private static double[] doubles(JsonNode result, String column) {
        return StreamSupport.stream(result.path(column).spliterator(), false)
                .mapToDouble(JsonNode::asDouble)
                .toArray();
    }
}
