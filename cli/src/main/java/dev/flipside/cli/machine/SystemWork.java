package dev.flipside.cli.machine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What the operating system has done for this process since it began.
 *
 * @param pageFaults pages that it was given, those read from a disk aside; 0 where the system does not count them
 * @param seconds of processor time in the system, in hundredths
 */
record SystemWork(long pageFaults, double seconds) {
    /** Linux counts in these, whatever its clock. */
    private static final double TICKS_PER_SECOND = 100;

    private static final Path COUNTS = Path.of("/proc/self/stat");

    static SystemWork now() {
        if (!Files.exists(COUNTS)) {
            return new SystemWork(0, 0);
        }
        try {
            String counts = Files.readString(COUNTS);
            // Behind the command's name in brackets, which may hold blanks itself.
            String[] fields = counts.substring(counts.lastIndexOf(')') + 2).split(" ");
            return new SystemWork(Long.parseLong(fields[7]), Long.parseLong(fields[12]) / TICKS_PER_SECOND);
        } catch (IOException e) {
            return new SystemWork(0, 0);
        }
    }

    /** A repetition's share of what was done since an earlier moment. */
    SystemWork since(SystemWork earlier, int repetitions) {
        return new SystemWork(
                (pageFaults - earlier.pageFaults) / repetitions, (seconds - earlier.seconds) / repetitions);
    }
}
