package dev.flipside.cli.rows;

import dev.flipside.cli.command.DtypeOption;
import dev.flipside.cli.command.FlipsideCommand;
import dev.flipside.cli.command.ModelRenderers;
import dev.flipside.cli.command.NativeLibraries;
import dev.flipside.cli.command.TemplateFlags;
import dev.flipside.cli.console.Console;
import dev.flipside.config.ChatTemplateConfig;
import dev.flipside.engine.Device;
import dev.flipside.model.ModelFiles;
import dev.flipside.model.Precision;
import dev.flipside.text.Renderer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;

/**
 * A command that runs a model over rows: JSON Lines in, the results of every row out, in the order of the rows.
 *
 * <p>{@link #run} is the flow of them all. A command says which model it loads, what it reads in a row, and what it
 * makes of some rows.
 *
 * @param <M> the model
 * @param <R> what the model reads of a row
 */
public abstract class RowCommand<M extends AutoCloseable, R> extends FlipsideCommand {
    @Mixin
    private TemplateFlags template;

    @Mixin
    private FileOptions files;

    @Mixin
    private DtypeOption dtype;

    /** Refuses options of the command's own, before anything is read. */
    protected void requireOptions() {}

    /** Of a model that will not learn. */
    protected abstract M load(Path directory, Device device, Precision precision);

    protected abstract ModelFiles filesOf(M model);

    /** Of a row with the columns that the command needs; an error gets the row's place. */
    protected abstract R read(InputRow row, Renderer renderer);

    /** The tokens of what was read. */
    protected abstract int tokens(R read);

    /** The most tokens that a row may have. */
    protected int mostTokens(int context) {
        return context;
    }

    /** Says what is remarkable about all rows, and prepares their work. */
    protected abstract RowWork<R> work(Console console, M model, Renderer renderer, List<ModelRow<R>> rows);

    /** Rows that are computed between two writes. */
    protected int rowsAtATime() {
        return 128;
    }

    @Override
    protected final int run(Console console) throws Exception {
        ChatTemplateConfig rendering = template.config();
        requireOptions();
        String output = files.output();
        List<InputRow> input = files.rows(streams().in());
        Path directory = inputs(console).model("--model", files.model());
        NativeLibraries.load(console, directory);
        try (M model = load(directory, Device.parse(common().device()), dtype.precision());
                Renderer renderer = ModelRenderers.of(console, filesOf(model), rendering)) {
            List<ModelRow<R>> rows =
                    read(input, renderer, filesOf(model).config().maxPositionEmbeddings());
            try (RowWork<R> work = work(console, model, renderer, rows)) {
                new RowResults(console, output, streams().out())
                        .write(spec().name(), rows, rowsAtATime(), work::results);
            }
        }
        return ExitCode.OK;
    }

    private List<ModelRow<R>> read(List<InputRow> input, Renderer renderer, int context) {
        List<ModelRow<R>> rows = new ArrayList<>();
        for (InputRow row : input) {
            R read = row.locate(() -> read(row, renderer));
            row.requireWithin(mostTokens(context), tokens(read));
            rows.add(new ModelRow<>(row, rows.size(), read));
        }
        return rows;
    }
}
