package dev.flipside.cli;

import dev.flipside.cli.command.CommandRoot;
import dev.flipside.cli.command.FlipsideCommand;
import dev.flipside.cli.compare.Compare;
import dev.flipside.cli.compare.Demo;
import dev.flipside.cli.config.Config;
import dev.flipside.cli.console.OutputException;
import dev.flipside.cli.console.ResultStream;
import dev.flipside.cli.console.Streams;
import dev.flipside.cli.console.Text;
import dev.flipside.cli.dashboard.Dashboard;
import dev.flipside.cli.hub.Import;
import dev.flipside.cli.hub.Merge;
import dev.flipside.cli.hub.Pull;
import dev.flipside.cli.hub.Push;
import dev.flipside.cli.inspect.Data;
import dev.flipside.cli.inspect.Rewards;
import dev.flipside.cli.inspect.Validate;
import dev.flipside.cli.machine.Bench;
import dev.flipside.cli.machine.BuildVersion;
import dev.flipside.cli.machine.Doctor;
import dev.flipside.cli.model.Chat;
import dev.flipside.cli.model.Generate;
import dev.flipside.cli.model.Logprobs;
import dev.flipside.cli.model.Score;
import dev.flipside.cli.report.Report;
import dev.flipside.cli.rewardmodel.EvalRm;
import dev.flipside.cli.train.Train;
import dev.flipside.cli.train.TrainRm;
import dev.flipside.config.Spelling;
import dev.flipside.config.UserError;
import dev.flipside.run.StopSignal;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The command {@code flipside}. A new command is one class that extends {@link FlipsideCommand} and one line in
 * {@code subcommands}.
 */
@Command(
        name = "flipside",
        versionProvider = BuildVersion.class,
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        description = "RLHF in which the reward model keeps learning while the policy trains.",
        subcommands = {
            Demo.class,
            TrainRm.class,
            Train.class,
            Compare.class,
            Report.class,
            Dashboard.class,
            Pull.class,
            Push.class,
            Validate.class,
            Data.class,
            Rewards.class,
            Config.class,
            Generate.class,
            Chat.class,
            Score.class,
            Logprobs.class,
            EvalRm.class,
            EvalPolicy.class,
            Import.class,
            Merge.class,
            Bench.class,
            Doctor.class,
            HelpCommand.class,
        },
        footer = {
            "",
            "`flipside COMMAND --help` describes a command. Progress and logs go to standard error, results to standard output.",
            "Exit code: 0 done, 1 the run failed, 2 the input is wrong, 141 the reader of standard output has closed it (as `| head` does)."
        })
public final class Main implements Runnable, CommandRoot {
    private final Streams streams;

    @Spec
    private CommandSpec spec;

    Main(Streams streams) {
        this.streams = streams;
    }

    public static void main(String[] args) {
        StopSignal.endAtOnce();
        // Java 17 cannot tell which of the streams are terminals: the launcher says so.
        Streams streams = new Streams(
                System.in,
                ResultStream.standardOutput(),
                System.err,
                Integer.getInteger("flipside.columns", 0),
                System.getenv(),
                Boolean.getBoolean("flipside.typed"));
        System.exit(started(streams, args));
    }

    private static int started(Streams streams, String... args) {
        try {
            Arguments.requireWhole(args);
        } catch (UserError e) {
            Text.writer(streams.err()).println("flipside: " + e.getMessage());
            return CommandLine.ExitCode.USAGE;
        }
        return run(streams, args);
    }

    /** Runs one command line and returns its exit code. */
    public static int run(Streams streams, String... args) {
        CommandLine line = new CommandLine(new Main(streams));
        line.setOut(Text.writer(streams.out()));
        line.setErr(Text.writer(streams.err()));
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setParameterExceptionHandler(Main::wrongArguments);
        line.setExecutionExceptionHandler((failure, command, parsed) -> Failures.report(failure, command));
        line.setExecutionStrategy(Main::execute);
        try {
            return line.execute(args);
        } catch (OutOfMemoryError | StackOverflowError | LinkageError | AssertionError e) {
            return LastResort.report(e, line.getErr());
        }
    }

    /**
     * Where help is asked for, picocli forgives what it does not know; `flipside trian --help` is wrong all the same.
     */
    private static int execute(ParseResult parsed) {
        List<String> unknown = new ArrayList<>();
        CommandLine last = parsed.commandSpec().commandLine();
        for (CommandLine command : parsed.asCommandLineList()) {
            unknown.addAll(command.getParseResult().unmatched());
            last = command;
        }
        if (!unknown.isEmpty()) {
            throw new UnmatchedArgumentException(last, unknown);
        }
        try {
            return new CommandLine.RunLast().execute(parsed);
        } catch (OutputException e) {
            // Of help and version, which picocli prints itself; what a command throws comes wrapped, to the handler
            // above.
            return Failures.report(e, last);
        }
    }

    @Override
    public Streams streams() {
        return streams;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which command?");
    }

    private static int wrongArguments(ParameterException failure, String[] args) {
        CommandLine line = failure.getCommandLine();
        String command = line.getCommandSpec().qualifiedName();
        String what = failure.getMessage()
                .replaceFirst("'([+-]?\\d+)' is not an? (int|long)$", "'$1' is out of range")
                .replaceFirst("' is not an? (int|long)$", "' is not a whole number")
                .replaceFirst("' is not an? (float|double)$", "' is not a number");
        if (failure instanceof UnmatchedArgumentException unmatched
                && !line.getSubcommands().isEmpty()
                && !unmatched.getUnmatched().get(0).startsWith("-")) {
            String word = unmatched.getUnmatched().get(0);
            what = "'" + word + "' is not a command"
                    + Spelling.suggestion(
                            word, List.copyOf(line.getSubcommands().keySet()));
        }
        line.getErr().println(command + ": " + what + " (`" + command + " --help` shows what it takes)");
        return CommandLine.ExitCode.USAGE;
    }
}
