package dev.flipside.cli.rows;

import dev.flipside.engine.Device;
import dev.flipside.model.ModelFiles;
import dev.flipside.model.Precision;
import dev.flipside.text.Renderer;
import java.nio.file.Path;
import java.util.List;

/**
 * What is done with rows: which model is loaded, what it reads in a row, and what is made of some rows. The same task
 * serves a command in one process and the partitions of a cluster.
 *
 * @param <M> the model
 * @param <R> what the model reads of a row
 */
public interface RowTask<M extends AutoCloseable, R> {
    /** Of a model that will not learn. */
    M load(Path directory, Device device, Precision precision);

    ModelFiles filesOf(M model);

    /** Of a row with the columns that the task needs; an error gets the row's place. */
    R read(InputRow row, Renderer renderer);

    /** The tokens of what was read. */
    int tokens(R read);

    /** The most tokens that a row may have. */
    default int mostTokens(int context) {
        return context;
    }

    /**
     * Rows that are computed at once. The last bits of a result may depend on the rows beside it, so the parts of an
     * input are cut at the multiples of this, wherever they are computed.
     */
    default int rowsAtATime() {
        return 128;
    }

    /** What is remarkable about some rows. */
    List<RowRemark> remarks(M model, Renderer renderer, List<ModelRow<R>> rows);

    /** Prepares the work on rows. */
    RowWork<R> work(M model, Renderer renderer);
}
