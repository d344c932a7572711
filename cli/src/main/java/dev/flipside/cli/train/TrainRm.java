package dev.flipside.cli.train;

import dev.flipside.cli.command.ConfigArguments;
import dev.flipside.cli.command.FlipsideCommand;
import dev.flipside.cli.command.NativeLibraries;
import dev.flipside.cli.console.Console;
import dev.flipside.config.ConfigReader;
import dev.flipside.config.RewardTrainingConfig;
import dev.flipside.engine.Collective;
import dev.flipside.engine.Placement;
import dev.flipside.run.StopSignal;
import dev.flipside.train.RewardTrainer;
import dev.flipside.train.TrainListener;
import dev.flipside.train.TrainingResult;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;

/** {@code flipside train-rm}: a reward model from labelled pairs. */
@Command(
        name = "train-rm",
        description = {
            "Trains a Bradley-Terry reward model with a value head from preference data.",
            "SIGTERM or Ctrl-C finishes the step, saves the model as it is and ends with exit code 0."
        })
public final class TrainRm extends FlipsideCommand {
    @Mixin
    private ConfigArguments arguments;

    @Mixin
    private RankProcess ranks;

    @Override
    protected int run(Console console) {
        return ranks.run(
                streams(),
                console,
                arguments.overrides(common()),
                changes -> inputs(console).resolve(ConfigReader.rewardTraining(arguments.file(), changes)),
                config -> config.run().device(),
                this::train);
    }

    private int train(RewardTrainingConfig config, Optional<Placement> placement, Console console) {
        NativeLibraries.load(console);
        long began = System.nanoTime();
        try (Collective collective = RankProcess.join(placement, config.run().device(), console);
                TrainingConsole progress = new TrainingConsole(
                        console, StepFigures::rewardTraining, config.training().loggingSteps());
                StopSignal stop = StopSignal.install(signal -> {
                    if (placement.filter(p -> p.rank() > 0).isEmpty()) {
                        progress.stopping(signal, "saving the model as it is");
                    }
                })) {
            TrainingResult result = new RewardTrainer(config)
                    .collective(collective)
                    .listener(collective.rank() == 0 ? progress : TrainListener.SILENT)
                    .stopWhen(stop::requested)
                    .run();
            progress.close();
            if (collective.rank() > 0) {
                return ExitCode.OK;
            }
            Path model = result.folder().resolve("final");
            TrainingSummary summary = new TrainingSummary(
                    result.completed() ? "finished" : "stopped",
                    result.folder(),
                    result.steps(),
                    result.totalSteps(),
                    (System.nanoTime() - began) * 1e-9,
                    TrainingReport.ofRewardTraining(result.folder()),
                    Optional.empty(),
                    Map.of("reward_model", model),
                    Optional.empty(),
                    List.of(
                            "flipside train CONFIG reward_model.model=" + model,
                            "flipside score --model " + model + " --input replies.jsonl"));
            console.result(summary::text, summary.object());
        }
        return ExitCode.OK;
    }
}
