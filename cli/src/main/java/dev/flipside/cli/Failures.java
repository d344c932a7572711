package dev.flipside.cli;

import dev.flipside.cli.command.FlipsideCommand;
import dev.flipside.cli.console.OutputException;
import dev.flipside.config.UserError;
import dev.flipside.engine.PeerException;
import dev.flipside.hub.HubUnavailableException;
import dev.flipside.reward.RewardUnavailableException;
import dev.flipside.train.NonFiniteException;
import java.io.PrintWriter;
import java.util.Optional;
import picocli.CommandLine;

/** What a failed command prints and returns. */
final class Failures {
    private Failures() {}

    /**
     * One sentence and exit code 2 for what the user can mend, one line and exit code 1 for everything else; a stack
     * trace only with {@code --debug}. Nothing when nobody reads the results any more.
     */
    static int report(Exception failure, CommandLine line) {
        if (failure instanceof OutputException output && output.readerGone()) {
            return OutputException.READER_GONE;
        }
        PrintWriter err = line.getErr();
        boolean debug = line.getCommand() instanceof FlipsideCommand command
                && command.common().debug();
        Optional<String> wrongInput = LastResort.wrongInput(failure);
        boolean user = failure instanceof UserError || wrongInput.isPresent();
        // A training that diverged, a Hub or a reward server that is away and a full disk say themselves what happened
        // and what to do.
        boolean plain = user
                || failure instanceof NonFiniteException
                || failure instanceof PeerException
                || failure instanceof HubUnavailableException
                || failure instanceof RewardUnavailableException
                || failure instanceof OutputException;
        err.println(
                plain
                        ? "flipside: " + wrongInput.orElse(failure.getMessage())
                        : "flipside failed: " + describe(failure));
        if (debug) {
            failure.printStackTrace(err);
        } else if (!plain) {
            err.println("Run it again with --debug to see where.");
        }
        err.flush();
        return user ? CommandLine.ExitCode.USAGE : CommandLine.ExitCode.SOFTWARE;
    }

    /** libtorch appends its own stack to its messages: the first line says what happened. */
    private static String describe(Throwable failure) {
        String message = failure.getMessage();
        if (message == null || message.isBlank()) {
            return failure.getClass().getSimpleName();
        }
        String first = message.strip().lines().findFirst().orElseThrow();
        return failure instanceof RuntimeException && failure.getClass() != RuntimeException.class
                ? failure.getClass().getSimpleName() + ": " + first
                : first;
    }
}
