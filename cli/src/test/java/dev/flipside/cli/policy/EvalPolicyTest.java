package dev.flipside.cli.policy;

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
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvalPolicyTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private String ifeval;

    @BeforeEach
    void writeData() throws IOException {
        ifeval = write(
                "ifeval.jsonl",
                """
                {"key": 7, "prompt": "Say hi.", "instruction_id_list": ["punctuation:no_comma", "startend:quotation"], "kwargs": [{}, {"num_words": null}]}
                {"key": 9, "prompt": "Say bye.", "instruction_id_list": ["length_constraints:number_words"], "kwargs": [{"relation": "at least", "num_words": 3}]}
                """);
    }

    @Test
    void ifevalCountsPromptsAndInstructions() throws IOException {
        String answers = write(
                "answers.jsonl",
                """
                {"id": 7, "completion": "Sure:\\n\\"hi\\"", "finish_reason": "stop"}
                {"id": 9, "completion": "bye bye, my friend", "finish_reason": "length"}
                """);

        CommandRun run = eval("ifeval", "--input", ifeval, "--answers", answers, "--json");

        assertThat(run.exitCode()).as(run.err()).isZero();
        JsonNode result = run.json();
        assertThat(result.path("items").asInt()).isEqualTo(2);
        assertThat(result.path("truncated").asInt()).isEqualTo(1);
        assertHits(result, "prompt_strict", 1, 2);
        assertHits(result, "prompt_loose", 2, 2);
        assertHits(result, "instruction_strict", 2, 3);
        assertHits(result, "instruction_loose", 3, 3);
        assertThat(result.at("/groups/startend:quotation/hits").asInt()).isZero();
        List<String> lines = Files.readAllLines(folder.resolve("out/results.jsonl"));
        assertThat(lines).hasSize(2);
        assertThat(JSON.readTree(lines.get(0)).at("/instructions/1/loose").asBoolean())
                .isTrue();
        assertThat(JSON.readTree(folder.resolve("out/summary.json").toFile())).isEqualTo(result);
    }

    @Test
    void aModelAnswersAndASecondRunOnlyMarks() throws IOException {
        String model = TinyModel.policy(folder.resolve("policy")).toString();
        List<String> first =
                new ArrayList<>(List.of("--input", ifeval, "--model", model, "--max-completion-length", "5"));

        CommandRun run = eval("ifeval", first.toArray(String[]::new));
        CommandRun again = eval("ifeval", first.toArray(String[]::new));

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out()).contains("prompt_strict", "95 % interval", "by group", "punctuation:no_comma");
        assertThat(again.out()).isEqualTo(run.out());
        assertThat(again.err()).contains("2 of 2 answers are in").doesNotContain("answers: ");
        assertThat(Files.readAllLines(folder.resolve("out/answers.jsonl"))).hasSize(2);
    }

    /** Answers to another rendering are other answers. */
    @Test
    void theTemplateGivenIsWhatTheModelIsAskedIn() throws IOException {
        String model = TinyModel.policy(folder.resolve("policy")).toString();
        String template = write("own.jinja", "{% for m in messages %}{{ m.content }}{{ end }}{% endfor %}");
        String[] asked = {"--input", ifeval, "--model", model, "--max-completion-length", "5"};
        String[] shout = {"--chat-template", template, "--chat-template-kwargs", "{end: '!'}"};

        CommandRun run =
                eval("ifeval", Stream.concat(Stream.of(asked), Stream.of(shout)).toArray(String[]::new));

        assertThat(run.exitCode()).as(run.err()).isZero();
        JsonNode made = JSON.readTree(folder.resolve("out/generation.json").toFile());
        assertThat(made.path("chat_template").asText()).isEqualTo(template);
        assertThat(made.at("/chat_template_kwargs/end").asText()).isEqualTo("!");
        assertMistake(eval("ifeval", asked), "chat_template");
        assertMistake(
                eval("ifeval", "--input", ifeval, "--answers", "a.jsonl", "--chat-template", template),
                "--chat-template options have no effect");
    }

    @Test
    void gsm8kAndMathReadTheirOwnRows() throws IOException {
        String gsm8k = write("gsm8k.jsonl", "{\"question\": \"3+4?\", \"answer\": \"3+4=7\\n#### 7\"}\n");
        String math = write(
                "math.jsonl",
                """
                {"problem": "p", "solution": "so \\\\boxed{\\\\frac{1}{2}}", "level": "Level 1", "type": "Algebra", "id": "m1"}
                {"problem": "q", "answer": "5", "level": 2, "subject": "Geometry", "unique_id": "m2"}
                """);
        String answers = write(
                "answers.jsonl",
                """
                {"id": 1, "completion": "It is 7."}
                {"id": "m1", "completion": "\\\\boxed{0.50}"}
                {"id": "m2", "completion": "5"}
                """);

        JsonNode numbers = JSON.readTree(
                eval("gsm8k", "--input", gsm8k, "--answers", answers, "--json").out());
        assertHits(numbers, "strict_match", 0, 1);
        assertHits(numbers, "flexible_extract", 1, 1);
        JsonNode boxed = JSON.readTree(
                eval("math", "--input", math, "--answers", answers, "--json").out());
        assertHits(boxed, "exact", 0, 2);
        assertHits(boxed, "equivalent", 1, 2);
        assertThat(boxed.at("/groups/Level 2/hits").asInt(-1)).isZero();
        assertThat(boxed.at("/groups/Algebra/hits").asInt()).isEqualTo(1);
    }

    @Test
    void theTemplateIsWhatTheModelIsAsked() throws IOException {
        String model = TinyModel.policy(folder.resolve("policy")).toString();
        String gsm8k = write("gsm8k.jsonl", "{\"question\": \"3+4?\", \"answer\": \"#### 7\"}\n");

        CommandRun run = eval(
                "gsm8k",
                "--input",
                gsm8k,
                "--model",
                model,
                "--prompt-template",
                "Q: {question} A:",
                "--max-completion-length",
                "2");

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(Files.readString(folder.resolve("out/answers.jsonl"))).contains("\"Q: 3+4? A:\"");
        assertThat(eval("gsm8k", "--input", gsm8k, "--model", model, "--prompt-template", "Q")
                        .err())
                .contains("has no {question}");
    }

    @Test
    void evaluationsAreCompared() throws IOException {
        String good = write(
                "good.jsonl", "{\"id\": 7, \"completion\": \"\\\"a\\\"\"}\n{\"id\": 9, \"completion\": \"a b c\"}\n");
        String bad = write("bad.jsonl", "{\"id\": 7, \"completion\": \"a,b\"}\n{\"id\": 9, \"completion\": \"a\"}\n");
        String other = folder.resolve("other").toString();
        CommandRun.of("eval-policy", "ifeval", "--input", ifeval, "--answers", bad, "--out", other);

        CommandRun run = eval("ifeval", "--input", ifeval, "--answers", good, "--compare", other, "--json");

        JsonNode comparison = run.json().path("comparison");
        assertThat(comparison.at("/prompt_strict/difference/mean").asDouble()).isEqualTo(1);
        assertThat(comparison.at("/prompt_strict/better").asInt()).isEqualTo(2);
        assertThat(comparison.at("/prompt_strict/p").asDouble()).isEqualTo(0.5);
        assertThat(comparison.path("instruction_strict").has("p")).isFalse();
        assertThat(eval("ifeval", "--input", ifeval, "--answers", good, "--compare", other)
                        .out())
                .contains("McNemar p", "+100.0");
        assertThat(eval("ifeval", "--input", ifeval, "--answers", good, "--limit", "1", "--compare", other)
                        .err())
                .contains("this evaluation has 1 items, the other 2");
        assertThat(eval("ifeval", "--input", ifeval, "--model", "no-model", "--limit", "1", "--compare", other)
                        .err())
                .as("before the model is looked at")
                .contains("this evaluation has 1 items, the other 2");
    }

    @Test
    void mistakesAreToldInOneSentence() throws IOException {
        String answers = write("answers.jsonl", "{\"id\": 7, \"completion\": \"a\"}\n");
        String unknown = write(
                "unknown.jsonl",
                "{\"key\": 1, \"prompt\": \"p\", \"instruction_id_list\": [\"keywords:rhyme\"], \"kwargs\": [{}]}\n");
        String uneven = write(
                "uneven.jsonl", "{\"key\": 1, \"prompt\": \"p\", \"instruction_id_list\": [\"a\"], \"kwargs\": []}\n");

        assertMistake(CommandRun.of("eval-policy"), "which task? gsm8k, math, ifeval");
        assertMistake(eval("ifeval", "--input", ifeval), "--model=MODEL", "--answers=FILE");
        assertMistake(eval("ifeval", "--input", ifeval, "--answers", answers, "--model", "x"), "mutually exclusive");
        assertMistake(eval("ifeval", "--input", ifeval, "--answers", answers), "no answer to 1 of 2 prompts", "id 9");
        assertMistake(eval("ifeval", "--input", ifeval, "--answers", answers, "--limit", "0"), "--limit is 0");
        assertMistake(eval("ifeval", "--input", ifeval, "--answers", answers, "--greedy"), "have no effect");
        assertMistake(
                eval("ifeval", "--input", unknown, "--answers", answers),
                "unknown.jsonl, line 1",
                "no IFEval instruction 'keywords:rhyme'");
        assertMistake(
                eval("ifeval", "--input", uneven, "--answers", answers), "uneven.jsonl, line 1", "one object for each");
        assertMistake(eval("gsm8k", "--input", ifeval, "--answers", answers), "line 1", "no column 'answer'");
        assertMistake(eval("math", "--input", ifeval, "--answers", answers), "no column 'solution'");
        assertMistake(
                eval("ifeval", "--input", ifeval, "--answers", answers, "--limit", "1", "--compare", "nowhere"),
                "nowhere holds no finished evaluation");
        assertMistake(eval("ifeval", "--input", ifeval, "--model", "nowhere"), "nowhere");
        assertMistake(eval("ifeval", "--input", "nowhere.jsonl", "--model", "x"), "nowhere.jsonl");
    }

    private static void assertMistake(CommandRun run, String... parts) {
        assertThat(run.exitCode()).as(run.err()).isEqualTo(2);
        assertThat(run.err()).contains(parts).doesNotContain("\tat ");
    }

    private static void assertHits(JsonNode result, String metric, int hits, int of) {
        JsonNode found = result.path("metrics").path(metric);
        assertThat(found.path("hits").asInt(-1)).as(metric).isEqualTo(hits);
        assertThat(found.path("of").asInt(-1)).as(metric).isEqualTo(of);
    }

    private CommandRun eval(String task, String... arguments) {
        List<String> line = new ArrayList<>(
                List.of("eval-policy", task, "--out", folder.resolve("out").toString()));
        line.addAll(List.of(arguments));
        return CommandRun.of(line.toArray(String[]::new));
    }

    private String write(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text).toString();
    }
}
