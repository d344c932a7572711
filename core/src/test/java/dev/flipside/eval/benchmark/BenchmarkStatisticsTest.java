package dev.flipside.eval.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.config.UserError;
import dev.flipside.eval.Interval;
import dev.flipside.text.Conversation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchmarkStatisticsTest {
    @TempDir
    Path folder;

    /**
     * 100 pairs of different prompts, 60 of them right: the interval is the binomial's, +- 1.96 sqrt(.6 .4 / 100) =
     * .096.
     */
    @Test
    void theIntervalOfAShareIsTheBinomials() {
        Interval interval = headline(pairs(100, i -> i < 60 ? 1.0 : -1.0, i -> "prompt " + i));

        assertThat(interval.mean()).isCloseTo(0.6, within(1e-12));
        // Shares of 100 move in steps of 0.01; resampling scatters a quantile by about half a step.
        assertThat(interval.low()).isCloseTo(0.504, within(0.015));
        assertThat(interval.high()).isCloseTo(0.696, within(0.015));
    }

    /**
     * The same pairs, ten to a prompt and alike within it, are ten observations: the interval is wider by the root of
     * ten.
     */
    @Test
    void pairsOfOnePromptAreDrawnTogether() {
        Interval interval = headline(pairs(100, i -> i < 60 ? 1.0 : -1.0, i -> "prompt " + i / 10));

        // Ten observations are far from normal: shares of them move in steps of 0.1, of which this is about half of
        // one.
        assertThat(interval.high() - interval.low()).isCloseTo(2 * 1.96 * Math.sqrt(0.024), within(0.06));
    }

    @Test
    void theSameScoresGiveTheSameInterval() {
        List<ScoredItem> items = pairs(50, i -> i % 3 - 0.5, i -> "prompt " + i);

        assertThat(headline(items)).isEqualTo(headline(items));
    }

    @Test
    void aComparisonIsPaired() {
        // Right on 60 and on 50 of the same pairs, on 50 both: the difference is certain to be at least 0.
        List<ScoredItem> now = pairs(100, i -> i < 60 ? 1.0 : -1.0, i -> "prompt " + i);
        List<ScoredItem> before = pairs(100, i -> i < 50 ? 1.0 : -1.0, i -> "prompt " + i);
        BenchmarkComparison comparison = BenchmarkComparison.of(RewardBenchmark.PAIRS, now, before);
        BenchmarkComparison.Figure figure = comparison.figures().get("accuracy");

        assertThat(figure.other()).isCloseTo(0.5, within(1e-12));
        assertThat(figure.difference().mean()).isCloseTo(0.1, within(1e-12));
        // sd of the paired difference: sqrt(.1 .9 / 100) = .03; unpaired it would be .07.
        assertThat(figure.difference().low()).isCloseTo(0.05, within(0.015));
        assertThat(figure.difference().high()).isCloseTo(0.16, within(0.015));
        assertThat(comparison.items().better()).isEqualTo(10);
        assertThat(comparison.items().worse()).isZero();
        assertThat(comparison.items().twoSidedPValue()).isCloseTo(2 * Math.pow(0.5, 10), within(1e-12));
    }

    @Test
    void aModelComparedWithItselfDiffersNowhere() {
        List<ScoredItem> items = pairs(40, i -> i % 3 - 0.5, i -> "prompt " + i);
        BenchmarkComparison comparison = BenchmarkComparison.of(RewardBenchmark.PAIRS, items, items);

        assertThat(comparison.figures().get("accuracy").difference()).isEqualTo(new Interval(0, 0, 0));
        assertThat(comparison.items().twoSidedPValue()).isEqualTo(1);
    }

    @Test
    void itemsThatOneModelCouldNotScoreAreLeftOut() {
        List<ScoredItem> now = pairs(10, i -> 1.0, i -> "prompt " + i);
        List<ScoredItem> other = new ArrayList<>(pairs(10, i -> -1.0, i -> "prompt " + i));
        other.set(4, other.get(4).withRewards(List.of()));
        BenchmarkComparison comparison = BenchmarkComparison.of(RewardBenchmark.PAIRS, now, other);

        assertThat(comparison.left()).isEqualTo(1);
        assertThat(comparison.items().better()).isEqualTo(9);
        BenchmarkResult result = BenchmarkResult.of(RewardBenchmark.PAIRS, other);
        assertThat(result.skipped()).isEqualTo(1);
        assertThat(result.prompts()).isEqualTo(9);
    }

    @Test
    void onlyTheSameItemsAreCompared() {
        List<ScoredItem> now = pairs(10, i -> 1.0, i -> "prompt " + i);
        List<ScoredItem> others = pairs(10, i -> 1.0, i -> "another " + i);

        assertThatThrownBy(() -> BenchmarkComparison.of(RewardBenchmark.PAIRS, now, others))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("--compare");
        assertThatThrownBy(() -> BenchmarkComparison.of(RewardBenchmark.PAIRS, now, now.subList(0, 9)))
                .hasMessageContaining("10 items here and 9");
    }

    @Test
    void keptScoresAreReadAsTheyWere() {
        List<ScoredItem> items = new ArrayList<>(pairs(5, i -> i * 0.1 + 1e-17, i -> "prompt " + i));
        items.set(2, items.get(2).withRewards(List.of()));
        Path file = ScoreFile.in(folder.resolve("new/folder"), RewardBenchmark.PAIRS);
        ScoreFile.write(file, items);

        assertThat(ScoreFile.read(file)).isEqualTo(items);
    }

    @Test
    void damagedScoresNameTheirLine() throws IOException {
        Path file = folder.resolve("pairs.jsonl");
        ScoreFile.write(file, pairs(2, i -> 1.0, i -> "p"));
        String whole = Files.readString(file);
        for (String damage : List.of(
                whole.replace("[0,1]", "[0,7]"),
                whole.replace("\"rewards\":[1.0,0.0]", "\"rewards\":[1.0]"),
                whole + "{\n",
                whole + "{}\n")) {
            Files.writeString(file, damage);
            assertThatThrownBy(() -> ScoreFile.read(file))
                    .isInstanceOf(UserError.class)
                    .hasMessageMatching("(?s).*pairs.jsonl, line [13] is not.*");
        }
        Files.writeString(file, "");
        assertThatThrownBy(() -> ScoreFile.read(file)).hasMessageContaining("no items");
    }

    @Test
    void baselinesUseTheBenchmarksOwnRule() {
        // "longer" is right on the first, and ties on the second: half a point in LLMBar, none in pairs.
        List<ScoredItem> items = List.of(item("Natural", "longer", "x", 0.0), item("Natural", "same", "size", 0.0));

        assertThat(BenchmarkResult.of(RewardBenchmark.LLMBAR, items)
                        .figures()
                        .get(0)
                        .longer())
                .isEqualTo(0.75);
        assertThat(BenchmarkResult.of(RewardBenchmark.PAIRS, items)
                        .figures()
                        .get(0)
                        .longer())
                .isEqualTo(0.5);
        assertThat(BenchmarkResult.of(RewardBenchmark.LLMBAR, items)
                        .figures()
                        .get(0)
                        .markdown())
                .isEqualTo(0.5);
    }

    private static ScoredItem item(String subset, String good, String bad, double margin) {
        return ScoredItem.of(
                BenchmarkItem.of("i", subset, List.of(), Conversation.ofPrompt("p"), List.of(good), List.of(bad)),
                List.of(margin, 0.0),
                0);
    }

    private static Interval headline(List<ScoredItem> items) {
        return BenchmarkResult.of(RewardBenchmark.PAIRS, items).figures().get(0).score();
    }

    private static List<ScoredItem> pairs(int n, IntFunction<Double> margin, IntFunction<String> prompt) {
        return IntStream.range(0, n)
                .mapToObj(i -> new ScoredItem(
                        String.valueOf(i),
                        "pairs",
                        List.of(),
                        prompt.apply(i),
                        List.of(1, 0),
                        List.of(new AnswerPair(0, 1)),
                        List.of(margin.apply(i), 0.0),
                        List.of(3, 2),
                        List.of(0, 0),
                        0,
                        List.of()))
                .toList();
    }
}
