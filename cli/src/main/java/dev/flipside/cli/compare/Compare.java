package dev.flipside.cli.compare;

import dev.flipside.cli.cluster.ClusterEngine.ClusterComparison;
import dev.flipside.cli.cluster.ClusterOptions;
import dev.flipside.cli.command.ConfigArguments;
import dev.flipside.cli.command.FlipsideCommand;
import dev.flipside.cli.command.NativeLibraries;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.report.Report;
import dev.flipside.cli.report.ReportPage;
import dev.flipside.compare.ComparisonPlan;
import dev.flipside.compare.ComparisonRuns;
import dev.flipside.compare.ComparisonSummary;
import dev.flipside.compare.PairedTests;
import dev.flipside.compare.Pilot;
import dev.flipside.compare.Shard;
import dev.flipside.compare.WorkRunner;
import dev.flipside.config.ComparisonConfig;
import dev.flipside.config.ConfigReader;
import dev.flipside.config.UserError;
import dev.flipside.run.StopSignal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code flipside compare}: arms x seeds, and an answer to a question that was asked before. */
@Command(
        name = "compare",
        description = {
            "Runs arms x seeds from one configuration and compares the arms seed by seed, with intervals and tests.",
            "The criterion is written down before the first run. What is finished in comparison.output_dir is kept, what",
            "was interrupted goes on; SIGTERM or Ctrl-C ends the runs after their current steps, with checkpoints."
        })
public final class Compare extends FlipsideCommand {
    @Mixin
    private ConfigArguments arguments;

    @Option(
            names = "--shard",
            paramLabel = "i/n",
            description =
                    "Runs every n-th seed, beginning with the i-th, to spread seeds over machines. Where the folders of"
                            + " all seeds have been put together, the same command without --shard gives the answer.")
    private Optional<String> shard = Optional.empty();

    @Option(
            names = "--plan",
            description = "Prints what would be run, and with --pilot how many seeds the question needs; runs nothing.")
    private boolean planOnly;

    @Option(
            names = "--pilot",
            paramLabel = "DIR",
            description =
                    "A comparison of the same arms on other seeds: how long runs take and how many seeds the question"
                            + " needs is reckoned from it.")
    private Optional<Path> pilot = Optional.empty();

    @Option(
            names = "--against",
            paramLabel = "ARM",
            description =
                    "Shows the differences from this arm too, beside those from the baseline; nothing is decided by"
                            + " them. May be given several times.")
    private List<String> against = List.of();

    @Mixin
    private ClusterOptions cluster;

    @Override
    protected int run(Console console) {
        boolean clustered = cluster.given();
        if (planOnly && (shard.isPresent() || !against.isEmpty())) {
            throw wrongOptions("--plan runs nothing, so --shard and --against have no effect with it");
        }
        Shard share = shard.map(Shard::parse).orElse(Shard.WHOLE);
        ComparisonConfig config =
                clustered ? onCluster() : ConfigReader.comparison(arguments.file(), arguments.overrides());
        ComparisonPlan plan = ComparisonPlan.of(config, inputs(console));
        requireArms(config);
        PlanText intended = new PlanText(config, plan, pilot.map(folder -> Pilot.read(folder, config)));
        if (planOnly) {
            console.result(intended::text, intended.object());
            return ExitCode.OK;
        }
        intended.text().lines().forEach(console::info);
        warnOfSeeds(config, console);
        NativeLibraries.load(console);
        Optional<ComparisonSummary> summary;
        try (StopSignal stop = StopSignal.install(
                name -> console.warn(name + ": ending after the current steps; a second one ends at once."))) {
            summary = clustered
                    ? onCluster(plan, share, console, stop)
                    : run(plan, share, console, stop, WorkRunner.HERE);
        }
        summary.ifPresent(s -> {
            Path page = plan.folder().resolve(Report.FILE);
            Map<String, Object> object = s.object();
            object.put("report", page.toString());
            ComparisonText text = new ComparisonText(s);
            Map<String, Object> others = new LinkedHashMap<>();
            against.forEach(arm ->
                    others.put(arm, ComparisonSummary.differences(s.result().against(arm))));
            if (!others.isEmpty()) {
                object.put("against", others);
            }
            console.result(
                    () -> text.text()
                            + against.stream().map(text::against).collect(Collectors.joining())
                            + "\nReport: " + page + "\n",
                    object);
        });
        return ExitCode.OK;
    }

    /** Executors have a working directory of their own. */
    private ComparisonConfig onCluster() {
        ComparisonConfig config = ConfigReader.comparison(arguments.file(), arguments.overrides());
        String folder = config.comparison().outputDir();
        List<String> overrides = new ArrayList<>(arguments.overrides());
        overrides.add("comparison.output_dir='"
                + Path.of(folder).toAbsolutePath().normalize().toString().replace("'", "''") + "'");
        return ConfigReader.comparison(arguments.file(), overrides);
    }

    private Optional<ComparisonSummary> onCluster(ComparisonPlan plan, Shard share, Console console, StopSignal stop) {
        try (ClusterComparison comparison = cluster.engine().comparison(cluster.settings(common().threads()), plan)) {
            return run(plan, share, console, stop, comparison.runner());
        }
    }

    private void requireArms(ComparisonConfig config) {
        for (String arm : against) {
            if (!config.arms().containsKey(arm)) {
                throw new UserError("--against " + arm + ": there is no such arm; they are "
                        + String.join(", ", config.arms().keySet()) + ".");
            }
        }
    }

    /** The result, written to the folder with its report; empty when the runs were stopped. */
    static Optional<ComparisonSummary> run(
            ComparisonPlan plan, Shard share, Console console, StopSignal stop, WorkRunner runner) {
        Optional<ComparisonSummary> summary;
        try (ComparisonProgress progress = new ComparisonProgress(console)) {
            summary = new ComparisonRuns(plan)
                    .shard(share)
                    .runner(runner)
                    .listener(progress)
                    .stopWhen(stop::requested)
                    .run();
        }
        if (summary.isEmpty() && !stop.requested()) {
            console.info("share " + share
                    + " of the seeds is done; copy the folders seed-* of the other shares over those in "
                    + plan.folder() + " and repeat the command without --shard");
        } else if (summary.isEmpty()) {
            console.warn("stopped; the same command goes on from " + plan.folder());
        } else {
            ReportPage.read(plan.folder(), List.of()).write(plan.folder().resolve(Report.FILE));
        }
        return summary;
    }

    /** A question that these seeds cannot answer is better asked with more of them. */
    static void warnOfSeeds(ComparisonConfig config, Console console) {
        int seeds = config.comparison().seeds().size();
        double smallest = PairedTests.smallestPValue(config.comparison().test(), seeds);
        if (smallest > config.comparison().alpha()) {
            console.warn(
                    seeds + " seeds cannot reach p = " + config.comparison().alpha()
                            + " (the smallest p-value of a sign-flip test is " + smallest
                            + "): differences and intervals will be shown, and the verdict will be: too few seeds.");
        }
    }
}
