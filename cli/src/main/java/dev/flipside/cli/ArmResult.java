package dev.flipside.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.config.UserError;
import dev.flipside.world.Arm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What an arm's run came to with one seed, from its {@code metrics.jsonl}.
 *
 * @param run its folder
 * @param startGold mean gold reward of the held-out prompts' samples before the first step
 * @param gold the same after the last
 * @param onPolicyAccuracy share of the policy's own pairs that the reward model orders as gold does, after the last step
 * @param offPolicyAccuracy the same of the probe's pairs
 * @param labelAccuracy share of the reward model's own labels that gold confirms, mean over the steps; NaN where it made none
 * @param anchorR2 R^2 of the value head on held-out prompts after the warm-up; NaN without one
 */
record ArmResult(
        Arm arm,
        long seed,
        Path run,
        double startGold,
        double gold,
        double onPolicyAccuracy,
        double offPolicyAccuracy,
        double labelAccuracy,
        double anchorR2) {
    private static final ObjectMapper JSON = new ObjectMapper();

    static ArmResult read(Arm arm, long seed, Path run) {
        List<JsonNode> lines = metrics(run);
        JsonNode first = lines.get(0);
        JsonNode last = lines.get(lines.size() - 1);
        return new ArmResult(
                arm,
                seed,
                run,
                value(first, "eval_gold"),
                value(last, "eval_gold"),
                value(last, "eval_rm/on_policy_accuracy"),
                value(last, "eval_rm/accuracy"),
                lines.stream()
                        .mapToDouble(line -> value(line, "save/label_accuracy"))
                        .filter(Double::isFinite)
                        .average()
                        .orElse(Double.NaN),
                value(first, "save/warmup_r2"));
    }

    /** The lines of a run's {@code metrics.jsonl}, at least one. */
    static List<JsonNode> metrics(Path run) {
        Path file = run.resolve("metrics.jsonl");
        try {
            List<JsonNode> lines = new ArrayList<>();
            for (String line : Files.readAllLines(file)) {
                lines.add(JSON.readTree(line));
            }
            if (lines.isEmpty()) {
                throw new UserError(file + " is empty: delete " + run + " and run the demo again.");
            }
            return lines;
        } catch (IOException e) {
            throw new UserError(
                    file + " cannot be read (" + e.getMessage() + "): delete " + run + " and run the demo again.", e);
        }
    }

    /** A metric, NaN where it is absent or not a number. */
    static double value(JsonNode line, String metric) {
        return line.path(metric).asDouble(Double.NaN);
    }
}
