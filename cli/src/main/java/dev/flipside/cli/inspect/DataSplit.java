package dev.flipside.cli.inspect;

import dev.flipside.cli.command.FlipsideCommand;
import dev.flipside.cli.command.NewFile;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.Numbers;
import dev.flipside.cli.console.Table;
import dev.flipside.config.UserError;
import dev.flipside.data.Row;
import dev.flipside.data.Rows;
import dev.flipside.eval.dataset.RowSplit;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code flipside data split}: rows to train on and rows to measure with. */
@Command(
        name = "split",
        description = {
            "Splits a file of preferences or prompts by chance into train.jsonl and held-out.jsonl.",
            "All rows of a prompt are on one side: what measures a model must not be what it was trained on."
        })
final class DataSplit extends FlipsideCommand {
    @Parameters(
            paramLabel = "FILE",
            description = "JSONL(.gz), JSON, CSV or Parquet, or org/name[@revision][:[config/]split] on the Hub.")
    private String file;

    @Option(
            names = "--held-out",
            paramLabel = "N",
            required = true,
            description = "Rows to hold out: a number of at least 1, or a share such as 0.1.")
    private String heldOut;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "0", description = "Of the draw (default: 0).")
    private long seed;

    @Option(
            names = "--output",
            paramLabel = "DIR",
            required = true,
            description = "Folder for the two files, neither of which may be there.")
    private Path output;

    @Override
    protected int run(Console console) {
        Path training = output.resolve("train.jsonl");
        Path measuring = output.resolve("held-out.jsonl");
        NewFile.require(training);
        NewFile.require(measuring);
        List<Row> rows = Rows.read(inputs(console).data("FILE", file));
        int wanted = wanted(rows.size());
        RowSplit split = RowSplit.of(rows, wanted, seed);
        if (split.heldOut().isEmpty()) {
            throw new UserError("--held-out " + heldOut + ": every prompt of " + file
                    + " has more rows than that, and the rows of a prompt stay together; hold out more.");
        }
        NewFile.write(training, lines(split.training()));
        NewFile.write(measuring, lines(split.heldOut()));
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("rows", rows.size());
        object.put("train", split.training().size());
        object.put("held_out", split.heldOut().size());
        object.put("output", output.toString());
        console.result(
                () -> new Table(
                                List.of("file", "rows"),
                                List.of(
                                        List.of(
                                                training.toString(),
                                                Numbers.count(split.training().size())),
                                        List.of(
                                                measuring.toString(),
                                                Numbers.count(split.heldOut().size()))))
                        .render(),
                object);
        return ExitCode.OK;
    }

    private int wanted(int rows) {
        int wanted;
        if (heldOut.matches("\\d{1,9}")) {
            wanted = Integer.parseInt(heldOut);
        } else if (heldOut.matches("0?\\.\\d{1,9}")) {
            wanted = (int) Math.round(Double.parseDouble(heldOut) * rows);
        } else {
            throw new UserError("--held-out '" + heldOut
                    + "' is neither a number of rows nor a share of them; give one such as 200 or 0.1.");
        }
        if (wanted < 1 || wanted >= rows) {
            throw new UserError("--held-out " + heldOut + ": of the " + rows + " rows of " + file + " that would be "
                    + wanted + "; hold out at least one, and leave some to train on.");
        }
        return wanted;
    }

    private static String lines(List<Row> rows) {
        return rows.stream().map(row -> row.columns() + "\n").collect(Collectors.joining());
    }
}
