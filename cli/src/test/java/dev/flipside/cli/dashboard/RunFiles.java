package dev.flipside.cli.dashboard;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.compare.ComparisonDirectory;
import dev.flipside.config.ComparisonConfig;
import dev.flipside.config.ConfigReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Folders as training leaves them, line by line, with texts that try to break out of the page. */
final class RunFiles {
    static final String HOSTILE =
            "<script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\">";

    private static final ObjectMapper JSON = new ObjectMapper();

    private RunFiles() {}

    /** A run that has begun: its configuration, no line yet. */
    static Path begin(Path folder, int steps, double rate) throws IOException {
        Files.createDirectories(folder);
        Files.writeString(
                folder.resolve("config.yaml"),
                "run:\n  max_steps: " + steps + "\n  rounds: 1\npolicy:\n  learning_rate: " + rate + "\n  model: \""
                        + HOSTILE.replace("\"", "\\\"") + "\"\n");
        Files.writeString(folder.resolve("metrics.jsonl"), "");
        return folder;
    }

    /** A line of a step; every tenth has an evaluation. */
    static String line(int step, double reward) throws IOException {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("step", step);
        line.put("reward", reward);
        line.put("entropy", 1.0 / (1 + step));
        line.put("step_time", 2.0);
        if (step % 10 == 0) {
            line.put("eval_rm/accuracy", 0.7);
        }
        return JSON.writeValueAsString(line) + "\n";
    }

    static void append(Path folder, String text) throws IOException {
        Files.writeString(folder.resolve("metrics.jsonl"), text, StandardOpenOption.APPEND);
    }

    /** Steps from the first to the last of two, each a line. */
    static void steps(Path folder, int from, int to) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int step = from; step <= to; step++) {
            lines.append(line(step, 0.01 * step));
        }
        append(folder, lines.toString());
    }

    static void finish(Path folder) throws IOException {
        Files.createDirectories(folder.resolve("policy"));
    }

    /** The owner's name as the process that writes a run leaves it. */
    static void ownedBy(Path folder, ProcessHandle process) throws IOException {
        owned(folder, process.pid(), process.info().startInstant().orElseThrow().toString());
    }

    static void owned(Path folder, long pid, String started) throws IOException {
        Files.writeString(
                folder.resolve(".owner"), JSON.writeValueAsString(Map.of("pid", pid, "started", started)) + "\n");
    }

    /** Four samples of each step, of which the first is negative and the last positive. */
    static void samples(Path folder, int from, int to) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int step = from; step <= to; step++) {
            for (int sample = 0; sample < 4; sample++) {
                Map<String, Object> line = new LinkedHashMap<>();
                line.put("step", step);
                line.put("trains", "reward_model");
                line.put("group", 0);
                line.put("prompt", List.of(Map.of("role", "user", "content", "Name fruits " + HOSTILE)));
                line.put("completion", "Step " + step + " sample " + sample + " " + HOSTILE);
                line.put("rm_reward", 0.25 * sample);
                line.put("rm_value", 0.4);
                line.put("rm_advantage", 0.25 * sample - 0.4);
                line.put("label", sample == 0 ? -1 : sample == 3 ? 1 : 0);
                line.put("usable", sample != 2);
                lines.append(JSON.writeValueAsString(line)).append('\n');
            }
        }
        Files.writeString(folder.resolve("samples.jsonl"), lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    /** A registered comparison of two arms over three seeds, none of them begun. */
    static Path comparison(Path folder) throws IOException {
        String yaml =
                """
                comparison:
                  output_dir: %s
                  seeds: [1, 2, 3]
                  baseline: frozen
                  criterion: SAVE raises the reward
                  criterion_arms: [save]
                  detectable_effect: 0.02
                  outcomes:
                    - {metric: reward, label: reward, role: primary}
                base: {world: w}
                arms:
                  save:
                  frozen:
                """
                        .formatted(folder);
        Path file = Files.createTempFile("compare", ".yaml");
        Files.writeString(file, yaml);
        ComparisonConfig config = ConfigReader.comparison(file, List.of());
        Files.delete(file);
        try (ComparisonDirectory directory = ComparisonDirectory.open(folder, config)) {
            directory.register(config, List.of());
        }
        return folder;
    }
}
