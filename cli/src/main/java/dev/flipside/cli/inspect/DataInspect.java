package dev.flipside.cli.inspect;

import dev.flipside.cli.command.FlipsideCommand;
import dev.flipside.cli.command.ModelRenderers;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.Progress;
import dev.flipside.config.UserError;
import dev.flipside.data.Rows;
import dev.flipside.eval.dataset.BenchmarkPrompts;
import dev.flipside.eval.dataset.DatasetInspection;
import dev.flipside.eval.dataset.DatasetReport;
import dev.flipside.eval.dataset.PromptOverlap;
import dev.flipside.eval.dataset.TokenCount;
import dev.flipside.model.ModelFiles;
import dev.flipside.text.Renderer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicLong;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code flipside data inspect}: what a file of preferences or prompts holds. */
@Command(
        name = "inspect",
        description = {
            "Shows as what a file of preferences or prompts is read: shapes, columns, lengths, turns, system prompts, repeated rows, pairs that say nothing or",
            "contradict each other, how often the longer reply was chosen, and which prompts a benchmark has too.",
            "Exit code 2 when a row is refused: training would stop there."
        })
final class DataInspect extends FlipsideCommand {
    /** Below this size a file is read before a bar would be drawn. */
    private static final long LARGE = 8L << 20;

    @Parameters(
            paramLabel = "FILE",
            description = "JSONL(.gz), JSON, CSV or Parquet, or org/name[@revision][:[config/]split] on the Hub.")
    private String file;

    @Option(
            names = "--benchmark",
            paramLabel = "[NAME=]FILE",
            description =
                    "A benchmark whose prompts must not be trained on: its own file, or NAME=FOLDER with a name of eval-rm's, or org/name[:[config/]split] on the Hub for either; may be repeated.")
    private List<String> benchmarks = List.of();

    @Option(
            names = "--model",
            paramLabel = "MODEL",
            description =
                    "Count tokens as the tokenizer and chat template of this model make them: a Hugging Face directory, or org/name[@revision] on the Hub.")
    private Optional<String> model = Optional.empty();

    @Option(
            names = "--max-length",
            paramLabel = "N",
            description = "Count the rows with more tokens than this (default: the model's context).")
    private Optional<Integer> maxLength = Optional.empty();

    @Option(names = "--show", paramLabel = "N", description = "Print the first N rows as they are read.")
    private int shown;

    @Override
    protected int run(Console console) throws IOException {
        requireOptions();
        List<PromptOverlap> overlaps = benchmarks.stream()
                .map(text -> BenchmarkPrompts.read(text, path -> inputs(console).data("--benchmark", path)))
                .toList();
        Path data = inputs(console).data("FILE", file);
        Optional<ModelFiles> files =
                model.map(name -> ModelFiles.open(inputs(console).model("--model", name)));
        Optional<Renderer> renderer = files.map(ModelRenderers::of);
        try {
            Optional<TokenCount> tokens = renderer.map(r -> new TokenCount(r, limit(files.orElseThrow())));
            DatasetReport report = inspect(console, data, new DatasetInspection(tokens, overlaps, shown));
            DatasetTables tables = new DatasetTables(file, report);
            console.result(tables::text, tables.object());
            return report.refused() > 0 ? ExitCode.USAGE : ExitCode.OK;
        } finally {
            renderer.ifPresent(Renderer::close);
        }
    }

    private void requireOptions() {
        if (maxLength.isPresent() && model.isEmpty()) {
            throw new UserError("--max-length counts tokens, which only a model has: give --model too.");
        }
        if (maxLength.filter(n -> n < 1).isPresent() || shown < 0) {
            throw new UserError("--max-length and --show count: give numbers of at least 1.");
        }
    }

    private int limit(ModelFiles files) {
        return maxLength.orElse(files.config().maxPositionEmbeddings());
    }

    /** A large file is read twice, so that the time left can be told. */
    private DatasetReport inspect(Console console, Path data, DatasetInspection inspection) throws IOException {
        OptionalInt total = OptionalInt.empty();
        if (Files.isRegularFile(data) && Files.size(data) > LARGE) {
            console.info("counting the rows of " + file);
            AtomicLong rows = new AtomicLong();
            Rows.forEach(data, row -> rows.incrementAndGet());
            total = OptionalInt.of(Math.toIntExact(rows.get()));
        }
        try (Progress progress =
                total.isPresent() ? console.progress("inspect", total.getAsInt(), "rows") : Progress.NONE) {
            AtomicLong done = new AtomicLong();
            Rows.forEach(data, row -> {
                inspection.add(row);
                progress.at(done.incrementAndGet(), "");
            });
        }
        return inspection.report();
    }
}
