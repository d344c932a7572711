package dev.flipside.cli.inspect;

import dev.flipside.cli.command.FlipsideCommand;
import dev.flipside.cli.command.NewFile;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.Numbers;
import dev.flipside.cli.console.Table;
import dev.flipside.config.UserError;
import dev.flipside.data.Margin;
import dev.flipside.data.PairRow;
import dev.flipside.data.Preference;
import dev.flipside.data.PreferenceData;
import dev.flipside.eval.dataset.LabelFlip;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code flipside data flip}: labels with mistakes that are known. */
@Command(
        name = "flip",
        description = {
            "Turns the labels of a share of the pairs round, to see what mistakes do to a reward model.",
            "Writes rows of prompt, chosen and rejected, and flipped: whether the label was turned round. Further columns are left out."
        })
final class DataFlip extends FlipsideCommand {
    @Parameters(
            paramLabel = "FILE",
            description = "Preferences: JSONL(.gz), JSON, CSV or Parquet, or org/name[@revision][:[config/]split].")
    private String file;

    @Option(names = "--share", paramLabel = "P", required = true, description = "Share of the labels, such as 0.3.")
    private double share;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "0", description = "Of the draw (default: 0).")
    private long seed;

    @Option(names = "--output", paramLabel = "FILE", required = true, description = "Where the pairs go, as JSONL.")
    private Path output;

    @Override
    protected int run(Console console) {
        if (!(share > 0 && share <= 1)) {
            throw new UserError("--share " + share + " is no share of the labels; give one above 0, up to 1.");
        }
        NewFile.require(output);
        List<Preference> pairs = PreferenceData.read(inputs(console).data("FILE", file), Margin.parse(Optional.empty()))
                .pairs();
        LabelFlip flip = LabelFlip.of(pairs, share, seed);
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < pairs.size(); i++) {
            lines.append(PairRow.of(flip.pairs().get(i))
                            .put("flipped", flip.flipped().get(i)))
                    .append('\n');
        }
        NewFile.write(output, lines.toString());
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("pairs", pairs.size());
        object.put("flipped", flip.count());
        object.put("output", output.toString());
        console.result(
                () -> Table.of(List.of(
                                List.of("pairs", Numbers.count(pairs.size())),
                                List.of("turned round", Numbers.count(flip.count())),
                                List.of("written to", output.toString())))
                        .render(),
                object);
        return ExitCode.OK;
    }
}
