package dev.flipside.cli.command;

import dev.flipside.config.IoReason;
import dev.flipside.config.UserError;
import dev.flipside.run.Durable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/** A file that {@code --output} names and that must not be there yet: it may hold what somebody has written by hand. */
public final class NewFile {
    private NewFile() {}

    /** @throws UserError when it is there */
    public static void require(Path output) {
        if (Files.exists(output, LinkOption.NOFOLLOW_LINKS)) {
            throw new UserError(
                    "--output: " + output
                            + " exists already, and may hold what somebody has written by hand; give a place where there is nothing, or remove it.");
        }
    }

    /**
     * Writes it whole, with the folders that it lies in.
     *
     * @throws UserError when it cannot be written
     */
    public static void write(Path output, String text) {
        try {
            if (output.toAbsolutePath().getParent() != null) {
                Files.createDirectories(output.toAbsolutePath().getParent());
            }
            Durable.write(output, text);
        } catch (IOException e) {
            throw new UserError(
                    "--output: " + output + " cannot be written (" + IoReason.of(e) + "); choose another place.", e);
        }
    }
}
