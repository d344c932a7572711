package dev.flipside.run;

import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * The right to write one run or comparison, held through a lock of the operating system: it ends with the process, so a
 * killed run never has to be unlocked.
 *
 * <p>{@code .owner} says who holds it. It is a file of its own because a POSIX process loses its locks on a file when
 * it closes any descriptor of that file, which reading {@code .lock} would do.
 */
public final class RunLock implements AutoCloseable {
    static final String LOCK = ".lock";
    static final String OWNER = ".owner";

    private final FileChannel channel;
    private final Path owner;

    private RunLock(FileChannel channel, Path owner) {
        this.channel = channel;
        this.owner = owner;
    }

    /**
     * Takes the lock.
     *
     * @throws UserError when this or another process has it
     */
    public static RunLock acquire(Path folder) {
        Path ownerFile = folder.resolve(OWNER);
        try {
            if (RunProcess.of(folder).equals(Optional.of(RunProcess.self()))) {
                throw held(folder, "this process");
            }
            FileChannel channel =
                    FileChannel.open(folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (!tryLock(channel)) {
                channel.close();
                throw held(
                        folder,
                        RunProcess.of(folder)
                                .map(other -> "the process " + other.pid() + " (started " + other.started() + ")")
                                .orElse("another process"));
            }
            Durable.write(ownerFile, Json.line(RunProcess.self()) + "\n");
            return new RunLock(channel, ownerFile);
        } catch (IOException e) {
            throw Durable.refused("lock", folder, e);
        }
    }

    @Override
    public void close() {
        try (channel) {
            Files.deleteIfExists(owner);
        } catch (IOException e) {
            throw Durable.refused("unlock", owner.getParent(), e);
        }
    }

    private static boolean tryLock(FileChannel channel) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException e) {
            return false; // Another thread of this process was faster.
        }
    }

    private static UserError held(Path folder, String who) {
        return new UserError("Run " + folder + " is being written by " + who
                + "; wait for it or stop it, or choose another run.output_dir.");
    }
}
