package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** What a run left behind, for comparison with another run's. */
final class RunFiles {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private RunFiles() {}

    /**
     * Final models, the content of the newest checkpoint, samples and, apart from times, metrics are equal to the last
     * byte.
     */
    static void assertSameResult(Path actual, Path expected) {
        assertThat(metrics(actual)).isEqualTo(metrics(expected));
        assertThat(lines(actual.resolve("samples.jsonl"))).isEqualTo(lines(expected.resolve("samples.jsonl")));
        Map<String, byte[]> files = results(expected);
        assertThat(files.keySet())
                .anyMatch(f -> f.endsWith("optimisers.safetensors"))
                .anyMatch(f -> f.startsWith("policy/"))
                .anyMatch(f -> f.startsWith("reward_model/"))
                .anyMatch(f -> f.endsWith("reward_model/value_head.safetensors"));
        Map<String, byte[]> found = results(actual);
        assertThat(found.keySet()).isEqualTo(files.keySet());
        files.forEach((name, bytes) -> assertThat(found.get(name)).as(name).isEqualTo(bytes));
    }

    /** The lines of metrics.jsonl without what the clock measured. */
    static List<JsonNode> metrics(Path run) {
        List<JsonNode> metrics = new ArrayList<>();
        for (String line : lines(run.resolve("metrics.jsonl"))) {
            try {
                ObjectNode node = (ObjectNode) JSON.readTree(line);
                List<String> names = new ArrayList<>();
                node.fieldNames().forEachRemaining(names::add);
                names.stream()
                        .filter(n ->
                                n.startsWith("timing_s/") || n.startsWith("tokens_per_s/") || n.equals("step_time"))
                        .forEach(node::remove);
                metrics.add(node);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return metrics;
    }

    static JsonNode json(String line) {
        try {
            return JSON.readTree(line);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The newest checkpoint's folder. */
    static Path newestCheckpoint(Path run) {
        try (Stream<Path> steps = Files.list(run.resolve("checkpoints"))) {
            return steps.filter(p -> p.getFileName().toString().startsWith("step-"))
                    .max(java.util.Comparator.comparingInt(
                            p -> Integer.parseInt(p.getFileName().toString().substring("step-".length()))))
                    .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The manifests are left out: they hold the length of metrics.jsonl, whose times are not the same twice. */
    private static Map<String, byte[]> results(Path run) {
        Map<String, byte[]> files = new TreeMap<>();
        Path checkpoint = newestCheckpoint(run);
        for (Path folder : List.of(run.resolve("policy"), run.resolve("reward_model"), checkpoint)) {
            bytes(folder).forEach((name, bytes) -> {
                if (!name.startsWith("manifest")) {
                    files.put(run.relativize(folder) + "/" + name, bytes);
                }
            });
        }
        return files;
    }

    /** Every file below a folder by its relative name. */
    static Map<String, byte[]> bytes(Path folder) {
        Map<String, byte[]> files = new TreeMap<>();
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : paths.filter(Files::isRegularFile).toList()) {
                files.put(folder.relativize(path).toString(), Files.readAllBytes(path));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return files;
    }
}
