package com.example.flipside;

import dev.flipside.config.ChatTemplateConfig;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.eval.benchmark.BenchmarkFiles;
import dev.flipside.eval.benchmark.BenchmarkResult;
import dev.flipside.eval.benchmark.BenchmarkRun;
import dev.flipside.eval.benchmark.RewardBenchmark;
import dev.flipside.model.RewardModel;
import dev.flipside.model.RewardReader;
import dev.flipside.text.Renderer;
import dev.flipside.train.Renderers;
import java.nio.file.Path;

/** What {@code flipside eval-rm} does, from Java: a reward model over a file of preferences, with an interval. */
public final class ScorePairs {
    private ScorePairs() {}

    /** Takes a reward model's directory, a file of preferences, and a folder where scores are kept as they come. */
    public static void main(String[] args) {
        if (args.length != 3) {
            System.err.println("usage: ScorePairs REWARD_MODEL PAIRS FOLDER");
            System.exit(2);
        }
        try {
            BenchmarkResult result = run(Path.of(args[0]), Path.of(args[1]), Path.of(args[2]));
            result.figures()
                    .forEach(figure -> System.out.printf(
                            "%s: %.3f [%.3f, %.3f] of %.0f%n",
                            figure.name(),
                            figure.score().mean(),
                            figure.score().low(),
                            figure.score().high(),
                            figure.count()));
        } catch (UserError e) {
            System.err.println(e.getMessage());
            System.exit(2);
        }
    }

    static BenchmarkResult run(Path rewardModel, Path pairs, Path folder) {
        NativeLibrary.load();
        ChatTemplateConfig own = ChatTemplateConfig.defaults();
        try (RewardModel model = RewardModel.load(rewardModel, Device.CPU);
                Renderer renderer = Renderers.load(rewardModel, own, model.files())) {
            RewardReader reader = new RewardReader(model, renderer);
            return new BenchmarkRun(rewardModel, own, reader, reader.positions(), true)
                    .score(RewardBenchmark.PAIRS, BenchmarkFiles.read(RewardBenchmark.PAIRS, pairs), folder, done -> {})
                    .result();
        }
    }
}
