package dev.flipside.cli.compare;

import dev.flipside.cli.command.FlipsideCommand;
import dev.flipside.cli.command.NativeLibraries;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.Numbers;
import dev.flipside.cli.console.Table;
import dev.flipside.cli.report.Report;
import dev.flipside.cli.report.ReportPage;
import dev.flipside.compare.ComparisonPlan;
import dev.flipside.compare.ComparisonSummary;
import dev.flipside.compare.Shard;
import dev.flipside.compare.WorkRunner;
import dev.flipside.config.ComparisonConfig;
import dev.flipside.config.ComparisonConfig.WorldName;
import dev.flipside.engine.Device;
import dev.flipside.run.StopSignal;
import dev.flipside.world.Arm;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;

/** {@code flipside demo}: the whole of SAVE in two worlds where the truth is known, as two comparisons. */
@Command(
        name = "demo",
        description = {
            "Trains everything from scratch in two synthetic worlds with a known reward and compares arms over seeds.",
            "World W: a reward model from pairs with 30 %% wrong labels; its self-improvement (SAVE) pays.",
            "World N: a reward model that has learnt to like length; its self-improvement must not pay, and shows why.",
            "No download. What is finished in --out is kept, what was interrupted goes on."
        })
public final class Demo extends FlipsideCommand {
    @Option(
            names = "--world",
            paramLabel = "NAME",
            arity = "1..*",
            defaultValue = "w,n",
            split = ",",
            description = "Worlds: ${COMPLETION-CANDIDATES} (default: both; may be repeated).")
    private List<WorldName> worlds;

    @Option(
            names = "--seeds",
            paramLabel = "N",
            defaultValue = "6",
            description = "Seeds 1 to N (default: ${DEFAULT-VALUE}, the fewest that the test can decide with).")
    private int seeds;

    @Option(
            names = "--arm",
            paramLabel = "NAME",
            arity = "1..*",
            split = ",",
            description =
                    "Arms to compare with the frozen one: ${COMPLETION-CANDIDATES} (default: save,gold in W and save,guarded in N; may be repeated).")
    private List<Arm> arms = List.of();

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "0",
            description = "Steps of the loop (default: 30 in W, 40 in N).")
    private int steps;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "runs/demo",
            description = "Folder of the comparisons (default: ${DEFAULT-VALUE}).")
    private Path out;

    @Override
    protected int run(Console console) {
        if (seeds < 1) {
            throw wrongOptions("--seeds is " + seeds + ", it must be at least 1");
        }
        if (steps < 0 || steps == 0 && spec().commandLine().getParseResult().hasMatchedOption("--steps")) {
            throw wrongOptions("--steps is " + steps + ", it must be at least 1");
        }
        NativeLibraries.load(console);
        List<ComparisonPlan> plans = new ArrayList<>();
        // In the order of their names, each once.
        for (WorldName world : EnumSet.copyOf(worlds)) {
            ComparisonConfig config = DemoQuestion.of(world)
                    .config(
                            out.resolve(world.name()),
                            LongStream.rangeClosed(1, seeds).boxed().toList(),
                            arms(world),
                            steps,
                            device(),
                            common().threads());
            plans.add(ComparisonPlan.of(config, inputs(console)));
        }
        return run(plans, out, console);
    }

    private Set<Arm> arms(WorldName world) {
        if (arms.isEmpty()) {
            return DemoQuestion.of(world).arms();
        }
        return EnumSet.copyOf(arms);
    }

    /** The models are so small that a GPU would only wait for the next call: it is used where it is asked for. */
    private String device() {
        String device = common().device();
        return device.equals("auto") ? Device.CPU.name() : Device.parse(device).name();
    }

    /** @param out the folder above all plans', where the page of them all belongs */
    static int run(List<ComparisonPlan> plans, Path out, Console console) {
        long began = System.nanoTime();
        List<ComparisonSummary> summaries = new ArrayList<>();
        try (StopSignal stop = StopSignal.install(
                name -> console.warn(name + ": ending after the current steps; a second one ends at once."))) {
            for (ComparisonPlan plan : plans) {
                Optional<ComparisonSummary> summary = Compare.run(plan, Shard.WHOLE, console, stop, WorkRunner.HERE);
                if (summary.isEmpty()) {
                    return ExitCode.OK;
                }
                summaries.add(summary.get());
            }
        }
        Path page = out.resolve(Report.FILE);
        ReportPage.read(out, List.of()).write(page);
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("worlds", summaries.stream().map(ComparisonSummary::object).toList());
        object.put("report", page.toString());
        console.result(() -> text(plans, summaries) + "Report: " + page + "\n", object);
        console.info(Numbers.fixed((System.nanoTime() - began) * 1e-9, 0) + " s in all");
        return ExitCode.OK;
    }

    private static String text(List<ComparisonPlan> plans, List<ComparisonSummary> summaries) {
        String tables = summaries.stream()
                .map(ComparisonText::new)
                .map(ComparisonText::text)
                .collect(Collectors.joining("\n"));
        List<List<String>> arms = plans.stream()
                .flatMap(plan -> plan.arms().stream())
                .map(arm -> List.of(arm.name(), arm.description()))
                .distinct()
                .toList();
        ComparisonPlan last = plans.get(plans.size() - 1);
        return tables + "\n" + Table.of(arms).render()
                + String.format(
                        "%nRuns: %s/seed-N/ARM; `flipside train %s/seed-1/save/config.yaml run.output_dir=DIR` runs one of them again.%n",
                        last.folder(), last.folder());
    }
}
