package dev.flipside.cli.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.cli.Captured;
import dev.flipside.cli.TinyModel;
import dev.flipside.cli.console.Console;
import dev.flipside.config.ChatTemplateConfig;
import dev.flipside.config.UserError;
import dev.flipside.eval.policy.PolicyAnswer;
import dev.flipside.eval.policy.PolicyAnswers;
import dev.flipside.eval.policy.PolicyPrompt;
import dev.flipside.rollout.SamplingOptions;
import dev.flipside.text.Conversation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PolicyAnswersTest {
    private static final List<PolicyPrompt> PROMPTS = IntStream.range(0, 40)
            .mapToObj(i -> new PolicyPrompt("p" + i, Conversation.ofPrompt("Question " + i)))
            .toList();

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private static Path model;

    @BeforeAll
    static void writeModel() throws IOException {
        model = TinyModel.policy(shared.resolve("policy"));
    }

    @Test
    void anInterruptedEvaluationGoesOnWithTheSameAnswers() throws IOException {
        List<PolicyAnswer> whole = answers("whole", PROMPTS);
        Path interrupted = folder.resolve("interrupted");
        answers("interrupted", PROMPTS.subList(0, 33));
        Path file = interrupted.resolve("answers.jsonl");
        // Killed while it wrote the last line.
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length - 20));

        assertThat(answers("interrupted", PROMPTS)).isEqualTo(whole);
        assertThat(Files.readAllLines(file)).hasSize(40);
        assertThat(whole).extracting(PolicyAnswer::prompt).isEqualTo(PROMPTS);
        assertThat(whole).anyMatch(PolicyAnswer::truncated);
    }

    @Test
    void answersOfOtherOptionsOrPromptsAreNotMixed() {
        answers("out", PROMPTS.subList(0, 2));

        assertThatThrownBy(() -> answers("out", PROMPTS, SamplingOptions.greedy(5)))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("max_completion_length 4, not 5");
        assertThatThrownBy(() -> answers("out", List.of(new PolicyPrompt("p1", Conversation.ofPrompt("Other")))))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("another prompt under the id p1");
    }

    @Test
    void aPromptLongerThanTheContextIsNamed() {
        PolicyPrompt tooLong = new PolicyPrompt("long", Conversation.ofPrompt("word ".repeat(TinyModel.CONTEXT)));

        assertThatThrownBy(() -> answers("out", List.of(tooLong)))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("id long")
                .hasMessageContaining("context of " + TinyModel.CONTEXT);
    }

    @Test
    void answersMadeElsewhereAreFoundByIdOrPrompt() throws IOException {
        Path file = Files.writeString(
                folder.resolve("answers.jsonl"),
                """
                {"id": "p1", "completion": "one", "token_ids": [1], "finish_reason": "length"}
                {"prompt": "Question 0", "response": "zero"}
                {"id": "unasked", "completion": "?"}
                """);

        assertThat(AnswersMadeElsewhere.read(file, PROMPTS.subList(0, 2)))
                .containsExactly(
                        new PolicyAnswer(PROMPTS.get(0), "zero", false), new PolicyAnswer(PROMPTS.get(1), "one", true));
        assertThatThrownBy(() -> AnswersMadeElsewhere.read(file, PROMPTS.subList(0, 5)))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("no answer to 3 of 5 prompts")
                .hasMessageContaining("p2, p3, p4");
    }

    @Test
    void twoAnswersToOnePromptAreRefused() throws IOException {
        Path file = Files.writeString(
                folder.resolve("answers.jsonl"),
                "{\"id\": 1, \"completion\": \"a\"}\n{\"id\": 1, \"completion\": \"b\"}\n");

        assertThatThrownBy(() -> AnswersMadeElsewhere.read(file, PROMPTS))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("line 2 answers the same prompt as " + file + ", line 1");
    }

    private List<PolicyAnswer> answers(String out, List<PolicyPrompt> prompts) {
        return answers(out, prompts, SamplingOptions.greedy(4));
    }

    private List<PolicyAnswer> answers(String out, List<PolicyPrompt> prompts, SamplingOptions sampling) {
        return GeneratedAnswers.of(
                new PolicyAnswers(model, ChatTemplateConfig.defaults(), folder.resolve(out), sampling, 0),
                prompts,
                "cpu",
                quiet());
    }

    private static Console quiet() {
        return new Console(new Captured().streams(0), false, true);
    }
}
