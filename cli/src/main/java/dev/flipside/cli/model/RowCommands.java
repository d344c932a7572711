package dev.flipside.cli.model;

import dev.flipside.cli.rows.RowCommand;
import dev.flipside.config.UserError;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** The commands over rows by their names, for who has only their words: an executor of a cluster, a program. */
public final class RowCommands {
    private RowCommands() {}

    /**
     * A command as the command line would make it.
     *
     * @param name such as {@code score}
     * @param options as typed, such as {@code --model=DIR}
     * @throws UserError when there is no such command, or an option is wrong
     */
    public static RowCommand<?, ?> parse(String name, List<String> options) {
        RowCommand<?, ?> command =
                switch (name) {
                    case "score" -> new Score();
                    case "generate" -> new Generate();
                    case "logprobs" -> new Logprobs();
                    default ->
                        throw new UserError(
                                "'" + name + "' is no command over rows; they are score, generate and logprobs.");
                };
        try {
            new CommandLine(command).parseArgs(options.toArray(String[]::new));
            command.task();
            return command;
        } catch (ParameterException e) {
            throw new UserError(name + ": " + e.getMessage() + ".", e);
        }
    }
}
