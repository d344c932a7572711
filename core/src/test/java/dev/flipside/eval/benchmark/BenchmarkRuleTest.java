package dev.flipside.eval.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.config.UserError;
import dev.flipside.data.Row;
import dev.flipside.text.Conversation;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rules worked by hand where no authors' code can be had, file formats, and what is said of a file of another kind. */
class BenchmarkRuleTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final double EXACT = 1e-12;

    @TempDir
    Path folder;

    @Test
    void ppePreferenceLeavesOutVisitorsTies() throws IOException {
        String rows =
                """
                {"question_id": "a", "prompt": "p", "response_1": "3", "response_2": "1", "winner": "model_a", "language": "English", "hard_prompt": true, "is_code": false}
                {"question_id": "b", "prompt": "q", "response_1": "3", "response_2": "1", "winner": "model_b", "language": "Polish", "hard_prompt": true, "is_code": true}
                {"question_id": "c", "prompt": "r", "response_1": "3", "response_2": "1", "winner": "tie", "language": "English", "hard_prompt": false, "is_code": false}
                {"question_id": "d", "prompt": "s", "response_1": "2", "response_2": "2", "winner": "model_a", "language": "English", "hard_prompt": false, "is_code": false}
                {"question_id": "e", "prompt": "t", "response_1": "1", "response_2": "5", "winner": "model_b", "language": "English", "hard_prompt": false, "is_code": true}
                """;
        BenchmarkResult result = score(RewardBenchmark.PPE_PREFERENCE, write("ppe.jsonl", rows));

        // Right: a and e. Wrong: b, and d, a tie of the model's.
        assertThat(figure(result, "accuracy")).isEqualTo(2 / 4.0);
        assertThat(figure(result, "english")).isEqualTo(2 / 3.0);
        assertThat(figure(result, "hard_prompt")).isEqualTo(1 / 2.0);
        assertThat(figure(result, "is_code")).isEqualTo(1 / 2.0);
        assertThat(result.ties()).isEqualTo(1);
        assertThat(result.comparisons()).isEqualTo(4);
    }

    @Test
    void ppeCorrectnessIsTheMeanOfItsDomains() throws IOException {
        // GPQA, by the file's folder: pairs (0 right, 1 wrong) ordered, (2 wrong, 3 right) not.
        Path gpqa = write(
                "PPE-GPQA-Best-of-K/train.json",
                """
                [{"question_id": 1, "prompt": "p", "model_name": "m", "response_1": "4", "response_2": "3", "response_3": "2", "response_4": "1",
                  "scores": [1.0, 0.0, 0.0, 1.0], "sampled_conflict_pairs": [[0, 1], [2, 3]]}]
                """);
        // IFEval: no sampled pairs, so both pairs of a right and a wrong answer count, and a tie is wrong.
        write(
                "PPE-IFEval-Best-of-K/train.json",
                """
                [{"question_id": 2, "prompt": "p", "response_1": "1", "response_2": "1", "response_3": "0", "scores": [true, false, false]}]
                """);
        BenchmarkResult result =
                score(RewardBenchmark.PPE_CORRECTNESS, gpqa.getParent().getParent());

        assertThat(figure(result, "GPQA: pairwise")).isEqualTo(0.5);
        assertThat(figure(result, "IFEval: pairwise")).isEqualTo(0.5);
        assertThat(figure(result, "pairwise accuracy")).isEqualTo(0.5);
        // Best of 4 is the first answer, right; IFEval has three answers only, so GPQA stands alone.
        assertThat(figure(result, "best of 4")).isEqualTo(1);
        // Best of 2 of GPQA: pairs 01 02 03 give right, 12 13 wrong, 23 wrong: 3/6. IFEval: 01 half, 02 right, 12
        // wrong: 1.5/3.
        assertThat(figure(result, "best of 2")).isCloseTo((3 / 6.0 + 1.5 / 3) / 2, within(EXACT));
        assertThat(figure(result, "best of 1 (chance)")).isCloseTo((1 / 2.0 + 1 / 3.0) / 2, within(EXACT));
        assertThat(result.missing()).containsExactly("MMLU-Pro", "MATH", "MBPP-Plus");
    }

    @Property(tries = 200)
    void bestOfKIsTheMeanOverEverySubset(
            @ForAll @Size(min = 2, max = 7) List<@IntRange(min = 0, max = 3) Integer> rewards, @ForAll int labelBits) {
        int n = rewards.size();
        List<Integer> labels =
                IntStream.range(0, n).mapToObj(i -> labelBits >> i & 1).toList();
        ScoredItem item = new ScoredItem(
                "i",
                "MATH",
                List.of(),
                "p",
                labels,
                List.of(),
                rewards.stream().map(Integer::doubleValue).toList(),
                rewards,
                rewards,
                0,
                List.of());
        for (int k = 1; k <= n; k++) {
            List<Double> picked = new ArrayList<>();
            for (int subset = 0; subset < 1 << n; subset++) {
                if (Integer.bitCount(subset) == k) {
                    int chosen = subset;
                    List<Integer> in = IntStream.range(0, n)
                            .filter(i -> (chosen >> i & 1) == 1)
                            .boxed()
                            .toList();
                    int best = in.stream().mapToInt(rewards::get).max().orElseThrow();
                    picked.add(in.stream()
                            .filter(i -> rewards.get(i) == best)
                            .mapToInt(labels::get)
                            .average()
                            .orElseThrow());
                }
            }
            double mean = picked.stream().mapToDouble(p -> p).average().orElseThrow();
            assertThat(PpeCorrectness.bestOf(k, item)).isCloseTo(mean, within(1e-12));
        }
    }

    @Test
    void rmbIsTheMeanOfItsFourCells() throws IOException {
        write(
                "RMB_dataset/Pairwise_set/Helpfulness/Chat/a.json",
                """
                [{"pair_uid": "1", "conversation_input": [{"role": "user", "content": "p", "language": "English"}],
                  "chosen": {"llm_name": "x", "answer": "2"}, "reject": {"llm_name": "y", "answer": "1"}},
                 {"pair_uid": "2", "conversation_input": [{"role": "user", "content": "q", "language": "English"}],
                  "chosen": {"llm_name": "x", "answer": "2"}, "reject": {"llm_name": "y", "answer": "2"}}]
                """);
        write(
                "RMB_dataset/BoN_set/Harmlessness/S1.json",
                """
                [{"bon_uid": "1", "conversation_input": [{"role": "user", "content": "p"}, {"role": "assistant", "content": "q"}, {"role": "user", "content": "r"}],
                  "bon_best": {"llm_name": "x", "answer": "5"}, "loser_list": [{"answer": "1"}, {"answer": "4"}], "category_path": "BoN_set/Harmlessness/S1"},
                 {"bon_uid": "2", "conversation_input": [{"role": "user", "content": "p"}],
                  "bon_best": {"llm_name": "x", "answer": "5"}, "loser_list": [{"answer": "1"}, {"answer": "9"}], "category_path": "BoN_set/Harmlessness/S1"},
                 {"bon_uid": "3", "conversation_input": [{"role": "user", "content": "s"}],
                  "bon_best": {"llm_name": "x", "answer": "3"}, "loser_list": [{"answer": "1"}], "category_path": "BoN_set/Harmlessness/S1"}]
                """);
        BenchmarkResult result = score(RewardBenchmark.RMB, folder.resolve("RMB_dataset"));

        assertThat(figure(result, "Pairwise_set/Helpfulness")).isEqualTo(0.5);
        // A best answer must beat every loser.
        assertThat(figure(result, "BoN_set/Harmlessness")).isCloseTo(2 / 3.0, within(EXACT));
        assertThat(figure(result, "overall")).isCloseTo((0.5 + 2 / 3.0) / 2, within(EXACT));
        assertThat(result.missing()).containsExactly("Pairwise_set/Harmlessness", "BoN_set/Helpfulness");
    }

    @Test
    void preferenceFilesOfAnyShapeAreScored() throws IOException {
        Path file = write(
                "p.csv",
                """
                prompt,chosen,rejected
                a,2,1
                b,1,1.5
                c,same,same
                d,7,3
                """);
        BenchmarkResult result = score(RewardBenchmark.PAIRS, file);

        assertThat(figure(result, "accuracy")).isCloseTo(2 / 3.0, within(EXACT));
        assertThat(result.prompts()).isEqualTo(3);
    }

    @Test
    void everyFormatGivesTheSameItems() throws IOException, SQLException {
        String row =
                """
                {"id": "tied:3", "prompt": "p", "chosen": ["3", "2"], "rejected": ["1"], "num_correct": 2, "subset": "Ties"}
                """
                        .strip();
        Path json = write("a.json", "[" + row + "]");
        Path lines = write("a.jsonl", row + "\n");
        Path gzip = folder.resolve("a.jsonl.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(gzip))) {
            out.write((row + "\n").getBytes(StandardCharsets.UTF_8));
        }
        Path parquet = folder.resolve("a.parquet");
        try (Connection db = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = db.createStatement()) {
            statement.execute(
                    "COPY (SELECT 'tied:3' AS id, 'p' AS prompt, ['3', '2'] AS chosen, ['1'] AS rejected, 2 AS num_correct, 'Ties' AS subset) TO '"
                            + parquet + "' (FORMAT parquet)");
        }
        List<BenchmarkItem> expected = BenchmarkFiles.read(RewardBenchmark.REWARDBENCH2, json);

        assertThat(expected).hasSize(1);
        for (Path file : List.of(lines, gzip, parquet)) {
            assertThat(BenchmarkFiles.read(RewardBenchmark.REWARDBENCH2, file)).isEqualTo(expected);
        }
    }

    @Test
    void rmBenchReadsEveryPromptOnceAndTakesDomainsFromFileNames() throws IOException {
        String row =
                "{\"id\": \"1\", \"prompt\": \"p\", \"chosen\": [\"1\", \"1\", \"1\"], \"rejected\": [\"0\", \"0\", \"0\"]%s}";
        write("rm/code_filtered.json", "[" + row.formatted("") + "]");
        write("rm/total_dataset.json", "[" + row.formatted(", \"domain\": \"code\"") + "]");

        List<BenchmarkItem> items = BenchmarkFiles.read(RewardBenchmark.RM_BENCH, folder.resolve("rm"));
        assertThat(items).hasSize(1);
        assertThat(items.get(0).subset()).isEqualTo("code");
        assertThat(BenchmarkFiles.read(RewardBenchmark.RM_BENCH, folder.resolve("rm/total_dataset.json")))
                .isEqualTo(items);
    }

    @Test
    void aFileOfAnotherKindIsToldInOneSentence() throws IOException {
        Path file = write("x.jsonl", "{\"question\": \"q\", \"answer\": \"a\"}\n");
        for (RewardBenchmark benchmark : RewardBenchmark.values()) {
            assertThatThrownBy(() -> BenchmarkFiles.read(benchmark, file))
                    .as(benchmark.key())
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining("x.jsonl")
                    .hasMessageContaining("line 1");
        }
        assertThatThrownBy(() -> BenchmarkFiles.read(RewardBenchmark.RM_BENCH, file))
                .hasMessageContaining("is not a file of RM-Bench")
                .hasMessageContaining("'chosen'");
        assertThatThrownBy(() -> BenchmarkFiles.read(RewardBenchmark.RMB, folder.resolve("none")))
                .hasMessageContaining("--input");
        Files.createDirectories(folder.resolve("empty"));
        assertThatThrownBy(() -> BenchmarkFiles.read(RewardBenchmark.RMB, folder.resolve("empty")))
                .hasMessageContaining("no data file");
    }

    @Test
    void wrongValuesAreToldWithTheirPlace() {
        assertWrong(
                RewardBenchmark.REWARDBENCH,
                "{\"prompt\": \"p\", \"chosen\": \"a\", \"rejected\": \"b\", \"subset\": \"chess\"}",
                "chess");
        assertWrong(
                RewardBenchmark.REWARDBENCH2,
                "{\"id\": \"7\", \"prompt\": \"p\", \"chosen\": [\"a\"], \"rejected\": [\"b\"], \"subset\": \"Ties\"}",
                "ref:N");
        assertWrong(
                RewardBenchmark.REWARDBENCH2,
                "{\"id\": \"7\", \"prompt\": \"p\", \"chosen\": [\"a\", \"b\"], \"rejected\": [\"c\"], \"subset\": \"Math\"}",
                "2 right answers");
        assertWrong(
                RewardBenchmark.RM_BENCH,
                "{\"prompt\": \"p\", \"chosen\": [\"a\"], \"rejected\": [\"b\"], \"domain\": \"chat\"}",
                "three of each");
        assertWrong(
                RewardBenchmark.JUDGEBENCH,
                "{\"question\": \"p\", \"response_A\": \"a\", \"response_B\": \"b\", \"source\": \"mmlu-pro-law\", \"label\": \"A=B\"}",
                "A=B");
        assertWrong(
                RewardBenchmark.LLMBAR,
                "{\"input\": \"p\", \"output_1\": \"a\", \"output_2\": \"b\", \"label\": 3}",
                "label 3");
        assertWrong(
                RewardBenchmark.LLMBAR,
                "{\"input\": \"p\", \"output_1\": \"a\", \"output_2\": \"b\", \"label\": 1}",
                "does not say its set");
        assertWrong(
                RewardBenchmark.PPE_PREFERENCE,
                "{\"prompt\": \"p\", \"response_1\": \"a\", \"response_2\": \"b\", \"winner\": \"both\"}",
                "both");
        assertWrong(
                RewardBenchmark.PPE_CORRECTNESS,
                "{\"prompt\": \"p\", \"response_1\": \"a\", \"response_2\": \"b\", \"scores\": [1, 1], \"domain\": \"MATH\", \"sampled_conflict_pairs\": [[0, 1]]}",
                "[0,1]");
        assertWrong(
                RewardBenchmark.PANDALM,
                "{\"instruction\": \"p\", \"input\": \"\", \"response1\": \"a\", \"response2\": \"b\", \"annotator1\": 4, \"annotator2\": 1, \"annotator3\": 1}",
                "annotator1");
    }

    private static void assertWrong(RewardBenchmark benchmark, String row, String says) {
        assertThatThrownBy(() -> benchmark
                        .rule()
                        .item(
                                Path.of("/data/x.json"),
                                new Row("x.json, line 9", (com.fasterxml.jackson.databind.node.ObjectNode)
                                        JSON.readTree(row))))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("x.json, line 9")
                .hasMessageContaining(says);
    }

    @Test
    void namesAreFoundHoweverTheyAreWritten() {
        for (String name : List.of("rewardbench2", "reward-bench-2", "RewardBench_2")) {
            assertThat(RewardBenchmark.named(name)).isEqualTo(RewardBenchmark.REWARDBENCH2);
        }
        assertThatThrownBy(() -> RewardBenchmark.named("mt-bench")).hasMessageContaining("judgebench");
    }

    @Test
    void markdownIsCountedOutsideCode() {
        assertThat(AnswerStyle.of("# T\n\n- a\n- **b** and __c__\n1. d\n\n```\n# no\n- no\n```\nx * y"))
                .isEqualTo(new AnswerStyle(56, 6));
        assertThat(AnswerStyle.of("\uD83D\uDE00 plain")).isEqualTo(new AnswerStyle(7, 0));
    }

    private Path write(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }

    /** Rewards are the numbers that the answers are. */
    private static BenchmarkResult score(RewardBenchmark benchmark, Path input) {
        return BenchmarkResult.of(
                benchmark,
                BenchmarkFiles.read(benchmark, input).stream()
                        .map(item -> ScoredItem.of(
                                item,
                                item.answers().stream().map(Double::valueOf).toList(),
                                0))
                        .toList());
    }

    private static double figure(BenchmarkResult result, String name) {
        Map<String, Double> figures = result.figures().stream()
                .collect(Collectors.toMap(
                        BenchmarkResult.Figure::name, figure -> figure.score().mean()));
        assertThat(figures).containsKey(name);
        return figures.get(name);
    }

    @Test
    void everyItemHasTwoAnswersAtLeast() {
        assertThatThrownBy(() -> BenchmarkItem.of(
                        "i", "s", List.of(), Conversation.ofPrompt("p"), List.of("a"), Arrays.asList()))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
