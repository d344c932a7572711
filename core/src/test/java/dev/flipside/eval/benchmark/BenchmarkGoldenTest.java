package dev.flipside.eval.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.TestResources;
import dev.flipside.data.Row;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;

/**
 * Figures equal those of the authors' own code; see the fixtures' SOURCE.md. Native rows are made of the fixtures, with
 * each answer's number as its text.
 */
class BenchmarkGoldenTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** Sums of the same numbers in another order. */
    private static final double ROUNDING = 1e-12;

    @Test
    void rewardBench() {
        check("rewardbench", RewardBenchmark.REWARDBENCH, file("x.json"), (item, row) -> {
            row.set("subset", item.get("subset"));
            row.put("chosen", "0").put("rejected", "1");
        });
    }

    @Test
    void rewardBench2() {
        check("rewardbench2", RewardBenchmark.REWARDBENCH2, file("x.json"), (item, row) -> {
            row.set("subset", item.get("subset"));
            int right = item.get("num_correct").asInt();
            put(row, "chosen", 0, right);
            put(row, "rejected", right, item.get("scores").size());
        });
    }

    @Test
    void rmBench() {
        check("rm-bench", RewardBenchmark.RM_BENCH, file("total_dataset.json"), (item, row) -> {
            row.set("domain", item.get("subset"));
            put(row, "chosen", 0, 3);
            put(row, "rejected", 3, 6);
        });
    }

    @Test
    void judgeBenchOnTheAuthorsOwnRewardModelScores() {
        judgeBench("judgebench-skywork");
    }

    @Test
    void judgeBenchWithTies() {
        judgeBench("judgebench");
    }

    private static void judgeBench(String fixture) {
        check(fixture, RewardBenchmark.JUDGEBENCH, file("x.jsonl"), (item, row) -> {
            row.set("pair_id", item.get("id"));
            row.set("source", item.get("source"));
            row.set("label", item.get("label"));
            row.set("question", row.get("prompt"));
            row.put("response_A", "0").put("response_B", "1");
        });
    }

    @Test
    void llmBar() {
        JsonNode golden = read("llmbar");
        List<ScoredItem> items = new ArrayList<>();
        for (JsonNode item : golden.get("items")) {
            ObjectNode row = JSON.createObjectNode();
            row.put("input", "q").put("output_1", "0").put("output_2", "1");
            row.set("label", item.get("label"));
            Path file = file("LLMBar/Adversarial/" + item.get("subset").asText() + "/dataset.json");
            items.add(scored(RewardBenchmark.LLMBAR, file, row, item));
        }
        assertEqual(golden.get("expected"), figures(RewardBenchmark.LLMBAR, items));
    }

    @Test
    void pandaLm() {
        check("pandalm", RewardBenchmark.PANDALM, file("x.json"), (item, row) -> {
            row.put("instruction", "q").put("input", "").put("response1", "0").put("response2", "1");
            int truth = item.get("truth").asInt();
            // Two of three make the majority.
            row.put("annotator1", truth).put("annotator2", (truth + 1) % 3).put("annotator3", truth);
        });
    }

    private static void check(
            String fixture, RewardBenchmark benchmark, Path file, BiConsumer<JsonNode, ObjectNode> native_) {
        JsonNode golden = read(fixture);
        List<ScoredItem> items = new ArrayList<>();
        for (JsonNode item : golden.get("items")) {
            ObjectNode row = JSON.createObjectNode();
            row.set("id", item.get("id"));
            row.put("prompt", "q " + item.get("id").asText());
            native_.accept(item, row);
            items.add(scored(benchmark, file, row, item));
        }
        assertEqual(golden.get("expected"), figures(benchmark, items));
    }

    private static ScoredItem scored(RewardBenchmark benchmark, Path file, ObjectNode row, JsonNode item) {
        BenchmarkItem read = benchmark.rule().item(file, new Row("x.json, line 1", row));
        List<Double> rewards = read.answers().stream()
                .map(answer -> item.get("scores").get(Integer.parseInt(answer)).asDouble())
                .toList();
        return ScoredItem.of(read, rewards, 0);
    }

    private static Map<String, Double> figures(RewardBenchmark benchmark, List<ScoredItem> items) {
        Map<String, Double> figures = new LinkedHashMap<>();
        BenchmarkRule rule = benchmark.rule();
        rule.metrics(Means.of(rule.units(items))).forEach(m -> figures.put(m.name(), m.value()));
        return figures;
    }

    private static void assertEqual(JsonNode expected, Map<String, Double> figures) {
        assertThat(expected).isNotEmpty();
        expected.fields().forEachRemaining(e -> {
            // JudgeBench's groups carry the split, which these rows do not have.
            Double figure = figures.getOrDefault(e.getKey(), figures.get("all / " + e.getKey()));
            assertThat(figure)
                    .as(e.getKey() + " of " + figures.keySet())
                    .isNotNull()
                    .isCloseTo(e.getValue().asDouble(), within(ROUNDING));
        });
    }

    private static void put(ObjectNode row, String column, int from, int to) {
        ArrayNode texts = row.putArray(column);
        for (int i = from; i < to; i++) {
            texts.add(String.valueOf(i));
        }
    }

    private static Path file(String name) {
        return Path.of("/data").resolve(name);
    }

    private static JsonNode read(String fixture) {
        return TestResources.json("eval/benchmark/" + fixture + ".json");
    }
}
