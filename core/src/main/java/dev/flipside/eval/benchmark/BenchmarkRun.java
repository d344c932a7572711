package dev.flipside.eval.benchmark;

import dev.flipside.config.ChatTemplateConfig;
import dev.flipside.config.Spelling;
import dev.flipside.config.UserError;
import dev.flipside.model.Precision;
import dev.flipside.model.RewardReader;
import dev.flipside.run.ModelMark;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;

/**
 * One reward model over benchmarks.
 *
 * <pre>{@code
 * BenchmarkRun run = new BenchmarkRun(directory, ChatTemplateConfig.defaults(), reader, reader.positions(), true);
 * List<BenchmarkItem> items = BenchmarkFiles.read(RewardBenchmark.REWARDBENCH, file);
 * BenchmarkResult result = run.score(RewardBenchmark.REWARDBENCH, items, folder, done -> {}).result();
 * }</pre>
 */
public final class BenchmarkRun {
    private final AnswerScorer scorer;
    private final Map<String, String> made;

    /**
     * @param directory of the reward model
     * @param template as which {@code reader} renders
     * @param reader is not closed here
     * @param maxLength the most tokens of a conversation
     * @param sharedPrompts whether a prompt is computed once for all its answers
     */
    public BenchmarkRun(
            Path directory, ChatTemplateConfig template, RewardReader reader, int maxLength, boolean sharedPrompts) {
        scorer = new AnswerScorer(reader, maxLength, sharedPrompts);
        made = ModelMark.of(directory);
        template.said().forEach((key, value) -> made.put(key, value.toString()));
        made.put("max_length", Integer.toString(maxLength));
        made.put("shared_prompts", Boolean.toString(sharedPrompts));
        if (reader.model().decoder().plan().precision() != Precision.FLOAT32) {
            // As it is asked for, whatever it is on the device.
            made.put("dtype", Spelling.of(Precision.BFLOAT16));
        }
        // Earlier versions encoded prompt and answer apart; their scores do not mix with these.
        made.put("encoding", "whole text");
    }

    /**
     * What came out.
     *
     * @param items in the order in which they were given
     * @param seconds of rendering and of the model, without reading files and loading the model
     * @param endingInPadding answers that end in the model's padding token, so that their reward is read before it, as
     *     transformers does
     */
    public record Scores(RewardBenchmark benchmark, List<ScoredItem> items, double seconds, long endingInPadding) {
        /** Scored answers of a second. */
        public double answersPerSecond() {
            return items.stream().mapToLong(item -> item.rewards().size()).sum() / seconds;
        }

        /** The benchmark's figures. */
        public BenchmarkResult result() {
            return BenchmarkResult.of(benchmark, items);
        }
    }

    /**
     * Scores a benchmark.
     *
     * @param folder where scores are kept as they come, and found again after an interruption
     * @param answersDone is told how many answers are done
     * @throws UserError when an item cannot be rendered, a score is not finite, or the folder holds scores of something
     *     else
     */
    public Scores score(RewardBenchmark benchmark, List<BenchmarkItem> items, Path folder, LongConsumer answersDone) {
        long padding = scorer.rowsEndingInPadding();
        long began = System.nanoTime();
        Map<String, String> all = new LinkedHashMap<>(made);
        all.put("items", Integer.toString(items.size()));
        List<ScoredItem> scored;
        try (ScoreLog log = ScoreLog.open(folder, benchmark, all)) {
            scored = scorer.score(items, log, answersDone);
        }
        double seconds = (System.nanoTime() - began) * 1e-9;
        return new Scores(benchmark, scored, seconds, scorer.rowsEndingInPadding() - padding);
    }
}
