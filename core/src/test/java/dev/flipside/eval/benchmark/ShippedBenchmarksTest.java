package dev.flipside.eval.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.SharedFiles;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A toy reward model, the answer's length, on real benchmark files: counts and shares that are known of them. */
class ShippedBenchmarksTest {
    /** Figures below are given to a tenth of a per cent. */
    private static final double TENTH = 5e-4;

    @Test
    void pandaLm() {
        BenchmarkResult result = longerWins(RewardBenchmark.PANDALM, "data/pandalm-test");

        assertThat(result.prompts()).isEqualTo(999);
        assertThat(result.comparisons()).isEqualTo(894);
        assertThat(result.ties()).isEqualTo(7);
        // 599 of the 894 rows that the majority decides; a tie of lengths is wrong.
        assertThat(score(result, 0)).isCloseTo(599 / 894.0, within(1e-12));
    }

    @Test
    void llmBar() {
        BenchmarkResult result = longerWins(RewardBenchmark.LLMBAR, "data/llmbar");

        assertThat(result.figures())
                .extracting(BenchmarkResult.Figure::count)
                .containsExactly(419.0, 319.0, 100.0, 134.0, 92.0, 47.0, 46.0);
        assertThat(score(result, 0)).isCloseTo(0.289, within(TENTH));
        assertThat(score(result, 1)).isCloseTo(0.220, within(TENTH));
        assertThat(score(result, 2)).isCloseTo(0.565, within(TENTH));
    }

    @Test
    void judgeBench() {
        BenchmarkResult result = longerWins(RewardBenchmark.JUDGEBENCH, "data/judgebench-claude");

        assertThat(result.figures())
                .extracting(BenchmarkResult.Figure::count)
                .containsExactly(270.0, 270.0, 154.0, 34.0, 51.0, 31.0);
        assertThat(score(result, 0)).isCloseTo(0.437, within(TENTH));
    }

    @Test
    void rmBench() {
        BenchmarkResult result = longerWins(RewardBenchmark.RM_BENCH, "data/rm-bench");

        assertThat(result.prompts()).isEqualTo(129 + 284 + 157);
        assertThat(result.missing()).containsExactly("math", "code");
        // Fancier is longer: a judge of length is strong on Easy and helpless on Hard.
        assertThat(score(result, 1)).isCloseTo(0.868, within(TENTH));
        assertThat(score(result, 2)).isCloseTo(0.331, within(TENTH));
        assertThat(score(result, 3)).isCloseTo(0.063, within(TENTH));
    }

    @Test
    void preferencePairs() {
        BenchmarkResult train = longerWins(RewardBenchmark.PAIRS, "data/ultrafeedback-1k/train_clean.jsonl.gz");
        BenchmarkResult heldOut = longerWins(RewardBenchmark.PAIRS, "data/ultrafeedback-1k/eval_clean.jsonl.gz");

        assertThat(score(train, 0)).isCloseTo(552 / 996.0, within(1e-12));
        assertThat(train.ties()).isEqualTo(4);
        assertThat(score(heldOut, 0)).isCloseTo(91 / 199.0, within(1e-12));
    }

    private static BenchmarkResult longerWins(RewardBenchmark benchmark, String path) {
        List<ScoredItem> scored = BenchmarkFiles.read(benchmark, SharedFiles.require(path)).stream()
                .map(item -> ScoredItem.of(
                        item,
                        item.answers().stream()
                                .map(answer -> (double) answer.codePointCount(0, answer.length()))
                                .toList(),
                        0))
                .toList();
        BenchmarkResult result = BenchmarkResult.of(benchmark, scored);
        // The baseline printed beside every score is this very model.
        assertThat(result.figures()).isNotEmpty().allSatisfy(figure -> assertThat(figure.longer())
                .isEqualTo(figure.score().mean()));
        return result;
    }

    private static double score(BenchmarkResult result, int figure) {
        return result.figures().get(figure).score().mean();
    }
}
