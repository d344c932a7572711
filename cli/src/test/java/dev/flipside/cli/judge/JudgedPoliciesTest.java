package dev.flipside.cli.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.SharedFiles;
import dev.flipside.cli.CommandRun;
import dev.flipside.cli.TinyModel;
import dev.flipside.eval.judge.JudgeServer;
import dev.flipside.eval.judge.JudgeServer.Reply;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.IntUnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code eval-policy alpaca-eval}, {@code arena-hard} and {@code versus} as a user runs them, against a local server.
 */
class JudgedPoliciesTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** A test cannot set an environment variable, so the key is in one that every process has. */
    private static final String KEY_VARIABLE = "PATH";

    private static final String KEY = System.getenv(KEY_VARIABLE);

    /** What a judge sees of an answer such as "quality 7". */
    private static final Pattern QUALITY = Pattern.compile("quality (\\d+)");

    @TempDir
    Path folder;

    private JudgeServer server;

    @AfterEach
    void stop() {
        if (server != null) {
            server.close();
        }
    }

    private static int[] qualities(JsonNode request) {
        JsonNode messages = request.get("messages");
        Matcher quality =
                QUALITY.matcher(messages.get(messages.size() - 1).get("content").asText());
        List<Integer> found = new ArrayList<>();
        while (quality.find()) {
            found.add(Integer.parseInt(quality.group(1)));
        }
        return new int[] {found.get(0), found.get(1)};
    }

    private static Path write(Path file, List<ObjectNode> rows) throws IOException {
        return Files.writeString(file, rows.stream().map(row -> row + "\n").collect(Collectors.joining()));
    }

    private CommandRun run(String task, Path out, String... more) {
        List<String> arguments = new ArrayList<>(List.of("eval-policy", task, "--out", out.toString()));
        arguments.addAll(Arrays.asList(more));
        if (server != null) {
            arguments.addAll(List.of("--judge-url", server.url(), "--judge-key-variable", KEY_VARIABLE));
        }
        return CommandRun.of(arguments.toArray(String[]::new));
    }

    private List<ObjectNode> alpaca(String generator, int size, IntFunction<String> output) {
        return IntStream.range(0, size)
                .mapToObj(i -> JSON.createObjectNode()
                        .put("instruction", "Instruction " + i)
                        .put("output", output.apply(i))
                        .put("generator", generator))
                .toList();
    }

    private String[] alpacaFiles(int size) throws IOException {
        Path baseline = folder.resolve("baseline.json");
        JSON.writeValue(baseline.toFile(), alpaca("gpt4", size, i -> "quality 4" + " x".repeat(i % 7)));
        Path answers = folder.resolve("answers.json");
        JSON.writeValue(answers.toFile(), alpaca("mine", size, i -> i == 0 ? "quality 4" : "quality " + i % 10));
        return new String[] {
            "--baseline", baseline.toString(), "--answers", answers.toString(), "--judge", "gpt", "--json"
        };
    }

    @Test
    void alpacaEvalWeighsByLogprobs() throws IOException {
        server = new JudgeServer(KEY, request -> {
            int[] quality = qualities(request);
            return Reply.preferring(1 / (1 + Math.exp(quality[1] - quality[0])));
        });
        String[] files = alpacaFiles(30);
        Path out = folder.resolve("out");
        JsonNode result = run("alpaca-eval", out, files).succeeded().json();

        double expected = IntStream.range(0, 30)
                .mapToDouble(i -> i == 0 ? 0.5 : 1 / (1 + Math.exp(4 - i % 10)))
                .average()
                .orElseThrow();
        assertThat(result.at("/win_rate/mean").asDouble()).isCloseTo(expected, within(1e-9));
        assertThat(result.at("/win_rate/low").asDouble()).isLessThan(expected);
        assertThat(result.at("/length_control").asText()).isEqualTo("length_controlled_minimal");
        assertThat(result.at("/length_controlled_win_rate/mean").asDouble()).isBetween(0.01, 0.99);
        assertThat(result.at("/model").asText()).isEqualTo("mine");
        assertThat(result.at("/baseline").asText()).isEqualTo("gpt4");
        // 0 and 14 have the same texts: draws that nobody is asked about.
        assertThat(result.at("/judge/asked").asInt()).isEqualTo(28);
        assertThat(server.requests()).hasSize(28);
        assertThat(JSON.readTree(out.resolve("summary.json").toFile())).isEqualTo(result);
        List<String> lines = Files.readAllLines(out.resolve("annotations.jsonl"));
        assertThat(lines).hasSize(30);
        assertThat(JSON.readTree(lines.get(0)).get("preference").asDouble()).isEqualTo(1.5);
        assertThat(JSON.readTree(lines.get(9)).get("preference").asDouble())
                .isCloseTo(1 + 1 / (1 + Math.exp(4 - 9)), within(1e-9));

        JsonNode again = run("alpaca-eval", out, files).succeeded().json();
        assertThat(again.at("/judge/asked").asInt()).isZero();
        assertThat(again.at("/judge/cached").asInt()).isEqualTo(28);
        assertThat(again.get("win_rate")).isEqualTo(result.get("win_rate"));
        assertThat(server.requests()).hasSize(28);
    }

    @Test
    void costsAreShown() throws IOException {
        server = new JudgeServer(KEY, request -> Reply.preferring(0.7));
        List<String> arguments = new ArrayList<>(List.of(alpacaFiles(11)));
        arguments.remove("--json");
        arguments.addAll(List.of("--judge-input-price", "1000", "--judge-output-price", "5000", "--limit", "6"));
        CommandRun run = run("alpaca-eval", folder.resolve("out"), arguments.toArray(String[]::new))
                .succeeded();
        // Five of six are asked, with 100 and 10 tokens each.
        assertThat(run.out()).contains("0.75 now, 0.75 with", "500 sent, 50 answered", "95 % interval", "5 asked");
        assertThat(run.err()).contains("judge: 5 instructions");
    }

    @Test
    void aJudgeWithoutLogprobsOrWithAnotherKeyIsTold() throws IOException {
        server = new JudgeServer(KEY, request -> Reply.of("m"));
        CommandRun without = run("alpaca-eval", folder.resolve("out"), alpacaFiles(8));
        assertThat(without.exitCode()).isEqualTo(2);
        assertThat(without.err()).contains("no log-probabilities", "eval-policy versus");
        server.close();

        server = new JudgeServer("another", request -> Reply.of("m"));
        CommandRun refused = run("alpaca-eval", folder.resolve("out"), alpacaFiles(8));
        assertThat(refused.exitCode()).isEqualTo(2);
        assertThat(refused.err()).contains("HTTP 401", KEY_VARIABLE).doesNotContain(KEY);
        assertThat(refused.out()).doesNotContain(KEY);
    }

    @Test
    void arenaHardPlaysTwoGamesAndWritesItsOwnShapes() throws IOException {
        server = new JudgeServer(KEY, request -> {
            int[] quality = qualities(request);
            int difference = quality[0] - quality[1];
            String relation = Math.abs(difference) > 3 ? ">>" : difference == 0 ? "=" : ">";
            return Reply.of(difference >= 0 ? "[[A" + relation + "B]]" : "[[B" + relation + "A]]");
        });
        Path questions = write(
                folder.resolve("question.jsonl"),
                IntStream.range(0, 20)
                        .mapToObj(i -> JSON.createObjectNode()
                                .put("uid", "u" + i)
                                .put("category", i < 12 ? "hard_prompt" : "creative_writing")
                                .put("prompt", "Question " + i))
                        .toList());
        Path baseline = write(
                folder.resolve("o3.jsonl"),
                IntStream.range(0, 12)
                        .mapToObj(i -> {
                            ObjectNode row =
                                    JSON.createObjectNode().put("uid", "u" + i).put("model", "o3");
                            row.putArray("messages")
                                    .addObject()
                                    .put("role", "assistant")
                                    .putObject("content")
                                    .put("answer", "# Title\nquality 4");
                            return row;
                        })
                        .toList());
        Path answers = write(
                folder.resolve("answers.jsonl"),
                IntStream.range(0, 20)
                        .mapToObj(i -> JSON.createObjectNode()
                                .put("id", "u" + i)
                                .put("completion", "- item\nquality " + i % 10 + " more".repeat(i)))
                        .toList());
        Path out = folder.resolve("out");
        String[] arguments = {
            "--questions",
            questions.toString(),
            "--baseline",
            baseline.toString(),
            "--answers",
            answers.toString(),
            "--judge",
            "org/gpt",
            "--name",
            "mine",
            "--json"
        };
        CommandRun several = run("arena-hard", out, arguments);
        assertThat(several.exitCode()).isEqualTo(2);
        assertThat(several.err()).contains("creative_writing, hard_prompt", "--category");

        List<String> chosen = new ArrayList<>(List.of(arguments));
        chosen.addAll(List.of("--category", "hard_prompt"));
        JsonNode result = run("arena-hard", out, chosen.toArray(String[]::new))
                .succeeded()
                .json();
        // Qualities 0 to 9, 0, 1 against 4: 0 loses clearly twice, 8 and 9 win clearly, 4 ties; clear ones count three
        // times.
        double wins = 2 * (3 + 3 * 2);
        double battles = wins + 2 + 2 * (3 * 2 + 4);
        assertThat(result.at("/mean_over_questions/mean").asDouble()).isCloseTo((5 + 0.5) / 12, within(1e-9));
        assertThat(result.at("/score/mean").asDouble()).isCloseTo((wins + 1) / battles, within(0.03));
        assertThat(result.at("/style_controlled_score/mean").asDouble()).isBetween(0.0, 1.0);
        assertThat(result.at("/judge/asked").asInt()).isEqualTo(24);

        JsonNode judged = JSON.readTree(Files.readAllLines(out.resolve("model_judgment/org_gpt/mine.jsonl"))
                .get(9));
        assertThat(judged.at("/games/0/score").asText()).isEqualTo("B>>A");
        assertThat(judged.at("/games/1/score").asText()).isEqualTo("A>>B");
        assertThat(judged.get("baseline").asText()).isEqualTo("o3");
        JsonNode answer = JSON.readTree(
                Files.readAllLines(out.resolve("model_answer/mine.jsonl")).get(2));
        assertThat(answer.at("/metadata/list_count").asInt()).isEqualTo(1);
        assertThat(answer.at("/messages/1/content/answer").asText()).startsWith("- item");
    }

    private Path prompts(int size) throws IOException {
        return write(
                folder.resolve("prompts.jsonl"),
                IntStream.range(0, size)
                        .mapToObj(i -> JSON.createObjectNode().put("id", i).put("prompt", "Prompt " + i))
                        .toList());
    }

    private Path answers(String name, int size, IntUnaryOperator quality) throws IOException {
        return write(
                folder.resolve(name),
                IntStream.range(0, size)
                        .mapToObj(i -> JSON.createObjectNode()
                                .put("id", i)
                                .put("completion", "quality " + quality.applyAsInt(i)))
                        .toList());
    }

    @Test
    void versusCountsAWinOnlyInBothOrders() throws IOException {
        // Better by one is not seen: the judge then takes the first.
        server = new JudgeServer(KEY, request -> {
            int[] quality = qualities(request);
            return Reply.of(quality[0] >= quality[1] - 1 ? "I prefer [[A]]" : "I prefer [[B]]");
        });
        String[] arguments = {
            "--prompts",
            prompts(10).toString(),
            "--answers",
            answers("ours.jsonl", 10, i -> i).toString(),
            "--baseline-answers",
            answers("theirs.jsonl", 10, i -> 4).toString(),
            "--judge",
            "gpt",
            "--json"
        };
        JsonNode result =
                run("versus", folder.resolve("out"), arguments).succeeded().json();
        assertThat(result.get("wins").asInt()).isEqualTo(4);
        assertThat(result.get("ties").asInt()).isEqualTo(3);
        assertThat(result.get("losses").asInt()).isEqualTo(3);
        assertThat(result.get("decided_by_place").asInt()).isEqualTo(3);
        assertThat(result.at("/win_rate/mean").asDouble()).isCloseTo(0.55, within(1e-9));
        List<String> lines = Files.readAllLines(folder.resolve("out/judgments.jsonl"));
        assertThat(lines).hasSize(10);
        assertThat(JSON.readTree(lines.get(9)).get("outcome").asText()).isEqualTo("win");
    }

    @Test
    void versusByARewardModelGeneratesBothSides() throws IOException {
        Path policy = TinyModel.policy(folder.resolve("policy"));
        Path reward = TinyModel.rewardModel(policy, folder.resolve("reward"), 0);
        Path out = folder.resolve("out");
        String[] arguments = {
            "--prompts",
            prompts(6).toString(),
            "--model",
            policy.toString(),
            "--baseline-model",
            policy.toString(),
            "--max-completion-length",
            "8",
            "--judge-reward-model",
            reward.toString(),
            "--json"
        };
        JsonNode result = run("versus", out, arguments).succeeded().json();
        // The same policy, greedily: every answer is the same, and so is its reward.
        assertThat(result.get("ties").asInt()).isEqualTo(6);
        assertThat(result.at("/reward_difference/mean").asDouble()).isZero();
        assertThat(out.resolve("baseline/answers.jsonl")).exists();

        arguments[2] = "--answers";
        arguments[3] = answers("ours.jsonl", 6, i -> i).toString();
        JsonNode mixed =
                run("versus", folder.resolve("mixed"), arguments).succeeded().json();
        assertThat(mixed.get("wins").asInt() + mixed.get("losses").asInt()).isEqualTo(6);
        JsonNode line = JSON.readTree(
                Files.readAllLines(folder.resolve("mixed/judgments.jsonl")).get(0));
        double difference = line.get("policy_reward").asDouble()
                - line.get("baseline_reward").asDouble();
        assertThat(line.get("outcome").asText()).isEqualTo(difference > 0 ? "win" : "loss");
    }

    @Test
    void versusNeedsOneJudge() throws IOException {
        String prompts = prompts(2).toString();
        String ours = answers("ours.jsonl", 2, i -> i).toString();
        CommandRun none = run(
                "versus", folder.resolve("out"), "--prompts", prompts, "--answers", ours, "--baseline-answers", ours);
        assertThat(none.exitCode()).isEqualTo(2);
        assertThat(none.err()).contains("give one judge");
        CommandRun useless = run(
                "versus",
                folder.resolve("out"),
                "--prompts",
                prompts,
                "--answers",
                ours,
                "--baseline-answers",
                ours,
                "--judge-reward-model",
                "rm",
                "--judge-max-tokens",
                "5");
        assertThat(useless.exitCode()).isEqualTo(2);
        assertThat(useless.err()).contains("--judge-max-tokens has no effect");
    }

    @Test
    void theRealQuestionsAreRead() throws IOException {
        Path questions = SharedFiles.require("data/prompts/arena_hard_v0.1_question.jsonl");
        server = new JudgeServer(KEY, request -> Reply.of("[[A=B]]"));
        List<ObjectNode> baseline = new ArrayList<>();
        List<ObjectNode> ours = new ArrayList<>();
        for (String line : Files.readAllLines(questions).subList(0, 5)) {
            String uid = JSON.readTree(line).get("uid").asText();
            ObjectNode row = JSON.createObjectNode().put("uid", uid).put("model", "gpt-4-0314");
            row.putArray("messages").addObject().put("role", "assistant").put("content", "An answer.");
            baseline.add(row);
            ours.add(JSON.createObjectNode().put("id", uid).put("completion", "Another."));
        }
        JsonNode result = run(
                        "arena-hard",
                        folder.resolve("out"),
                        "--questions",
                        questions.toString(),
                        "--baseline",
                        write(folder.resolve("b.jsonl"), baseline).toString(),
                        "--answers",
                        write(folder.resolve("a.jsonl"), ours).toString(),
                        "--judge",
                        "gpt",
                        "--limit",
                        "5",
                        "--json")
                .succeeded()
                .json();
        assertThat(result.at("/score/mean").asDouble()).isEqualTo(0.5);
        assertThat(result.at("/style_controlled_score/mean").asDouble()).isCloseTo(0.5, within(1e-9));
        assertThat(result.get("category").asText()).isEqualTo("arena-hard-v0.1");
    }
}
