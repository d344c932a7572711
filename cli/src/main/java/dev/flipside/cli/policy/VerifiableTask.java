package dev.flipside.cli.policy;

import dev.flipside.cli.console.Console;
import dev.flipside.config.UserError;
import dev.flipside.data.Row;
import dev.flipside.data.Rows;
import dev.flipside.eval.policy.PolicyAnswer;
import dev.flipside.eval.policy.PolicyPrompt;
import dev.flipside.eval.policy.TaskComparison;
import dev.flipside.eval.policy.TaskFolder;
import dev.flipside.eval.policy.TaskResult;
import dev.flipside.eval.policy.VerifiableItem;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;

/** A benchmark whose answers a program marks. */
abstract class VerifiableTask extends PolicyTask {
    @Option(
            names = "--input",
            required = true,
            paramLabel = "FILE",
            description =
                    "The benchmark's own file (JSON Lines, JSON, CSV, each also .gz, or Parquet), or org/name[:[config/]split] on the Hub.")
    private String input;

    @Option(
            names = "--compare",
            paramLabel = "DIR",
            description = "The --out of another evaluation of the same items, to compare with item by item.")
    private Optional<Path> compare = Optional.empty();

    private final String name;

    VerifiableTask(String name) {
        this.name = name;
    }

    /** @throws UserError when a row is not of this benchmark */
    abstract List<VerifiableItem> items(List<Row> rows);

    @Override
    protected final int run(Console console) {
        List<VerifiableItem> items =
                items(options().limited(Rows.read(inputs(console).data("--input", input))));
        List<PolicyPrompt> prompts = items.stream().map(VerifiableItem::prompt).toList();
        Optional<TaskResult> other = compare.map(folder -> new TaskFolder(folder).read(name));
        // A wrong folder is told before the answers are generated.
        other.ifPresent(before -> TaskComparison.requireSameItems(
                prompts.stream().map(PolicyPrompt::id).toList(), before));
        List<PolicyAnswer> answers = answers(console, prompts);
        TaskResult result = TaskResult.of(items, answers);
        TaskReport report = new TaskReport(
                name,
                options()
                        .model()
                        .or(() -> options().answers().map(Path::toString))
                        .orElseThrow(),
                result,
                options().out(),
                other.map(before -> TaskComparison.of(result, before)));
        new TaskFolder(options().out()).write(result, report.json());
        console.result(report::text, report.json());
        return ExitCode.OK;
    }
}
