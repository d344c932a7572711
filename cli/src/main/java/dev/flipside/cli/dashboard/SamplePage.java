package dev.flipside.cli.dashboard;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.IoReason;
import dev.flipside.config.StrictJson;
import dev.flipside.config.UserError;
import dev.flipside.run.SampleFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Some samples of a run, the newest first.
 *
 * @param samples that the filter takes
 * @param next where to go on; empty behind the oldest
 * @param searched whether the page ends because so much was searched, not because it is full
 */
record SamplePage(List<Sample> samples, String next, boolean searched) {
    private static final int SIZE = 32;

    /** Bytes that one request looks through. */
    private static final long MOST_SEARCHED = 32L << 20;

    private static final Pattern CURSOR = Pattern.compile("(samples[-0-9]{0,11}\\.jsonl):([0-9]{1,18})");

    /**
     * Reads backwards from the newest sample, or from a cursor.
     *
     * @param cursor {@link #next} of an earlier page; empty for the newest samples
     * @throws UserError when the cursor is none, or the files cannot be read
     */
    static SamplePage read(Path run, SampleFilter filter, String cursor) {
        Matcher place = CURSOR.matcher(cursor);
        if (!cursor.isEmpty() && !place.matches()) {
            throw new UserError("before is no place in the samples; take it from an earlier page.");
        }
        Optional<String> first = cursor.isEmpty() ? Optional.empty() : Optional.of(place.group(1));
        long before = cursor.isEmpty() ? Long.MAX_VALUE : Long.parseLong(place.group(2));
        try {
            List<Path> files = new ArrayList<>(SampleFiles.files(run));
            // Deleted under logging.samples_max_mb, or by a resumed run: only older files could follow, and none does.
            while (first.isPresent()
                    && !files.isEmpty()
                    && !name(files.get(files.size() - 1)).equals(first.get())) {
                files.remove(files.size() - 1);
            }
            return read(files, filter, before);
        } catch (IOException e) {
            throw new UserError("The samples in " + run + " cannot be read (" + IoReason.of(e) + "); look again.", e);
        }
    }

    private static SamplePage read(List<Path> files, SampleFilter filter, long before) throws IOException {
        List<Sample> found = new ArrayList<>();
        long searched = 0;
        long from = before;
        for (int i = files.size() - 1; i >= 0; i--) {
            try (BackwardLines lines = BackwardLines.open(files.get(i), from)) {
                long end = -1;
                for (Optional<BackwardLines.Line> line = lines.next(); line.isPresent(); line = lines.next()) {
                    long start = line.get().start();
                    searched += end < 0 ? 0 : end - start;
                    end = start;
                    line.get().text().flatMap(text -> parsed(text, filter)).ifPresent(found::add);
                    boolean full = found.size() == SIZE;
                    if ((full || searched > MOST_SEARCHED) && (start > 0 || i > 0)) {
                        return new SamplePage(found, name(files.get(i)) + ":" + start, !full);
                    }
                }
            }
            from = Long.MAX_VALUE;
        }
        return new SamplePage(found, "", false);
    }

    private static Optional<Sample> parsed(String text, SampleFilter filter) {
        try {
            JsonNode line = StrictJson.MAPPER.readTree(text);
            Sample sample = Sample.of(line);
            return Optional.of(sample).filter(s -> filter.takes(line, s));
        } catch (IOException e) {
            return Optional.empty(); // A damaged line; `flipside report` names it.
        }
    }

    private static String name(Path file) {
        return file.getFileName().toString();
    }
}
