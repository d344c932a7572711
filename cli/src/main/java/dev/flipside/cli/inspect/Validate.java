package dev.flipside.cli.inspect;

import dev.flipside.cli.command.ConfigArguments;
import dev.flipside.cli.command.FlipsideCommand;
import dev.flipside.cli.command.NativeLibraries;
import dev.flipside.cli.console.Console;
import dev.flipside.config.ConfigReader;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;

/** {@code flipside validate}: what a run would do, before it starts. */
@Command(
        name = "validate",
        description = {
            "Checks a configuration of train or train-rm without training: loads models and data, shows how each model reads an example and where it is scored,",
            "measures whether padding changes a score, and estimates the memory.",
            "Exit code 2 when the run would fail or mislead."
        })
public final class Validate extends FlipsideCommand {
    @Mixin
    private ConfigArguments arguments;

    @Override
    protected int run(Console console) {
        List<String> overrides = arguments.overrides(common());
        Findings findings = new Findings();
        if (ConfigReader.trainsRewardModel(arguments.file(), overrides)) {
            var config = inputs(console).resolve(ConfigReader.rewardTraining(arguments.file(), overrides));
            NativeLibraries.load(console);
            new RewardTrainingInspection(config, findings, console).run();
        } else {
            var config = inputs(console).resolve(ConfigReader.train(arguments.file(), overrides));
            NativeLibraries.load(console);
            new TrainInspection(config, findings, console).run();
        }
        console.result(findings::text, findings.object());
        return findings.hasProblems() ? ExitCode.USAGE : ExitCode.OK;
    }
}
