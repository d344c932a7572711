package dev.flipside.cli.report;

import dev.flipside.cli.command.FlipsideCommand;
import dev.flipside.cli.console.Console;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code flipside report}: a run or a comparison as one HTML page. */
@Command(
        name = "report",
        description = {
            "Writes one self-contained HTML page: it opens from disk and loads nothing.",
            "DIR is a run of flipside train, a comparison, or a folder of comparisons such as the demo's."
        })
public final class Report extends FlipsideCommand {
    public static final String FILE = "report.html";

    @Parameters(paramLabel = "DIR", description = "A run, a comparison, or a folder of comparisons.")
    private Path folder;

    @Option(names = "--output", paramLabel = "FILE", description = "The page (default: DIR/report.html).")
    private Optional<Path> output = Optional.empty();

    @Option(
            names = "--benchmarks",
            paramLabel = "DIR",
            arity = "1..*",
            description = "Folders that eval-rm or eval-policy wrote, shown as a table; may be repeated.")
    private List<Path> benchmarks = List.of();

    @Override
    protected int run(Console console) {
        Path page = output.orElse(folder.resolve(FILE));
        ReportPage.read(folder, benchmarks).write(page);
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("report", page.toString());
        console.result(() -> "report: " + page, result);
        return ExitCode.OK;
    }
}
