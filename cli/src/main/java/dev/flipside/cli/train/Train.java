package dev.flipside.cli.train;

import dev.flipside.cli.command.ConfigArguments;
import dev.flipside.cli.command.FlipsideCommand;
import dev.flipside.cli.command.NativeLibraries;
import dev.flipside.cli.console.Console;
import dev.flipside.config.ConfigReader;
import dev.flipside.config.TrainConfig;
import dev.flipside.engine.Collective;
import dev.flipside.engine.Placement;
import dev.flipside.run.StopSignal;
import dev.flipside.train.SaveTrainer;
import dev.flipside.train.TrainListener;
import dev.flipside.train.TrainingResult;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code flipside train}: the SAVE loop, or plain GRPO, RLOO and GSPO. */
@Command(
        name = "train",
        description = {
            "Trains a policy while its reward model keeps learning (SAVE); save.preset=off freezes the reward model.",
            "SIGTERM or Ctrl-C finishes the step, writes a checkpoint and ends with exit code 0; --resume continues."
        })
public final class Train extends FlipsideCommand {
    @Mixin
    private ConfigArguments arguments;

    @Option(names = "--resume", description = "Continue the run in run.output_dir from its newest checkpoint.")
    private boolean resume;

    @Option(
            names = "--from-step",
            paramLabel = "N",
            description = {
                "Continue from the checkpoint of step N instead of the newest, or from the beginning with 0,",
                "and forget what came after it."
            })
    private Optional<Long> fromStep = Optional.empty();

    @Mixin
    private RankProcess ranks;

    @Mixin
    private LivePage page;

    @Override
    protected int run(Console console) {
        List<String> overrides = new ArrayList<>(arguments.overrides(common()));
        if (resume || fromStep.isPresent()) {
            overrides.add("run.resume=true");
        }
        return ranks.run(
                streams(),
                console,
                overrides,
                changes -> inputs(console).resolve(ConfigReader.train(arguments.file(), changes)),
                config -> config.run().device(),
                this::train);
    }

    private int train(TrainConfig config, Optional<Placement> placement, Console console) {
        boolean reference = config.plan().penalisesDivergence();
        NativeLibraries.load(console);
        long began = System.nanoTime();
        try (Collective collective = RankProcess.join(placement, config.run().device(), console);
                TrainingConsole progress = new TrainingConsole(
                        console,
                        metrics -> StepFigures.training(metrics, reference),
                        config.logging().loggingSteps());
                StopSignal stop = StopSignal.install(signal -> {
                    if (placement.filter(p -> p.rank() > 0).isEmpty()) {
                        progress.stopping(signal, "writing a checkpoint");
                    }
                });
                LivePage.Served served = collective.rank() == 0
                        ? page.open(Path.of(config.run().outputDir()), streams(), console)
                        : LivePage.Served.NOTHING) {
            boolean speaks = collective.rank() == 0;
            SaveTrainer trainer = new SaveTrainer(config)
                    .collective(collective)
                    .listener(speaks ? progress : TrainListener.SILENT)
                    .stopWhen(stop::requested);
            fromStep.ifPresent(trainer::fromStep);
            TrainingResult result = trainer.run();
            progress.close();
            double seconds = (System.nanoTime() - began) * 1e-9;
            if (speaks) {
                report(console, config, result, progress.steps(), seconds);
            }
        }
        return ExitCode.OK;
    }

    private void report(Console console, TrainConfig config, TrainingResult result, long stepsNow, double seconds) {
        TrainingReport figures = TrainingReport.ofTraining(result.folder());
        Map<String, Path> places = new LinkedHashMap<>();
        List<String> next = new ArrayList<>();
        if (!result.completed()) {
            places.put("checkpoint", result.folder().resolve("checkpoints/step-" + result.steps()));
        } else {
            places.put("policy", result.folder().resolve("policy"));
            next.add("flipside generate --model " + places.get("policy") + " --input prompts.jsonl");
            if (config.plan().improves()) {
                places.put("reward_model", result.folder().resolve("reward_model"));
                next.add("flipside score --model " + places.get("reward_model") + " --input replies.jsonl");
            }
        }
        String end = end(result, stepsNow);
        TrainingSummary summary = new TrainingSummary(
                end,
                result.folder(),
                result.steps(),
                result.totalSteps(),
                seconds,
                figures,
                Optional.of(TrainingDiagnostics.of(result.folder())),
                places,
                result.completed() ? Optional.empty() : Optional.of(arguments.again(common(), "--resume")),
                next);
        console.result(summary::text, summary.object());
    }

    private static String end(TrainingResult result, long stepsNow) {
        if (!result.completed()) {
            return "stopped";
        }
        if (result.steps() < result.totalSteps()) {
            return "ended by run.stop_rule";
        }
        return stepsNow == 0 ? "already finished" : "finished";
    }
}
