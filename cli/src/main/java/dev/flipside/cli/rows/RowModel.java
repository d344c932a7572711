package dev.flipside.cli.rows;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.ChatTemplateConfig;
import dev.flipside.engine.Device;
import dev.flipside.model.Precision;
import dev.flipside.text.Renderer;
import dev.flipside.train.Renderers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A model that is loaded for a task, with what renders its rows. Used by one thread at a time.
 *
 * @param <M> the model
 * @param <R> what the model reads of a row
 */
public final class RowModel<M extends AutoCloseable, R> implements AutoCloseable {
    private final RowTask<M, R> task;
    private final M model;
    private final Renderer renderer;
    private final RowWork<R> work;
    private final Optional<String> departure;

    private RowModel(RowTask<M, R> task, M model, Renderer renderer, RowWork<R> work, Optional<String> departure) {
        this.task = task;
        this.model = model;
        this.renderer = renderer;
        this.work = work;
        this.departure = departure;
    }

    /**
     * Loads a model.
     *
     * @param rendering the model's own chat template, or another
     */
    public static <M extends AutoCloseable, R> RowModel<M, R> open(
            RowTask<M, R> task, Path directory, Device device, Precision precision, ChatTemplateConfig rendering)
            throws Exception {
        M model = task.load(directory, device, precision);
        try {
            Path tokenizer = task.filesOf(model).tokenizerDirectory();
            Renderer renderer = Renderers.load(tokenizer, rendering, task.filesOf(model));
            try {
                return new RowModel<>(
                        task, model, renderer, task.work(model, renderer), Renderers.departure(tokenizer, rendering));
            } catch (RuntimeException e) {
                renderer.close();
                throw e;
            }
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    /** What the chat template departs in from the model's own. */
    public Optional<String> departure() {
        return departure;
    }

    /**
     * Rows as the model reads them.
     *
     * @param firstPlace the place of the first among all rows
     * @throws dev.flipside.config.UserError naming the row that cannot be read, or is too long
     */
    public List<ModelRow<R>> read(List<InputRow> input, int firstPlace) {
        int most = task.mostTokens(task.filesOf(model).config().maxPositionEmbeddings());
        List<ModelRow<R>> rows = new ArrayList<>();
        for (InputRow row : input) {
            R read = row.locate(() -> task.read(row, renderer));
            row.requireWithin(most, task.tokens(read));
            rows.add(new ModelRow<>(row, firstPlace + rows.size(), read));
        }
        return rows;
    }

    public List<RowRemark> remarks(List<ModelRow<R>> rows) {
        return task.remarks(model, renderer, rows);
    }

    /** The results of some rows, in their order; any number of each. */
    public List<ObjectNode> results(List<ModelRow<R>> rows) {
        return work.results(rows);
    }

    @Override
    public void close() throws Exception {
        try (M closed = model;
                Renderer alsoClosed = renderer) {
            work.close();
        }
    }
}
