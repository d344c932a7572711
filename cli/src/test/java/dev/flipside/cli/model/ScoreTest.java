package dev.flipside.cli.model;

import static dev.flipside.cli.model.RowRun.results;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScoreTest {
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

    /**
     * A line break that begins a reply merges with the one that ends the generation prompt; the scores are
     * transformers' of the whole text.
     */
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
    void theValueIsNullWithoutAValueHead() throws IOException {
        Path model = TinyModel.rewardModel(Path.of(policy), folder.resolve("rm-without-value"), 0.25);
        Files.delete(model.resolve("value_head.safetensors"));
        CommandRun run = CommandRun.withInput(
                "{\"prompt\": \"a\", \"completion\": \"b\"}", "score", "--model", model.toString());

        assertThat(results(run).get(0).path("value").isNull()).isTrue();
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
}
