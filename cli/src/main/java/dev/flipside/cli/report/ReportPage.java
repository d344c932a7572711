package dev.flipside.cli.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.samskivert.mustache.Mustache;
import dev.flipside.config.IoReason;
import dev.flipside.config.UserError;
import dev.flipside.run.Durable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.stream.Collectors;

/**
 * One self-contained HTML page of a run, of a comparison or of a folder of comparisons. It loads nothing: style, script
 * and data are in it, and it forbids itself the network.
 *
 * @param title of the page
 * @param made when it was written
 * @param several whether there is more than one section, so that links lead to them
 */
public record ReportPage(
        String title, String made, boolean several, List<ReportSection> sections, List<BenchmarkTable> benchmarks) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * Reads what there is.
     *
     * @param folder a run, a comparison, or a folder of comparisons
     * @param benchmarks folders that eval-rm or eval-policy wrote
     * @throws UserError when a folder holds nothing of the kind
     */
    public static ReportPage read(Path folder, List<Path> benchmarks) {
        List<ReportSection> sections = ReportSection.read(folder);
        String title = sections.stream().map(ReportSection::title).collect(Collectors.joining(" and "));
        return new ReportPage(
                title,
                DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm 'UTC'")
                        .withZone(ZoneOffset.UTC)
                        .format(Instant.now()),
                sections.size() > 1,
                sections,
                benchmarks.stream().map(BenchmarkTable::read).toList());
    }

    /** Writes the page aside and renames it. */
    public void write(Path file) {
        try {
            if (file.toAbsolutePath().getParent() != null) {
                Files.createDirectories(file.toAbsolutePath().getParent());
            }
            Durable.write(file, html());
        } catch (IOException e) {
            throw new UserError(file + " cannot be written (" + IoReason.of(e) + "): choose another --output.", e);
        }
    }

    /** The page's text. */
    String html() {
        return Mustache.compiler()
                .escapeHTML(true)
                // A list's size and a text are also the question whether there is any.
                .zeroIsFalse(true)
                .emptyStringIsFalse(true)
                .compile(PageParts.text(ReportPage.class, "report.html.mustache"))
                .execute(this);
    }

    /** Whether there are benchmarks to show. */
    boolean benchmarked() {
        return !benchmarks.isEmpty();
    }

    /** The page's style sheets; they hold no data. */
    String style() {
        return PageParts.style();
    }

    /** The page's scripts; they hold no data. */
    String script() {
        return PageParts.charts() + PageParts.text(ReportPage.class, "report.js");
    }

    /** The curves as JSON inside a script element: no character in it can end the element. */
    String data() {
        try {
            List<Chart> charts =
                    sections.stream().flatMap(s -> s.curves().charts().stream()).toList();
            return JSON.writeValueAsString(charts).replace("<", "\\u003c");
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("curves that are no JSON", e);
        }
    }
}
