package dev.flipside.cli.rows;

import dev.flipside.cli.cluster.ClusterOptions;
import dev.flipside.cli.command.DtypeOption;
import dev.flipside.cli.command.FlipsideCommand;
import dev.flipside.cli.command.NativeLibraries;
import dev.flipside.cli.command.TemplateFlags;
import dev.flipside.cli.console.Console;
import dev.flipside.config.ChatTemplateConfig;
import dev.flipside.engine.Device;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;

/**
 * A command that runs a model over rows: JSON Lines in, the results of every row out, in the order of the rows.
 *
 * <p>{@link #run} is the flow of them all. A command says what its options make of the work: its {@link RowTask}.
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

    @Mixin
    private ClusterOptions cluster;

    /** What the options ask for; refuses those that are wrong, before anything is read. */
    public abstract RowTask<M, R> task();

    /** The model as it was named: a directory or a name of the Hub. */
    public final String model() {
        return files.model();
    }

    /** Loads the model for {@link #task}. */
    public final RowModel<M, R> open(Path directory, Device device) throws Exception {
        return RowModel.open(task(), directory, device, dtype.precision(), template.config());
    }

    @Override
    protected final int run(Console console) throws Exception {
        // Only that what is wrong in it is told before anything is read.
        ChatTemplateConfig rendering = template.config();
        RowTask<M, R> task = task();
        if (cluster.given()) {
            cluster.engine()
                    .rows(
                            console,
                            cluster.settings(common().threads()),
                            spec().name(),
                            files.onCluster(),
                            cluster.words());
            return ExitCode.OK;
        }
        String output = files.output();
        List<InputRow> input = files.rows(streams().in());
        Path directory = inputs(console).model("--model", files.model());
        NativeLibraries.load(console, directory);
        try (RowModel<M, R> model =
                RowModel.open(task, directory, Device.parse(common().device()), dtype.precision(), rendering)) {
            model.departure().ifPresent(console::warn);
            List<ModelRow<R>> rows = model.read(input, 0);
            model.remarks(rows).forEach(remark -> console.warn(remark.sentence()));
            new RowResults(console, output, streams().out())
                    .write(spec().name(), rows, task.rowsAtATime(), model::results);
        }
        return ExitCode.OK;
    }
}
