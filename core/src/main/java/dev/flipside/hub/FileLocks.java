package dev.flipside.hub;

import dev.flipside.run.Durable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** The right to write one file, waited for; a lock of the operating system, which ends with its process. */
final class FileLocks implements AutoCloseable {
    private static final long LOOK_AGAIN_MILLIS = 100;

    private final FileChannel channel;
    private final Path file;

    private FileLocks(FileChannel channel, Path file) {
        this.channel = channel;
        this.file = file;
    }

    /** @param what is locked, for the line that tells a waiting person why */
    static FileLocks acquire(Path file, String what, TransferListener listener) {
        try {
            Files.createDirectories(file.getParent());
            FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            boolean told = false;
            while (!held(channel)) {
                if (!told) {
                    listener.message(what + " is being downloaded by another process; waiting for it");
                    told = true;
                }
                Thread.sleep(LOOK_AGAIN_MILLIS);
            }
            return new FileLocks(channel, file);
        } catch (IOException e) {
            throw Durable.refused("lock", file, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HubUnavailableException("The transfer was interrupted; run the same command again.", e);
        }
    }

    @SuppressWarnings("resource") // The channel's close releases it.
    private static boolean held(FileChannel channel) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException e) {
            return false; // Another thread of this process has it.
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw Durable.refused("unlock", file, e);
        }
    }
}
