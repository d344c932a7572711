package dev.flipside.spark;

import dev.flipside.cli.model.RowCommands;
import dev.flipside.cli.rows.RowCommand;
import java.io.Serializable;
import java.util.List;

/**
 * A command over rows as it is shipped to executors: the words that a person would type. Every executor makes the same
 * command of them.
 *
 * @param command such as {@code score}
 * @param options such as {@code --model=DIR}
 */
record RowProgram(String command, List<String> options) implements Serializable {
    private static final long serialVersionUID = 1;

    RowProgram {
        options = List.copyOf(options);
    }

    /** @throws dev.flipside.config.UserError when an option is wrong */
    RowCommand<?, ?> parse() {
        return RowCommands.parse(command, options);
    }
}
