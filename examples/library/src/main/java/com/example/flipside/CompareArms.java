package com.example.flipside;

import dev.flipside.compare.ComparisonListener;
import dev.flipside.compare.ComparisonPlan;
import dev.flipside.compare.ComparisonRuns;
import dev.flipside.compare.ComparisonSummary;
import dev.flipside.compare.ComparisonWork;
import dev.flipside.compare.OutcomeResult;
import dev.flipside.config.ConfigReader;
import dev.flipside.config.UserError;
import dev.flipside.hub.HubInputs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** A comparison from Java: a reward model that improves itself against a frozen one, over seeds, with the question written down before the first run. */
public final class CompareArms {
    private static final String COMPARISON_YAML =
            """
            comparison:
              seeds: [1, 2]
              baseline: frozen
              criterion: With SAVE the reward model orders held-out pairs better than the frozen one.
              detectable_effect: 0.05
              outcomes:
                - {metric: eval_rm/accuracy, label: held-out accuracy, role: primary}
            arms:
              frozen:
                overrides: [save.preset=off]
              save:
                overrides: {}
            """;

    private CompareArms() {}

    /** Runs in the folder given, {@code runs/compare-arms} when none is; the same command goes on where it was stopped. */
    public static void main(String[] args) throws IOException {
        try {
            run(Path.of(args.length > 0 ? args[0] : "runs/compare-arms"), 12, System.out::println)
                    .ifPresent(CompareArms::print);
        } catch (UserError e) {
            System.err.println(e.getMessage());
            System.exit(2);
        }
    }

    private static void print(ComparisonSummary summary) {
        for (OutcomeResult outcome : summary.result().outcomes()) {
            outcome.differences()
                    .forEach((arm, difference) -> System.out.printf(
                            "%s: %s minus frozen %+.3f [%+.3f, %+.3f], %s%n",
                            outcome.outcome().title(),
                            arm,
                            difference.interval().mean(),
                            difference.interval().low(),
                            difference.interval().high(),
                            difference.verdict().text()));
        }
    }

    /** The answer; empty when it was stopped. */
    static Optional<ComparisonSummary> run(Path folder, int steps, Consumer<String> say) throws IOException {
        Path train = folder.resolve("train.yaml");
        if (!Files.exists(train)) {
            // What is registered must not change: the data and the files are made once.
            write(folder, train);
        }
        ComparisonPlan plan = ComparisonPlan.of(
                ConfigReader.comparison(
                        Files.writeString(folder.resolve("compare.yaml"), COMPARISON_YAML),
                        List.of(
                                "comparison.output_dir=" + folder.resolve("comparison"),
                                "base.train=" + train,
                                "base.reward_training=" + folder.resolve("reward-model.yaml"),
                                "base.overrides=[run.max_steps=" + steps + "]")),
                HubInputs.pathsOnly());
        return new ComparisonRuns(plan).listener(printing(say)).run();
    }

    private static void write(Path folder, Path train) throws IOException {
        Path model = TinyModel.write(folder.resolve("model"), 7);
        List<TrainAndScore.Pair> pairs = TrainAndScore.pairs(model, new KindWordsReward());
        int held = pairs.size() / 4;
        Path heldOut = JsonLines.write(folder.resolve("held-out.jsonl"), pairs.subList(0, held));
        Path labelled = JsonLines.write(folder.resolve("pairs.jsonl"), pairs.subList(held, pairs.size()));
        Path prompts = JsonLines.write(
                folder.resolve("prompts.jsonl"),
                TrainAndScore.PROMPTS.stream().map(p -> Map.of("prompt", p)).toList());
        Files.writeString(
                folder.resolve("reward-model.yaml"),
                TrainAndScore.REWARD_MODEL_YAML.replace("data: {", "data: {preferences: \"%s\", ".formatted(labelled))
                        + "reward_model: {model: \"%s\"}\n".formatted(model));
        Files.writeString(
                train,
                TrainAndScore.SAVE_YAML.replace("policy: {", "policy: {model: \"%s\", ".formatted(model))
                        + "data: {prompts: \"%s\", eval_preferences: \"%s\"}\n".formatted(prompts, heldOut));
    }

    /** A line for every part that is done. Who listens to {@code of(work)} also hears its steps. */
    private static ComparisonListener printing(Consumer<String> say) {
        return new ComparisonListener() {
            @Override
            public void done(ComparisonWork work) {
                say.accept(work.what() + ": done");
            }

            @Override
            public void warning(String line) {
                say.accept("warning: " + line);
            }
        };
    }
}
