package dev.flipside.cli;

import dev.flipside.engine.Device;
import dev.flipside.run.StopSignal;
import dev.flipside.world.Arm;
import dev.flipside.world.Pretraining;
import dev.flipside.world.World;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.LongStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code flipside demo}: the whole of SAVE in a world where the truth is known. */
@Command(
        name = "demo",
        description = {
            "Trains everything from scratch in a synthetic world with a known reward and compares arms over seeds:",
            "a tiny policy, a reward model from pairs with 30 %% wrong labels, then the loop with this reward model frozen,",
            "improving itself (SAVE), and improving with true labels. No download.",
            "What is finished in --out is kept, what was interrupted goes on."
        })
final class Demo extends FlipsideCommand {
    @Spec
    private CommandSpec spec;

    @Option(
            names = "--seeds",
            paramLabel = "N",
            defaultValue = "4",
            description = "Seeds 1 to N (default: ${DEFAULT-VALUE}).")
    private int seeds;

    @Option(
            names = "--arm",
            paramLabel = "NAME",
            arity = "1..*",
            defaultValue = "save,gold",
            split = ",",
            description =
                    "Arms to compare with the frozen one: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}; may be repeated).")
    private List<Arm> arms;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "30",
            description = "Steps of the loop (default: ${DEFAULT-VALUE}).")
    private int steps;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "runs/demo",
            description = "Folder of the runs (default: ${DEFAULT-VALUE}).")
    private Path out;

    @Override
    int run(Console console) {
        if (seeds < 1) {
            throw new ParameterException(spec.commandLine(), "--seeds is " + seeds + ", it must be at least 1");
        }
        if (steps < 1) {
            throw new ParameterException(spec.commandLine(), "--steps is " + steps + ", it must be at least 1");
        }
        loadLibraries(console);
        int cores = Runtime.getRuntime().availableProcessors();
        DemoPlan plan = new DemoPlan(
                World.W,
                LongStream.rangeClosed(1, seeds).boxed().toList(),
                arms,
                steps,
                Pretraining.STANDARD,
                out,
                device(),
                common().threads() > 0 ? common().threads() : cores);
        return run(plan, console);
    }

    /** The models are so small that a GPU would only wait for the next call: it is used where it is asked for. */
    private String device() {
        String device = common().device();
        return device.equals("auto") ? Device.CPU.name() : Device.parse(device).name();
    }

    static int run(DemoPlan plan, Console console) {
        long began = System.nanoTime();
        try (StopSignal stop = StopSignal.install(
                name -> console.warn(name + ": ending after the current steps; a second one ends at once."))) {
            List<ArmResult> results = new DemoRuns(plan, console, stop::requested).run();
            if (results.size() < plan.seeds().size() * plan.arms().size()) {
                console.warn("stopped; the same command goes on from " + plan.out());
                return ExitCode.OK;
            }
            DemoReport report = new DemoReport(plan, results);
            console.result(report::text, report.object());
            console.info(String.format(Locale.ROOT, "%.0f s in all", (System.nanoTime() - began) * 1e-9));
            return ExitCode.OK;
        }
    }
}
