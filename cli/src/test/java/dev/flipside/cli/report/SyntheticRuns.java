package dev.flipside.cli.report;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.compare.ComparisonDirectory;
import dev.flipside.config.ComparisonConfig;
import dev.flipside.config.ConfigReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Folders as flipside train, compare and eval-rm leave them, with made-up numbers and texts that try to break out of
 * the page.
 */
final class SyntheticRuns {
    /** Markup in a place where a user's text goes. */
    static final String HOSTILE =
            "</script><script>document.title='broken'</script><img src=x onerror=alert(1)> & \"quoted\"";

    static final List<String> ARMS = List.of("frozen", "save", "guarded", "with-a-rather-long-name-for-an-arm");
    static final List<String> OUTCOMES = List.of("eval_gold", "eval_rm/accuracy", "eval_rm/on_policy_accuracy");
    static final int SEEDS = 8;
    private static final int STEPS = 20;
    private static final ObjectMapper JSON = new ObjectMapper();

    private SyntheticRuns() {}

    /** A comparison of four arms over eight seeds, each measured at five evaluations. */
    static Path comparison(Path folder) throws IOException {
        List<Long> seeds = new ArrayList<>();
        for (long seed = 1; seed <= SEEDS; seed++) {
            seeds.add(seed);
        }
        String yaml =
                """
                comparison:
                  output_dir: %s
                  seeds: %s
                  baseline: frozen
                  criterion: "SAVE raises the gold reward %s"
                  criterion_arms: [save]
                  detectable_effect: 0.02
                  outcomes:
                    - {metric: eval_gold, label: gold reward, role: primary}
                    - {metric: eval_rm/accuracy}
                    - {metric: eval_rm/on_policy_accuracy, label: on-policy accuracy}
                base: {world: w}
                arms:
                  frozen:
                  save: {description: "described as %s"}
                  guarded:
                  with-a-rather-long-name-for-an-arm: {like: loo}
                """
                        .formatted(folder, seeds, HOSTILE.replace("\"", "\\\""), HOSTILE.replace("\"", "\\\""));
        ComparisonConfig config =
                ConfigReader.comparison(Files.writeString(Files.createTempFile("compare", ".yaml"), yaml), List.of());
        try (ComparisonDirectory directory = ComparisonDirectory.open(folder, config)) {
            directory.register(config, List.of());
        }
        for (int arm = 0; arm < ARMS.size(); arm++) {
            for (long seed : seeds) {
                run(ComparisonDirectory.run(folder, seed, ARMS.get(arm)), arm, seed);
            }
        }
        return folder;
    }

    /** One run; arm 0 has a frozen reward model, and the accuracy of arm 2 falls until an alarm says so. */
    static Path run(Path folder, int arm, long seed) throws IOException {
        Files.createDirectories(folder.resolve("policy"));
        Files.writeString(folder.resolve("config.yaml"), "run:\n  seed: " + seed + " # " + HOSTILE + "\n");
        Files.writeString(
                folder.resolve("provenance.json"),
                JSON.writeValueAsString(Map.of(
                        "flipside",
                        "0.1.0",
                        "commit",
                        "abc" + HOSTILE,
                        "java",
                        "17",
                        "os",
                        "Linux",
                        "processors",
                        2,
                        "libraries",
                        Map.of("libtorch", "2.10.0"),
                        "files",
                        List.of())));
        StringBuilder metrics = new StringBuilder();
        for (int step = 0; step <= STEPS; step++) {
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("step", step);
            double grown = 0.004 * step * (1 + 0.3 * arm) + 0.01 * Math.sin(seed * 3 + step + arm);
            if (step % 5 == 0) {
                line.put("eval_gold", 0.5 + grown);
                line.put("eval_rm/accuracy", arm == 2 ? 0.8 - grown : 0.75 + 0.2 * grown);
                line.put("eval_rm/on_policy_accuracy", 0.6 + grown);
                line.put("eval_rm/p_worse_than_first", arm == 2 && step > 5 ? 1e-5 : 1.0);
            }
            if (step > 0) {
                line.put("reward", grown * 3);
                line.put("completions/mean_length", 8 + grown);
                if (arm > 0) {
                    line.put("save/kept_frac", 0.7);
                }
            }
            metrics.append(JSON.writeValueAsString(line)).append('\n');
        }
        Files.writeString(folder.resolve("metrics.jsonl"), metrics);
        for (int step : new int[] {1, 10, STEPS}) {
            StringBuilder samples = new StringBuilder();
            for (int sample = 0; sample < 4; sample++) {
                if (arm > 0) {
                    samples.append(sample(step, sample, "reward_model")).append('\n');
                }
            }
            for (int sample = 0; sample < 4; sample++) {
                samples.append(sample(step, sample, "policy")).append('\n');
            }
            // As under logging.samples_max_mb: the tenth file comes after the second.
            String name = step == 1 ? "samples.jsonl" : step == 10 ? "samples-2.jsonl" : "samples-10.jsonl";
            Files.writeString(folder.resolve(name), samples);
        }
        return folder;
    }

    private static String sample(int step, int sample, String trains) throws IOException {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("step", step);
        line.put("trains", trains);
        line.put("group", 0);
        line.put("prompt", List.of(Map.of("role", "user", "content", "list two sports " + HOSTILE)));
        line.put("completion", "step " + step + " sample " + sample + " " + HOSTILE);
        if (trains.equals("policy")) {
            line.put("reward", 0.25 * sample);
            line.put("advantage", 0.5 * sample - 0.75);
            line.put("gold", 0.1 * sample);
        } else {
            line.put("rm_reward", 0.25 * sample);
            line.put("rm_value", 0.4);
            line.put("rm_advantage", 0.25 * sample - 0.4);
            line.put("label", sample == 0 ? -1 : sample == 3 ? 1 : 0);
            line.put("usable", sample != 2);
        }
        return JSON.writeValueAsString(line);
    }

    /** A folder as eval-rm --compare leaves it. */
    static Path rewardModelBenchmarks(Path folder) throws IOException {
        Files.createDirectories(folder);
        Files.writeString(
                folder.resolve("summary.json"),
                """
                {"model": "runs/reward-model/final", "results": {"llmbar": {"prompts": 100, "answers": 200,
                  "figures": [{"name": "natural <set>", "n": 100, "score": 0.615, "low": 0.52, "high": 0.71, "longer_wins": 0.44, "markdown_wins": 0.5}],
                  "comparison": {"figures": [{"name": "natural <set>", "other": 0.6, "difference": 0.015, "low": -0.02, "high": 0.05}], "better": 3, "worse": 2, "p": 0.9}}}}
                """);
        return folder;
    }

    /** A folder as eval-policy gsm8k leaves it. */
    static Path policyBenchmarks(Path folder) throws IOException {
        Files.createDirectories(folder);
        Files.writeString(
                folder.resolve("summary.json"),
                """
                {"task": "gsm8k", "answers": "runs/save/policy", "items": 50, "metrics": {"exact": {"mean": 0.125, "low": 0.05, "high": 0.2, "hits": 6, "of": 48}}}
                """);
        return folder;
    }

    static Path judgedBenchmarks(Path folder) throws IOException {
        Files.createDirectories(folder);
        Files.writeString(
                folder.resolve("summary.json"),
                """
                {"benchmark": "arena-hard", "model": "mine", "prompts": 20, "score": {"mean": 0.3, "low": 0.25, "high": 0.35}, "interval_of_scores": 0.9,
                 "mean_over_questions": {"mean": 0.3, "low": 0.24, "high": 0.36}, "judge": {"model": "gpt"}}
                """);
        return folder;
    }
}
