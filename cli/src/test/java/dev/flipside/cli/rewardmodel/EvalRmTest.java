package dev.flipside.cli.rewardmodel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.cli.CommandRun;
import dev.flipside.cli.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvalRmTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** The brief of shared prompts: another layout of the same float32 sums. */
    private static final double LAYOUT = 1e-4;

    @TempDir
    static Path folder;

    private static String model;
    private static String other;
    private static String pairs;

    @TempDir
    Path out;

    @BeforeAll
    static void write() throws IOException {
        Path policy = TinyModel.policy(folder.resolve("policy"));
        model = TinyModel.rewardModel(policy, folder.resolve("rm"), 0).toString();
        Path reversed = TinyModel.rewardModel(policy, folder.resolve("other"), 0);
        other = reversed.toString();
        StringBuilder rows = new StringBuilder();
        for (int i = 0; i < 12; i++) {
            rows.append(String.format(
                    "{\"prompt\": \"a prompt that is longer than its answers %d\", \"chosen\": \"good %d\", \"rejected\": \"bad %d%d\"}%n",
                    i, i, i, i));
        }
        pairs = Files.writeString(folder.resolve("pairs,comma.jsonl"), rows.toString())
                .toString();
    }

    @Test
    void rewardsAreThoseOfScoreWithAndWithoutSharedPrompts() throws IOException {
        JsonNode result = evaluate("shared").succeeded().json();
        evaluate("separate", "--no-shared-prompts").succeeded();
        List<Double> shared = rewards("shared");
        List<Double> separate = rewards("separate");
        List<Double> scored = new ArrayList<>();
        StringBuilder input = new StringBuilder();
        for (String line : Files.readAllLines(Path.of(pairs))) {
            for (String column : List.of("chosen", "rejected")) {
                JsonNode row = JSON.readTree(line);
                input.append(JSON.createObjectNode()
                                .put("prompt", row.get("prompt").asText())
                                .put("completion", row.get(column).asText()))
                        .append('\n');
            }
        }
        CommandRun score = CommandRun.withInput(input.toString(), "score", "--model", model);
        for (String line : score.out().lines().toList()) {
            scored.add(JSON.readTree(line).get("score").asDouble());
        }

        assertThat(shared).hasSize(24);
        for (int i = 0; i < shared.size(); i++) {
            assertThat(shared.get(i)).isCloseTo(separate.get(i), within(LAYOUT));
            assertThat(shared.get(i)).isCloseTo(scored.get(i), within(LAYOUT));
        }
        long right = 0;
        for (int i = 0; i < shared.size(); i += 2) {
            right += shared.get(i) > shared.get(i + 1) ? 1 : 0;
        }
        JsonNode figure = result.at("/results/pairs/figures/0");
        assertThat(figure.path("score").asDouble()).isCloseTo(right / 12.0, within(1e-12));
        assertThat(figure.path("n").asInt()).isEqualTo(12);
        assertThat(result.at("/results/pairs/answers_per_second").asDouble()).isPositive();
        assertThat(JSON.readTree(out.resolve("shared/summary.json").toFile())).isEqualTo(result);
    }

    @Test
    void conversationsAreRenderedByTheTemplateGiven() throws IOException {
        String template = Files.writeString(
                        out.resolve("shout.jinja"), "{% for m in messages %}{{ m.content }}!{% endfor %}")
                .toString();
        evaluate("own").succeeded();
        JsonNode result =
                evaluate("given", "--chat-template", template).succeeded().json();
        assertThat(result.path("chat_template").asText()).isEqualTo(template);
        assertThat(rewards("given")).hasSize(24).isNotEqualTo(rewards("own"));
        assertMistake(
                "leave them out",
                CommandRun.of("eval-rm", "--scores", out.resolve("own").toString(), "--chat-template", template));
    }

    /**
     * A template that trims makes two replies the same tokens: such pairs of one's own file are left out, a published
     * benchmark has its tie.
     */
    @Test
    void pairsOfTheSameTokensAreLeftOutOfAFileOfOnesOwnAndTiesElsewhere() throws IOException {
        String template = Files.writeString(
                        out.resolve("trim.jinja"), "{% for m in messages %}{{ m.content | trim }}!{% endfor %}")
                .toString();
        String alike =
                "{\"prompt\": \"a\", \"chosen\": \"good\", \"rejected\": \"good\\n\", \"subset\": \"mt-bench-easy\"}\n";
        String apart =
                "{\"prompt\": \"a\", \"chosen\": \"good\", \"rejected\": \"bad\", \"subset\": \"mt-bench-easy\"}\n";
        String own = Files.writeString(out.resolve("own.jsonl"), alike + apart).toString();
        String all = Files.writeString(out.resolve("all.jsonl"), alike).toString();

        JsonNode pairs =
                trimmed("pairs", own, template, "trimmed").succeeded().json().at("/results/pairs");
        assertThat(pairs.at("/figures/0/n").asInt()).isEqualTo(1);
        assertThat(pairs.path("alike").asInt()).isEqualTo(1);
        assertThat(pairs.path("ties").asInt()).isZero();
        assertThat(CommandRun.of("eval-rm", "--scores", out.resolve("trimmed").toString())
                        .out())
                .contains("1 pairs left out: both replies are the same tokens to the model");
        assertMistake("in 1 both replies are the same tokens to the model", trimmed("pairs", all, template, "none"));

        JsonNode published = trimmed("rewardbench", own, template, "published")
                .succeeded()
                .json()
                .at("/results/rewardbench");
        assertThat(published.path("ties").asInt()).isEqualTo(1);
        assertThat(published.path("alike").asInt()).isEqualTo(1);
        assertThat(published.path("comparisons").asInt()).isEqualTo(2);
    }

    private CommandRun trimmed(String benchmark, String input, String template, String name) {
        return CommandRun.of(
                "eval-rm",
                "--model",
                model,
                "--benchmark",
                benchmark,
                "--input",
                input,
                "--out",
                out.resolve(name).toString(),
                "--chat-template",
                template,
                "--json");
    }

    @Test
    void keptScoresGiveTheSameFiguresWithoutAModel() throws IOException {
        JsonNode first = evaluate("kept").succeeded().json();
        JsonNode again = CommandRun.of(
                        "eval-rm", "--scores", out.resolve("kept").toString(), "--json")
                .succeeded()
                .json();

        assertThat(again.at("/results/pairs/figures")).isEqualTo(first.at("/results/pairs/figures"));
        assertThat(again.at("/results/pairs").has("answers_per_second")).isFalse();
    }

    /** The second model has no weights, so that the evaluation ends in the middle. */
    @Test
    void anInterruptedEvaluationGoesOn() throws IOException {
        evaluate("whole").succeeded();
        Path broken = Files.createDirectories(folder.resolve("broken"));
        for (String name : List.of("config.json", "tokenizer.json", "tokenizer_config.json")) {
            Files.copy(Path.of(other).resolve(name), broken.resolve(name), StandardCopyOption.REPLACE_EXISTING);
        }
        assertThat(evaluate("part", "--compare", broken.toString()).exitCode()).isEqualTo(2);
        Path part = out.resolve("part/pairs.part.jsonl");
        List<String> lines = Files.readAllLines(part);
        assertThat(lines).hasSize(1 + 12);
        assertThat(out.resolve("part/pairs.jsonl")).doesNotExist();

        // A reward that no model gave shows that nothing is computed again; half a line, as a killed process leaves it,
        // is forgotten.
        Files.writeString(
                part, String.join("\n", lines).replaceFirst("\"rewards\":\\[[^,]*", "\"rewards\":[123.0") + "\n{\"ind");
        assertMistake("made with max_length 96, not 90", evaluate("part", "--max-length", "90"));
        assertMistake("made with dtype unset, not bfloat16", evaluate("part", "--dtype", "bfloat16"));
        evaluate("part").succeeded();
        List<Double> expected = rewards("whole");
        List<Double> found = rewards("part");
        assertThat(found).hasSameSizeAs(expected).contains(123.0);
        found.removeAll(expected);
        assertThat(found).containsExactly(123.0);
        assertThat(part).doesNotExist();

        // Ended between the scores and the summary: they lie beside their log, and the same command ends its work.
        Files.createDirectories(out.resolve("scores-only"));
        Files.write(out.resolve("scores-only/pairs.part.jsonl"), lines);
        Files.copy(out.resolve("whole/pairs.jsonl"), out.resolve("scores-only/pairs.jsonl"));
        evaluate("scores-only").succeeded();
        assertThat(rewards("scores-only")).isEqualTo(expected);
        assertThat(out.resolve("scores-only/summary.json")).exists();
        assertThat(out.resolve("scores-only/pairs.part.jsonl")).doesNotExist();
        assertMistake("already holds scores", evaluate("scores-only"));

        // An item less: the model is called with all of them again.
        Files.createDirectories(out.resolve("gap"));
        Files.write(out.resolve("gap/pairs.part.jsonl"), lines.subList(0, lines.size() - 1));
        evaluate("gap").succeeded();
        assertThat(rewards("gap")).isEqualTo(expected);

        Files.createDirectories(out.resolve("damaged"));
        Files.writeString(out.resolve("damaged/pairs.part.jsonl"), lines.get(0) + "\n{}x\n");
        assertMistake("pairs.part.jsonl, line 2 is damaged", evaluate("damaged"));
    }

    @Test
    void twoModelsAreComparedItemByItem() throws IOException {
        // The same weights twice: a model, and its kept scores.
        JsonNode models = evaluate("models", "--compare", other).succeeded().json();
        JsonNode kept = CommandRun.of(
                        "eval-rm",
                        "--scores",
                        out.resolve("models").toString(),
                        "--compare",
                        out.resolve("models/compare").toString(),
                        "--json")
                .succeeded()
                .json();

        for (JsonNode result : List.of(models, kept)) {
            JsonNode comparison = result.at("/results/pairs/comparison");
            assertThat(comparison.at("/figures/0/difference").asDouble()).isZero();
            assertThat(comparison.path("better").asInt()
                            + comparison.path("worse").asInt())
                    .isZero();
            assertThat(comparison.path("p").asDouble()).isEqualTo(1);
        }
        // Rewards turned round: everything that was right is wrong.
        Path turned = Files.createDirectories(out.resolve("turned"));
        String scores = Files.readString(out.resolve("models/pairs.jsonl"));
        Files.writeString(
                turned.resolve("pairs.jsonl"),
                scores.replaceAll("\"comparisons\":\\[\\[0,1]]", "\"comparisons\":[[0,1]]")
                        .replaceAll("\"rewards\":\\[([^,]*),([^]]*)]", "\"rewards\":[$2,$1]"));
        CommandRun table =
                CommandRun.of("eval-rm", "--scores", out.resolve("models").toString(), "--compare", turned.toString());
        assertThat(table.out()).contains("against " + turned, "exact McNemar test", "longer wins");
        JsonNode comparison = CommandRun.of(
                        "eval-rm",
                        "--scores",
                        out.resolve("models").toString(),
                        "--compare",
                        turned.toString(),
                        "--json")
                .succeeded()
                .json()
                .at("/results/pairs/comparison");
        assertThat(comparison.path("better").asInt() + comparison.path("worse").asInt())
                .isEqualTo(12);
        assertThat(comparison.at("/figures/0/difference").asDouble())
                .isCloseTo(
                        (comparison.path("better").asInt()
                                        - comparison.path("worse").asInt())
                                / 12.0,
                        within(1e-12));
    }

    @Test
    void whatIsTooLongIsCutOrLeftOutAndCounted() throws IOException {
        Path file = Files.writeString(
                folder.resolve("long.jsonl"),
                """
                {"prompt": "short", "chosen": "good", "rejected": "bad"}
                {"prompt": "%s", "chosen": "good", "rejected": "bad"}
                {"prompt": "short", "chosen": "%s", "rejected": "bad"}
                """
                        .formatted("word ".repeat(TinyModel.CONTEXT), "word ".repeat(TinyModel.CONTEXT)));
        String[] command = {
            "eval-rm",
            "--model",
            model,
            "--benchmark",
            "pairs",
            "--input",
            file.toString(),
            "--out",
            out.resolve("long").toString()
        };
        CommandRun run = CommandRun.of(command);

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out())
                .contains("preference pairs: 2 prompts, 4 answers")
                .contains("1 prompts lost their beginning")
                .contains("1 items left out");
        List<String> kept = Files.readAllLines(out.resolve("long/pairs.jsonl"));
        assertThat(JSON.readTree(kept.get(0)).get("cut_tokens").asInt()).isZero();
        assertThat(JSON.readTree(kept.get(1)).get("cut_tokens").asInt()).isPositive();
        assertThat(JSON.readTree(kept.get(2)).get("rewards")).isEmpty();
        // Both answers of the cut prompt see the same rest of it: one shared prefix, and rewards as close as anywhere.
        CommandRun.of(
                        "eval-rm",
                        "--model",
                        model,
                        "--benchmark",
                        "pairs",
                        "--input",
                        file.toString(),
                        "--out",
                        out.resolve("apart").toString(),
                        "--no-shared-prompts",
                        "--json")
                .succeeded();
        List<Double> shared = rewards("long");
        List<Double> apart = rewards("apart");
        for (int i = 0; i < shared.size(); i++) {
            assertThat(shared.get(i)).isCloseTo(apart.get(i), within(LAYOUT));
        }
    }

    @Test
    void severalBenchmarksStandSideBySide() throws IOException {
        Path judge = Files.writeString(
                folder.resolve("judge.jsonl"),
                "{\"pair_id\": \"1\", \"source\": \"mmlu-pro-law\", \"question\": \"q\", \"response_model\": \"m\", \"response_A\": \"a\", \"response_B\": \"bb\", \"label\": \"B>A\"}\n");
        JsonNode result = CommandRun.of(
                        "eval-rm",
                        "--model",
                        model,
                        "--benchmark",
                        "pairs,judgebench",
                        "--input",
                        pairs,
                        "--input",
                        judge.toString(),
                        "--limit",
                        "3",
                        "--out",
                        out.resolve("two").toString(),
                        "--json")
                .succeeded()
                .json();

        assertThat(result.at("/results/pairs/prompts").asInt()).isEqualTo(3);
        assertThat(result.at("/results/judgebench/figures/0/longer_wins").asDouble())
                .isEqualTo(1);
        assertThat(CommandRun.of("eval-rm", "--scores", out.resolve("two").toString(), "--json")
                        .succeeded()
                        .json()
                        .path("results"))
                .hasSize(2);
    }

    @Test
    void mistakesAreToldInOneSentence() {
        evaluate("there").succeeded();
        assertMistake("already holds scores", evaluate("there"));
        assertMistake("--model, --benchmark, --input and --out", CommandRun.of("eval-rm", "--model", model));
        assertMistake("'mt-bench' is not one of", command("--benchmark", "mt-bench", "--input", pairs));
        assertMistake("1 path(s) for 2", command("--benchmark", "pairs,llmbar", "--input", pairs));
        assertMistake("twice", command("--benchmark", "pairs,pairs", "--input", pairs, "--input", pairs));
        assertMistake("is not a file of RM-Bench", command("--benchmark", "rm-bench", "--input", pairs));
        assertMistake("96 positions", command("--benchmark", "pairs", "--input", pairs, "--max-length", "97"));
        assertMistake("--limit: 0", command("--benchmark", "pairs", "--input", pairs, "--limit", "0"));
        assertMistake("none of 12", command("--benchmark", "pairs", "--input", pairs, "--max-length", "3"));
        assertMistake(
                "neither a model", command("--benchmark", "pairs", "--input", pairs, "--compare", folder.toString()));
        String there = out.resolve("there").toString();
        assertMistake("holds no scores", CommandRun.of("eval-rm", "--scores", folder.toString()));
        assertMistake("leave them out", CommandRun.of("eval-rm", "--scores", there, "--model", model));
        assertMistake("is a model", CommandRun.of("eval-rm", "--scores", there, "--compare", other));
    }

    private CommandRun evaluate(String name, String... more) {
        List<String> command = new ArrayList<>(List.of(
                "eval-rm",
                "--model",
                model,
                "--benchmark",
                "pairs",
                "--input",
                pairs,
                "--out",
                out.resolve(name).toString(),
                "--json"));
        command.addAll(List.of(more));
        return CommandRun.of(command.toArray(String[]::new));
    }

    private CommandRun command(String... more) {
        List<String> command = new ArrayList<>(List.of(
                "eval-rm", "--model", model, "--out", out.resolve("mistake").toString()));
        command.addAll(List.of(more));
        return CommandRun.of(command.toArray(String[]::new));
    }

    private static void assertMistake(String says, CommandRun run) {
        assertThat(run.exitCode()).as(run.err()).isEqualTo(2);
        assertThat(run.err()).contains(says);
        assertThat(run.out()).isEmpty();
    }

    private List<Double> rewards(String name) throws IOException {
        List<Double> rewards = new ArrayList<>();
        for (String line : Files.readAllLines(out.resolve(name).resolve("pairs.jsonl"))) {
            JSON.readTree(line).get("rewards").forEach(reward -> rewards.add(reward.asDouble()));
        }
        return rewards;
    }
}
