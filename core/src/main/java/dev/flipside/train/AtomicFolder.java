package dev.flipside.train;

import dev.flipside.config.IoReason;
import dev.flipside.config.UserError;
import dev.flipside.run.DiskSpace;
import dev.flipside.run.Durable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;

/** Replaces a folder as a whole, where there is room for it beside what is there. */
final class AtomicFolder {
    private AtomicFolder() {}

    /**
     * Writes aside, flushes, then renames, so that nobody ever reads half of a folder.
     *
     * @param bytes about what {@code writer} will write
     * @throws UserError when that does not fit on the disk, or cannot be written
     */
    static void write(Path folder, long bytes, DiskSpace disk, Consumer<Path> writer) {
        disk.missing(folder, bytes).ifPresent(reason -> {
            throw new UserError(folder + " was not written: " + reason + "; free some space or choose another folder.");
        });
        try {
            Durable.replaceFolder(folder, writer);
        } catch (IOException e) {
            throw new UserError(
                    folder + " could not be written: " + IoReason.of(e) + "; free some space or choose another folder.",
                    e);
        }
    }
}
