package com.example.flipside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.compare.ComparisonSummary;
import dev.flipside.compare.OutcomeResult;
import dev.flipside.compare.Verdict;
import dev.flipside.eval.benchmark.BenchmarkResult;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompareArmsTest {
    @TempDir
    Path folder;

    @Test
    void theAnswerIsARecordAndWhatIsFinishedIsKept() throws IOException {
        List<String> heard = Collections.synchronizedList(new ArrayList<>());
        ComparisonSummary first = CompareArms.run(folder, 2, heard::add).orElseThrow();

        assertThat(heard).contains("seed 1, initial reward model: done", "seed 1, frozen: done", "seed 2, save: done");
        OutcomeResult accuracy = first.result().outcomes().get(0);
        assertThat(accuracy.values().get("frozen")).hasSize(2).doesNotContain(Double.NaN);
        double[] frozen = accuracy.values().get("frozen");
        double[] save = accuracy.values().get("save");
        assertThat(accuracy.differences().get("save").interval().mean())
                .isEqualTo((save[0] - frozen[0] + save[1] - frozen[1]) / 2);
        // Two seeds are too few for a permutation test.
        assertThat(first.result().verdict()).isEqualTo(Verdict.TOO_FEW_SEEDS);
        assertThat(folder.resolve("comparison/results.json")).exists();

        heard.clear();
        ComparisonSummary again = CompareArms.run(folder, 2, heard::add).orElseThrow();
        assertThat(heard).isEmpty();
        assertThat(again.object()).isEqualTo(first.object());

        // The run's last measurement and the benchmark are the same model on the same pairs.
        BenchmarkResult scored = ScorePairs.run(
                folder.resolve("comparison/seed-1/save/reward_model"),
                folder.resolve("held-out.jsonl"),
                folder.resolve("scores"));
        assertThat(scored.figures().get(0).score().mean())
                .isCloseTo(first.result().outcomes().get(0).values().get("save")[0], within(1e-9));
    }
}
