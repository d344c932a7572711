package dev.flipside;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Memory of this process, native memory included. */
public final class ProcessMemory {
    private ProcessMemory() {}

    public static long residentKilobytes() {
        return kilobytes("VmRSS:");
    }

    /** The most that there was since the process began or its count was begun anew. */
    public static long highestKilobytes() {
        return kilobytes("VmHWM:");
    }

    private static long kilobytes(String name) {
        try {
            return Files.readAllLines(Path.of("/proc/self/status")).stream()
                    .filter(line -> line.startsWith(name))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Pages that the system has given this process so far, those read from a disk aside. */
    public static long pageFaults() {
        try {
            String fields = Files.readString(Path.of("/proc/self/stat"));
            // Behind the command's name in brackets: state, five ids, flags, minor faults.
            return Long.parseLong(fields.substring(fields.lastIndexOf(')') + 2).split(" ")[7]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
