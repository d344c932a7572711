package dev.flipside.cli.rows;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** What a command computes of its rows, some at a time. */
public interface RowWork<R> extends AutoCloseable {
    /** The results of some rows, in their order; any number of each. */
    List<ObjectNode> results(List<ModelRow<R>> rows);

    @Override
    default void close() {}
}
