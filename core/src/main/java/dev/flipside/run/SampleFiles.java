package dev.flipside.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The completions of a run: {@code samples.jsonl}, and under a limit {@code samples-2.jsonl}, {@code samples-3.jsonl}
 * and so on, of which the oldest are deleted.
 *
 * <p>The file that is written is always the one with the highest number, so that a checkpoint names one file and its
 * length. Files are deleted only when a checkpoint is written, and only as far behind the oldest checkpoint kept as the
 * limit says: whatever checkpoint a run goes back to, it ends with the files of a run that nobody stopped.
 */
public final class SampleFiles implements AutoCloseable {
    private static final String FIRST = "samples.jsonl";
    private static final Pattern NAME = Pattern.compile("samples(?:-([1-9][0-9]{0,8}))?\\.jsonl");

    /** So many make up the limit: the deleted ones are then a small part of what is kept. */
    private static final int FILES_IN_LIMIT = 8;

    private final Path folder;
    private final long fileBytes;
    private int number;
    private AppendLog log;

    private SampleFiles(Path folder, long maxBytes, int number, AppendLog log) {
        this.folder = folder;
        this.fileBytes = maxBytes == 0 ? Long.MAX_VALUE : Math.max(1, maxBytes / FILES_IN_LIMIT);
        this.number = number;
        this.log = log;
    }

    /**
     * Cuts the files back to a checkpoint's.
     *
     * @param logs lengths by name; with no file of samples among them, the files begin anew
     */
    static SampleFiles open(Path folder, long maxBytes, SortedMap<String, Long> logs) throws IOException {
        String name = nameIn(logs);
        for (Path later : files(folder)) {
            if (number(later) > number(name)) {
                Files.delete(later);
            }
        }
        AppendLog log = AppendLog.hashed(folder.resolve(name), logs.getOrDefault(name, 0L));
        return new SampleFiles(folder, maxBytes, number(name), log);
    }

    /** The files in a run's folder in the order in which they were written. */
    public static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> paths = Files.list(folder)) {
            return paths.filter(path -> Files.isRegularFile(path)
                            && isOne(path.getFileName().toString()))
                    .sorted(Comparator.comparingInt(SampleFiles::number))
                    .toList();
        }
    }

    static boolean isOne(String name) {
        return NAME.matcher(name).matches();
    }

    /** Appends {@code value} (a record, a map) as one line. */
    public void append(Object value) {
        if (log.position() >= fileBytes) {
            log.sync();
            log.close();
            number++;
            log = AppendLog.hashed(folder.resolve(name(number)), 0);
        }
        log.append(value);
    }

    /** The length in bytes of the file that is written. */
    public long position() {
        return log.position();
    }

    String name() {
        return name(number);
    }

    String sha256() {
        return log.sha256();
    }

    void sync() {
        log.sync();
    }

    /** Deletes what the limit has no room for, seen from the oldest checkpoint kept. */
    void prune(SortedMap<String, Long> logsOfTheOldest) {
        if (fileBytes == Long.MAX_VALUE) {
            return;
        }
        int oldest = number(nameIn(logsOfTheOldest)) - FILES_IN_LIMIT + 1;
        try {
            for (Path file : files(folder)) {
                if (number(file) < oldest) {
                    Files.delete(file);
                }
            }
        } catch (IOException e) {
            throw Durable.refused("delete old samples in", folder, e);
        }
    }

    @Override
    public void close() {
        log.close();
    }

    private static String nameIn(SortedMap<String, Long> logs) {
        return logs.keySet().stream().filter(SampleFiles::isOne).findFirst().orElse(FIRST);
    }

    private static String name(int number) {
        return number == 1 ? FIRST : "samples-" + number + ".jsonl";
    }

    private static int number(Path file) {
        return number(file.getFileName().toString());
    }

    private static int number(String name) {
        Matcher matcher = NAME.matcher(name);
        return matcher.matches() && matcher.group(1) != null ? Integer.parseInt(matcher.group(1)) : 1;
    }
}
