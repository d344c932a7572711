package dev.flipside.cli.rewardmodel;

import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.FlipsideCommand;
import dev.flipside.cli.console.ModelMark;
import dev.flipside.cli.console.Progress;
import dev.flipside.cli.console.TemplateFlags;
import dev.flipside.config.ChatTemplateConfig;
import dev.flipside.engine.Device;
import dev.flipside.eval.benchmark.AnswerScorer;
import dev.flipside.eval.benchmark.BenchmarkItem;
import dev.flipside.eval.benchmark.RewardBenchmark;
import dev.flipside.eval.benchmark.ScoreLog;
import dev.flipside.eval.benchmark.ScoredItem;
import dev.flipside.model.RewardModel;
import dev.flipside.model.RewardReader;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** One reward model over benchmarks, with progress. */
final class BenchmarkRun implements AutoCloseable {
    private final RewardReader reader;
    private final AnswerScorer scorer;
    private final Map<String, String> made;
    private final Console console;

    private BenchmarkRun(RewardReader reader, AnswerScorer scorer, Map<String, String> made, Console console) {
        this.reader = reader;
        this.scorer = scorer;
        this.made = made;
        this.console = console;
    }

    static BenchmarkRun open(
            Path dir, ChatTemplateConfig template, String device, ScoringOptions options, Console console) {
        RewardModel model = RewardModel.load(dir, Device.parse(device));
        try {
            RewardReader reader = new RewardReader(model, FlipsideCommand.renderer(console, model.files(), template));
            int maxLength = options.maxLength(reader.positions());
            AnswerScorer scorer = new AnswerScorer(reader, maxLength, options.sharedPrompts());
            Map<String, String> made = ModelMark.of(dir);
            TemplateFlags.object(template).forEach((key, value) -> made.put(key, value.toString()));
            made.put("max_length", Integer.toString(maxLength));
            made.put("shared_prompts", Boolean.toString(options.sharedPrompts()));
            // Earlier versions encoded prompt and answer apart; their scores do not mix with these.
            made.put("encoding", "whole text");
            return new BenchmarkRun(reader, scorer, made, console);
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    /** @param folder where scores are kept as they come, and found again after an interruption */
    EvalRmReport.Scored score(RewardBenchmark benchmark, List<BenchmarkItem> items, Path folder) {
        long answers = items.stream().mapToLong(item -> item.answers().size()).sum();
        long padding = scorer.rowsEndingInPadding();
        long began = System.nanoTime();
        List<ScoredItem> scored;
        Map<String, String> all = new LinkedHashMap<>(made);
        all.put("items", Integer.toString(items.size()));
        try (ScoreLog log = ScoreLog.open(folder, benchmark, all);
                Progress progress = console.progress(benchmark.key(), answers, "answers")) {
            scored = scorer.score(items, log, done -> progress.at(done, rate(done, began)));
        }
        double seconds = (System.nanoTime() - began) * 1e-9;
        if (scorer.rowsEndingInPadding() > padding) {
            console.warn(
                    benchmark.key() + ": " + (scorer.rowsEndingInPadding() - padding)
                            + " answer(s) end in the model's padding token, so that their reward is read before it, as transformers does.");
        }
        long done = scored.stream().mapToLong(item -> item.rewards().size()).sum();
        return new EvalRmReport.Scored(scored, new EvalRmReport.Timing(seconds, done / seconds));
    }

    private static String rate(long done, long began) {
        return String.format(Locale.ROOT, "%.1f answers/s", done / ((System.nanoTime() - began) * 1e-9));
    }

    @Override
    public void close() {
        reader.close();
    }
}
