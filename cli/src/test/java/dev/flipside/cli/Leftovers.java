package dev.flipside.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a command left in a folder, for comparison with what it left when nobody disturbed it: without what the clock
 * measured.
 */
final class Leftovers {
    /** Times and durations are what these hold, or, in a manifest, the length of a file with durations in it. */
    private static final Pattern TIMED =
            Pattern.compile("(.*/)?(provenance\\.json|registration\\.json|report\\.html|manifest\\.(json|sha256)"
                    + "|events\\.out\\.tfevents.*|\\.lock|[0-9a-f]+\\.lock|listing.*)");

    /** Of logs and summaries; when a comparison's question was written down is the time of its first start. */
    private static final Pattern DURATIONS = Pattern.compile(
            "\"(timing_s/[^\"]*|tokens_per_s/[^\"]*|step_time|[a-z_]*seconds|[a-z_]*per_second)\" ?: ?[-0-9.Ee+]+,?"
                    + "|\"registered\" ?: ?\"[^\"]*\",?");

    private Leftovers() {}

    /** Files by relative name; text of logs and summaries without durations. */
    static Map<String, String> in(Path folder) {
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : paths.filter(Files::isRegularFile).toList()) {
                String name = folder.relativize(path).toString();
                if (!TIMED.matcher(name).matches()) {
                    files.put(name, content(path, name));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return files;
    }

    private static String content(Path path, String name) throws IOException {
        byte[] bytes = Files.readAllBytes(path);
        return name.endsWith(".jsonl") || name.endsWith(".json") && !name.contains("tokenizer")
                ? DURATIONS.matcher(new String(bytes, StandardCharsets.UTF_8)).replaceAll("")
                : bytes.length + " bytes " + Arrays.hashCode(bytes) + " "
                        + HexFormat.of().formatHex(Arrays.copyOf(bytes, Math.min(bytes.length, 64)));
    }

    /** Whether a file or folder of that name is anywhere below a folder at this moment. */
    static boolean appeared(Path folder, Pattern name) {
        try (Stream<Path> paths = Files.walk(folder)) {
            return paths.anyMatch(p -> name.matcher(p.getFileName().toString()).matches());
        } catch (NoSuchFileException e) {
            return false;
        } catch (IOException | UncheckedIOException e) {
            return false; // It changes while it is walked.
        }
    }
}
