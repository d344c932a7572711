package dev.flipside.cli.machine;

import dev.flipside.cli.command.DtypeOption;
import dev.flipside.cli.command.FlipsideCommand;
import dev.flipside.cli.command.NativeLibraries;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.Table;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.MatrixProductSpeed;
import dev.flipside.engine.MemoryCopySpeed;
import dev.flipside.engine.NativeLibrary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code flipside bench}: how fast this machine runs a model. */
@Command(
        name = "bench",
        description = {
            "Measures one phase on a model directory, completions forced to their full length.",
            "GFLOP/s count 2 operations per parameter and token forward and 6 in training, without attention, whatever was really computed: a prompt that",
            "is computed once for its group can so exceed the speed of a plain matrix product."
        })
public final class Bench extends FlipsideCommand {
    private static final Duration MEASURING = Duration.ofSeconds(1);

    @Parameters(
            index = "0",
            paramLabel = "PHASE",
            description = "generate, forward, train, score, policy-step or save-step.")
    private String phase;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "MODEL",
            description = "A causal model: a Hugging Face directory, or org/name[@revision] on the Hub.")
    private String model;

    @Mixin
    private BenchShape shape;

    @Mixin
    private DtypeOption dtype;

    @Option(names = "--steps", paramLabel = "S", defaultValue = "5", description = "Measured repetitions (default: 5).")
    private int steps;

    @Option(names = "--warmup", paramLabel = "W", defaultValue = "1", description = "Repetitions before (default: 1).")
    private int warmup;

    @Option(
            names = "--distinct-prompts",
            description =
                    "Give every row a prompt of its own, so that nothing is shared; train then has a loss on every token.")
    private boolean distinctPrompts;

    @Option(
            names = "--profile",
            description = "Say where the measured repetitions spend their time, by samples of the running thread.")
    private boolean profiled;

    @Parameters(
            index = "1..*",
            paramLabel = "section.key=value",
            description = "Configuration of policy-step and save-step, for example save.candidates=rescore.")
    private List<String> overrides = List.of();

    @Override
    protected int run(Console console) throws IOException {
        BenchPhase chosen = phase();
        requirePositive("--prompts", shape.prompts());
        requirePositive("--group", shape.group());
        requirePositive("--prompt-len", shape.promptLength());
        requirePositive("--new", shape.newTokens());
        requirePositive("--steps", steps);
        if (warmup < 0) {
            throw new UserError("--warmup is " + warmup + ", it must be at least 0.");
        }
        boolean wholeStep = chosen == BenchPhase.POLICY_STEP || chosen == BenchPhase.SAVE_STEP;
        if (wholeStep && distinctPrompts || !wholeStep && !overrides.isEmpty()) {
            throw new UserError((wholeStep ? "--distinct-prompts" : overrides.get(0)) + " has no effect on "
                    + chosen.key() + "; leave it out.");
        }
        Path directory = inputs(console).model("--model", model);
        NativeLibraries.load(console, directory);
        Device device = Device.parse(common().device());
        double peak = MatrixProductSpeed.gigaflops(device, MEASURING);
        Path scratch = Files.createTempDirectory("flipside-bench");
        Optional<CallProfile> profile = profiled ? Optional.of(new CallProfile()) : Optional.empty();
        try {
            BenchResult result = new SpeedMeasurement(
                            directory,
                            device,
                            dtype,
                            shape,
                            steps,
                            warmup,
                            distinctPrompts,
                            overrides,
                            profile,
                            scratch)
                    .run(chosen);
            Optional<CallShares> shares = profile.isPresent()
                    ? Optional.of(new CallShares(profile.get().end(scratch)))
                    : Optional.empty();
            report(console, result, shares, device, peak);
        } finally {
            profile.ifPresent(CallProfile::close);
            delete(scratch);
        }
        return ExitCode.OK;
    }

    private BenchPhase phase() {
        return Arrays.stream(BenchPhase.values())
                .filter(p -> p.key().equals(phase))
                .findFirst()
                .orElseThrow(() ->
                        new UserError("'" + phase + "' is not a phase; choose one of " + BenchPhase.keys() + "."));
    }

    private static void requirePositive(String option, int value) {
        if (value < 1) {
            throw new UserError(option + " is " + value + ", it must be at least 1.");
        }
    }

    private void report(Console console, BenchResult result, Optional<CallShares> shares, Device device, double peak)
            throws IOException {
        long peakMegabytes = peakMegabytes();
        // Behind the reading of the peak, which its buffers would be.
        double copy = MemoryCopySpeed.gigabytes(device, MEASURING);
        Processor processor = Processor.read();
        Map<String, Object> object = new LinkedHashMap<>(result.asObject(peak));
        object.put("prompts", shape.prompts());
        object.put("group", shape.group());
        object.put("prompt_len", shape.promptLength());
        object.put("new", shape.newTokens());
        object.put("device", device.name());
        if (dtype.given()) {
            object.put("dtype", dtype.key());
        }
        object.put("threads", NativeLibrary.threads());
        object.put("matrix_product_gflops", peak);
        object.put("memory_copy_gbps", copy);
        object.put("peak_rss_mb", peakMegabytes);
        object.put("processor", processor.object());
        shares.ifPresent(s -> object.put("profile", s.object()));
        console.result(
                () -> text(result, peak)
                        + shares.map(CallShares::text).orElse("")
                        + String.format(
                                Locale.ROOT,
                                "matrix product %.0f GFLOP/s, memory copy %.1f GB/s, peak memory %d MB%n%s",
                                peak,
                                copy,
                                peakMegabytes,
                                processor.text()),
                object);
    }

    private static String text(BenchResult result, double peak) {
        StringBuilder text = new StringBuilder();
        text.append(new Table(BenchResult.HEADER, List.of(result.asRow(peak))).render());
        result.parts()
                .forEach(
                        (part, seconds) -> text.append(String.format(Locale.ROOT, "  %-14s %8.3f s%n", part, seconds)));
        return text.append(String.format(
                        Locale.ROOT,
                        "a repetition: %,d page faults, %.2f s in the system%n",
                        result.work().pageFaults(),
                        result.work().seconds()))
                .toString();
    }

    /** The most memory that this process ever held, in MB; Linux keeps count. */
    private static long peakMegabytes() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(l -> l.startsWith("VmHWM:"))
                    .mapToLong(l -> Long.parseLong(l.replaceAll("\\D", "")) / 1024)
                    .findFirst()
                    .orElse(0);
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
