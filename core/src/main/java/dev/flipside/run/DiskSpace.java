package dev.flipside.run;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToLongFunction;

/**
 * Whether something fits on a disk, asked before it is written.
 *
 * @param free the bytes that may still be written where a path is; {@link Long#MAX_VALUE} where nobody knows
 */
public record DiskSpace(ToLongFunction<Path> free) {
    /** What the file systems say. */
    public static final DiskSpace OF_THE_FILE_SYSTEM = new DiskSpace(DiskSpace::usable);

    /** Logs go on growing beside what is written. */
    private static final long RESERVE_BYTES = 8L << 20;

    /**
     * Says why something does not fit, as the middle of a sentence; empty when it does.
     *
     * @param place a file or folder that need not be there yet
     */
    public Optional<String> missing(Path place, long bytes) {
        long there = free.applyAsLong(place);
        return there - RESERVE_BYTES >= bytes
                ? Optional.empty()
                : Optional.of(String.format(
                        Locale.ROOT,
                        "it takes %s, and the disk of %s has %s free",
                        megabytes(bytes + RESERVE_BYTES),
                        place,
                        megabytes(there)));
    }

    private static String megabytes(long bytes) {
        return bytes >= 10_000_000_000L
                ? String.format(Locale.ROOT, "%.1f GB", bytes / 1e9)
                : String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
    }

    private static long usable(Path place) {
        Path there = place.toAbsolutePath();
        while (there.getParent() != null && !Files.exists(there)) {
            there = there.getParent();
        }
        try {
            FileStore store = Files.getFileStore(there);
            // Some network file systems know neither; writing will tell.
            return store.getTotalSpace() == 0 ? Long.MAX_VALUE : store.getUsableSpace();
        } catch (IOException e) {
            return Long.MAX_VALUE;
        }
    }
}
