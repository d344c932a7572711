package dev.flipside.cli.rewardmodel;

import dev.flipside.cli.command.DtypeOption;
import dev.flipside.cli.command.FlipsideCommand;
import dev.flipside.cli.command.ModelRenderers;
import dev.flipside.cli.command.NativeLibraries;
import dev.flipside.cli.command.TemplateFlags;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.Numbers;
import dev.flipside.cli.console.Progress;
import dev.flipside.config.ChatTemplateConfig;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.eval.benchmark.BenchmarkComparison;
import dev.flipside.eval.benchmark.BenchmarkFiles;
import dev.flipside.eval.benchmark.BenchmarkItem;
import dev.flipside.eval.benchmark.BenchmarkResult;
import dev.flipside.eval.benchmark.BenchmarkRun;
import dev.flipside.eval.benchmark.RewardBenchmark;
import dev.flipside.eval.benchmark.ScoreFile;
import dev.flipside.eval.benchmark.ScoreLog;
import dev.flipside.eval.benchmark.ScoredItem;
import dev.flipside.model.ModelFiles;
import dev.flipside.model.RewardModel;
import dev.flipside.model.RewardReader;
import dev.flipside.run.JsonFile;
import dev.flipside.text.Renderer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code flipside eval-rm}: benchmarks of reward models. */
@Command(
        name = "eval-rm",
        description = {
            "Evaluates a reward model on benchmarks in their native files, with their published scoring.",
            "Every figure has a 95 %% interval and stands beside two baselines that read no answer: the longer wins, the one with more Markdown wins.",
            "Benchmarks: rewardbench, rewardbench2, rm-bench, ppe-preference, ppe-correctness, judgebench, llmbar, pandalm, rmb, and pairs for any preference file."
        })
public final class EvalRm extends FlipsideCommand {
    @Option(
            names = "--model",
            paramLabel = "MODEL",
            description = "The reward model: a sequence-classification directory, or org/name[@revision] on the Hub.")
    private Optional<String> model = Optional.empty();

    @Option(
            names = "--benchmark",
            paramLabel = "NAME",
            split = ",",
            description = "One benchmark or several, parted by commas.")
    private List<String> benchmarks = List.of();

    @Option(
            names = "--input",
            paramLabel = "PATH",
            description =
                    "The benchmark's file or folder, or org/name[:[config/]split] on the Hub; give it once per benchmark, in the same order.")
    private List<String> inputs = List.of();

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description =
                    "Where the scores of every item and summary.json are kept; the same command goes on after an interruption.")
    private Optional<Path> out = Optional.empty();

    @Option(
            names = "--scores",
            paramLabel = "DIR",
            description = "Summarise the scores that an earlier --out kept, without a model.")
    private Optional<Path> scores = Optional.empty();

    @Option(
            names = "--compare",
            paramLabel = "DIR",
            description =
                    "Another reward model, also by its name on the Hub, or the --out of another evaluation of the same files.")
    private Optional<Path> compare = Optional.empty();

    @Mixin
    private ScoringOptions scoring;

    @Mixin
    private DtypeOption dtype;

    @Mixin
    private TemplateFlags template;

    /** One benchmark's items, read from its files. */
    private record Loaded(RewardBenchmark benchmark, List<BenchmarkItem> items) {}

    /** One benchmark's scores, with what scoring them took where they were not kept before. */
    private record Scores(RewardBenchmark benchmark, List<ScoredItem> items, Optional<ScoringTime> timing) {}

    @Override
    protected int run(Console console) {
        List<Scores> results = scores.isPresent() ? kept(scores.get()) : List.of();
        List<List<ScoredItem>> others = new ArrayList<>();
        if (scores.isEmpty()) {
            requireOptions();
            Path directory = inputs(console).model("--model", model.orElseThrow());
            compare = compare.map(text -> inputs(console).model("--compare", text.toString()));
            requireNoScores();
            List<Loaded> loaded = loaded(console, directory);
            NativeLibraries.load(console, directory);
            results = score(console, directory, template.config(), loaded, out.orElseThrow());
            List<Scores> compared = compare.filter(EvalRm::isModel).isPresent()
                    ? score(console, compare.get(), ChatTemplateConfig.defaults(), loaded, comparedFolder())
                    : List.of();
            compared.forEach(other -> others.add(other.items()));
            keep(results, out.orElseThrow());
            keep(compared, comparedFolder());
        }
        if (compare.isPresent() && others.isEmpty()) {
            results.forEach(result -> others.add(other(result.benchmark(), compare.get())));
        }
        List<EvalRmReport> reports = new ArrayList<>();
        for (int i = 0; i < results.size(); i++) {
            Scores result = results.get(i);
            reports.add(new EvalRmReport(
                    BenchmarkResult.of(result.benchmark(), result.items()),
                    result.timing(),
                    others.isEmpty()
                            ? Optional.empty()
                            : Optional.of(BenchmarkComparison.of(result.benchmark(), result.items(), others.get(i)))));
        }
        finish(console, reports);
        // Last: what lies beside its log is not finished, and the same command goes on with it.
        List<Path> folders = scores.isPresent() ? List.of() : folders();
        folders.forEach(folder -> named().forEach(benchmark -> ScoreLog.delete(folder, benchmark)));
        return ExitCode.OK;
    }

    private void finish(Console console, List<EvalRmReport> reports) {
        Map<String, Object> summary = new LinkedHashMap<>();
        model.ifPresent(dir -> summary.put("model", dir));
        scores.ifPresent(dir -> summary.put("scores", dir.toString()));
        compare.ifPresent(dir -> summary.put("compare", dir.toString()));
        if (scores.isEmpty()) {
            summary.put("input", inputs);
            summary.putAll(scoring.object());
            if (dtype.given()) {
                summary.put("dtype", dtype.key());
            }
            summary.putAll(template.config().said());
        }
        Map<String, Object> results = new LinkedHashMap<>();
        reports.forEach(report -> results.put(report.result().benchmark().key(), report.object()));
        summary.put("results", results);
        out.ifPresent(dir -> {
            summary.put("out", dir.toString());
            JsonFile.write(dir.resolve("summary.json"), summary);
        });
        console.result(() -> text(reports), summary);
    }

    private String text(List<EvalRmReport> reports) {
        StringBuilder text = new StringBuilder();
        reports.forEach(
                report -> text.append(report.text(compare.map(Path::toString))).append('\n'));
        out.ifPresent(dir -> text.append("scores of every item: ").append(dir).append('\n'));
        return text.toString();
    }

    private void requireOptions() {
        if (model.isEmpty() || benchmarks.isEmpty() || inputs.isEmpty() || out.isEmpty()) {
            throw new UserError(
                    "eval-rm needs --model, --benchmark, --input and --out, or --scores with the folder of an earlier evaluation.");
        }
        if (benchmarks.size() != inputs.size()) {
            throw new UserError("--input: " + inputs.size() + " path(s) for " + benchmarks.size()
                    + " benchmark(s); give one file or folder per benchmark, in the same order.");
        }
        List<RewardBenchmark> named = named();
        if (named.stream().distinct().count() != named.size()) {
            throw new UserError(
                    "--benchmark: " + benchmarks + " names a benchmark twice; its scores would be kept in one file.");
        }
    }

    private void requireNoScores() {
        for (Path folder : folders()) {
            for (RewardBenchmark benchmark : named()) {
                if (Files.exists(ScoreFile.in(folder, benchmark)) && !ScoreLog.isIn(folder, benchmark)) {
                    throw new UserError("--out: " + folder + " already holds scores of " + benchmark.key()
                            + "; show them with `flipside eval-rm --scores " + folder + "`, or choose another folder.");
                }
            }
        }
    }

    /** Where scores are kept: of the model, and of one that it is compared with. */
    private List<Path> folders() {
        return compare.filter(EvalRm::isModel).isPresent()
                ? List.of(out.orElseThrow(), comparedFolder())
                : List.of(out.orElseThrow());
    }

    private List<RewardBenchmark> named() {
        return benchmarks.stream()
                .map(String::strip)
                .map(RewardBenchmark::named)
                .toList();
    }

    private Path comparedFolder() {
        return out.orElseThrow().resolve("compare");
    }

    private static boolean isModel(Path dir) {
        return Files.exists(dir.resolve("config.json")) || ModelFiles.isAdapter(dir);
    }

    private List<Loaded> loaded(Console console, Path directory) {
        ModelFiles.open(directory);
        compare.filter(EvalRm::isModel).ifPresent(ModelFiles::open);
        List<Loaded> loaded = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
            RewardBenchmark benchmark = named().get(i);
            List<BenchmarkItem> items =
                    BenchmarkFiles.read(benchmark, inputs(console).data("--input", inputs.get(i)));
            loaded.add(new Loaded(benchmark, scoring.limited(items)));
        }
        return loaded;
    }

    /** @param rendering of {@code --model}; a model that is compared with it is rendered as its directory says */
    private List<Scores> score(
            Console console, Path dir, ChatTemplateConfig rendering, List<Loaded> loaded, Path folder) {
        List<Scores> results = new ArrayList<>();
        try (RewardModel loadedModel = RewardModel.constant(dir, Device.parse(common().device()), dtype.precision());
                Renderer renderer = ModelRenderers.of(console, loadedModel.files(), rendering)) {
            RewardReader reader = new RewardReader(loadedModel, renderer);
            BenchmarkRun run = new BenchmarkRun(
                    dir, rendering, reader, scoring.maxLength(reader.positions()), scoring.sharedPrompts());
            for (Loaded benchmark : loaded) {
                BenchmarkRun.Scores scored = score(console, run, benchmark, folder);
                results.add(new Scores(
                        benchmark.benchmark(),
                        scored.items(),
                        Optional.of(new ScoringTime(scored.seconds(), scored.answersPerSecond()))));
            }
        }
        return results;
    }

    private static BenchmarkRun.Scores score(Console console, BenchmarkRun run, Loaded loaded, Path folder) {
        String name = loaded.benchmark().key();
        long answers =
                loaded.items().stream().mapToLong(item -> item.answers().size()).sum();
        long began = System.nanoTime();
        BenchmarkRun.Scores scored;
        try (Progress progress = console.progress(name, answers, "answers")) {
            scored =
                    run.score(loaded.benchmark(), loaded.items(), folder, done -> progress.at(done, rate(done, began)));
        }
        if (scored.endingInPadding() > 0) {
            console.warn(
                    name + ": " + scored.endingInPadding()
                            + " answer(s) end in the model's padding token, so that their reward is read before it, as transformers does.");
        }
        return scored;
    }

    private static String rate(long done, long began) {
        return Numbers.rate(done / ((System.nanoTime() - began) * 1e-9), "answers");
    }

    private static void keep(List<Scores> results, Path folder) {
        for (Scores result : results) {
            // Without a score there is nothing to keep: the result is an error, which must not block the folder.
            if (result.items().stream().anyMatch(ScoredItem::isScored)) {
                ScoreFile.write(ScoreFile.in(folder, result.benchmark()), result.items());
            } else {
                ScoreLog.delete(folder, result.benchmark());
            }
        }
    }

    private List<Scores> kept(Path folder) {
        if (model.isPresent() || !inputs.isEmpty() || scoring.isGiven() || dtype.given() || template.given()) {
            throw new UserError(
                    "--scores: kept scores need no --model, --input, --max-length, --limit, --no-shared-prompts, --dtype or --chat-template options; leave them out.");
        }
        if (compare.filter(EvalRm::isModel).isPresent()) {
            throw new UserError("--compare: " + compare.get()
                    + " is a model; beside --scores give the folder of scores that an evaluation of it has kept.");
        }
        List<RewardBenchmark> wanted = benchmarks.isEmpty()
                ? Arrays.stream(RewardBenchmark.values())
                        .filter(benchmark -> Files.exists(ScoreFile.in(folder, benchmark)))
                        .toList()
                : named();
        if (wanted.isEmpty()) {
            throw new UserError(
                    "--scores: " + folder + " holds no scores of eval-rm; give the --out of an earlier evaluation.");
        }
        return wanted.stream()
                .map(benchmark ->
                        new Scores(benchmark, ScoreFile.read(ScoreFile.in(folder, benchmark)), Optional.empty()))
                .toList();
    }

    private static List<ScoredItem> other(RewardBenchmark benchmark, Path folder) {
        Path file = ScoreFile.in(folder, benchmark);
        if (!Files.exists(file)) {
            throw new UserError("--compare: " + folder
                    + " is neither a model (no config.json) nor does it hold scores of " + benchmark.key()
                    + "; give a reward model, or the --out of an evaluation of the same files.");
        }
        return ScoreFile.read(file);
    }
}
