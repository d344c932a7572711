package dev.flipside.malformed;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.config.UserError;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Ten thousand damaged files in one Java machine, each with a clock: what is not taken is told in one sentence, and
 * nothing else ends a reader. {@code -Dfaults.seed=7 -Dfaults.cases=10000 -Dfaults.format=GGUF} choose others. Before
 * each case the damaged file is written to {@code target/faults/case}, so that one that ends the machine can be found
 * there. What was taken as another value stays under {@code target/faults/taken}, to be looked at.
 */
@Tag("faults")
class MalformedFilesTest {
    private static final int CLOCK_SECONDS = 60;
    private static final int SHOWN = 20;

    private final Path work = Path.of("target", "faults").toAbsolutePath();
    private final List<String> faults = new ArrayList<>();

    /** What came of the cases of one format. */
    private static final class Count {
        private int cases;
        private int refused;
        private int same;
        private int other;
        private int faults;
        private long nanos;
    }

    @Test
    void whatIsDamagedIsToldAndEndsNothing() throws IOException {
        long seed = Long.getLong("faults.seed", 20_261_127);
        int cases = Integer.getInteger("faults.cases", 10_000);
        String only = System.getProperty("faults.format", "");
        System.out.println("malformed files: -Dfaults.seed=" + seed + " -Dfaults.cases=" + cases);
        delete(work.resolve("taken"));
        int shares = List.of(Format.values()).stream().mapToInt(Format::share).sum();
        Map<Format, Count> counts = new EnumMap<>(Format.class);
        for (Format format : Format.values()) {
            if (only.isEmpty() || only.equals(format.name())) {
                counts.put(format, run(format, seed, Math.max(1, cases * format.share() / shares)));
            }
        }
        table(counts);
        assertThat(faults).as("the first of %d", faults.size()).isEmpty();
    }

    private Count run(Format format, long seed, int cases) throws IOException {
        Count count = new Count();
        long start = System.nanoTime();
        String[] whole = new String[format.variants()];
        for (int number = 0; number < cases; number++) {
            int variant = number % format.variants();
            Path folder = work.resolve("case");
            delete(folder);
            Files.createDirectories(folder);
            format.prepare(folder, variant);
            if (whole[variant] == null) {
                whole[variant] = answer(format, folder);
                delete(folder);
                Files.createDirectories(folder);
                format.prepare(folder, variant);
            }
            Path file = folder.resolve(format.damaged());
            Random random = new Random(seed * 1_000_003 + format.ordinal() * 100_003L + number);
            Files.write(file, format.damage(new Mutation(random), Files.readAllBytes(file)));
            Files.copy(file, work.resolve("damaged"), StandardCopyOption.REPLACE_EXISTING);
            Files.writeString(work.resolve("case.txt"), format + " seed " + seed + " case " + number + "\n");
            note(count, format, number, folder, whole[variant]);
        }
        count.cases = cases;
        count.nanos = System.nanoTime() - start;
        return count;
    }

    private static String answer(Format format, Path folder) {
        try {
            return format.read(folder);
        } catch (UserError e) {
            assertThat(format).as(e.getMessage()).isEqualTo(Format.CHAT_TEMPLATE);
            return "refused: " + e.getMessage(); // a template that wants other messages
        }
    }

    private void note(Count count, Format format, int number, Path folder, String whole) {
        try {
            String answer = within(() -> format.read(folder));
            if (answer.equals(whole)) {
                count.same++;
            } else {
                count.other++;
                Path taken = Files.createDirectories(work.resolve("taken"));
                Files.copy(
                        work.resolve("damaged"),
                        taken.resolve(format + "-" + number),
                        StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (UserError e) {
            count.refused++;
            String message = e.getMessage();
            if (message == null || message.isBlank() || message.length() > 1_000) {
                fault(count, format, number, "its sentence is " + message);
            }
        } catch (Throwable e) {
            StringWriter trace = new StringWriter();
            e.printStackTrace(new PrintWriter(trace));
            fault(count, format, number, trace.toString().lines().limit(12).reduce("", (a, b) -> a + "\n    " + b));
        }
    }

    private void fault(Count count, Format format, int number, String what) {
        count.faults++;
        if (faults.size() < SHOWN) {
            faults.add(format + " case " + number + ": " + what);
        }
    }

    /** The answer, or what it ended with; a reader that does not end is left behind with its thread. */
    private static String within(Callable<String> reader) throws Throwable {
        FutureTask<String> task = new FutureTask<>(reader);
        Thread thread = new Thread(null, task, "case", 8 << 20);
        thread.setDaemon(true);
        thread.start();
        try {
            return task.get(CLOCK_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause();
        } catch (TimeoutException e) {
            IllegalStateException stuck = new IllegalStateException("more than " + CLOCK_SECONDS + " s");
            stuck.setStackTrace(thread.getStackTrace());
            throw stuck;
        }
    }

    private static void delete(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            try (var entries = Files.list(folder)) {
                for (Path entry : entries.toList()) {
                    delete(entry);
                }
            }
        }
        Files.deleteIfExists(folder);
    }

    private static void table(Map<Format, Count> counts) {
        System.out.println(
                "| files | cases | refused | taken, nothing changed | taken as another | faults | seconds |");
        System.out.println("|---|---|---|---|---|---|---|");
        Count all = new Count();
        counts.forEach((format, count) -> {
            row(format.name().toLowerCase(Locale.ROOT).replace('_', ' '), count);
            all.cases += count.cases;
            all.refused += count.refused;
            all.same += count.same;
            all.other += count.other;
            all.faults += count.faults;
            all.nanos += count.nanos;
        });
        row("all", all);
    }

    private static void row(String name, Count count) {
        System.out.printf(
                Locale.ROOT,
                "| %s | %d | %d | %d | %d | %d | %.0f |%n",
                name,
                count.cases,
                count.refused,
                count.same,
                count.other,
                count.faults,
                count.nanos / 1e9);
    }
}
