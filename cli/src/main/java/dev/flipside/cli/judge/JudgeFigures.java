package dev.flipside.cli.judge;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.Numbers;
import dev.flipside.cli.console.Table;
import dev.flipside.config.IoReason;
import dev.flipside.config.UserError;
import dev.flipside.eval.Interval;
import dev.flipside.eval.judge.JudgeUsage;
import dev.flipside.eval.judge.TokenPrices;
import dev.flipside.run.Durable;
import dev.flipside.run.JsonFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Collectors;

/** How judged results are shown and kept. */
final class JudgeFigures {
    private JudgeFigures() {}

    /** A row of a table: a name and a share with its interval, in per cent. */
    static List<String> percent(String name, Interval share) {
        return percent(name, share.mean(), share.low(), share.high(), "95 %");
    }

    static List<String> percent(String name, double share, double low, double high, String level) {
        return List.of(
                name, Numbers.percent(share) + " %  (" + level + " interval " + Numbers.percentRange(low, high) + ")");
    }

    static Map<String, Object> json(double share, double low, double high) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("mean", share);
        values.put("low", low);
        values.put("high", high);
        return values;
    }

    static Map<String, Object> json(Interval share) {
        return json(share.mean(), share.low(), share.high());
    }

    /** Mean lengths and how much longer the policy's are. */
    static String lengths(double policy, double baseline, String unit) {
        return Numbers.fixed(policy, 0) + " and " + Numbers.fixed(baseline, 0) + " " + unit + " ("
                + Numbers.signedWhole(policy - baseline) + ")";
    }

    /** Rows for what the judge was asked and what that cost. */
    static List<List<String>> usage(JudgeUsage usage, TokenPrices prices) {
        String asked = usage.asked() + " asked, " + usage.cached() + " known before";
        String tokens =
                Numbers.count(usage.promptTokens()) + " sent, " + Numbers.count(usage.completionTokens()) + " answered";
        OptionalDouble cost = usage.cost(prices);
        String price = cost.isEmpty()
                ? "unknown without --judge-input-price and --judge-output-price"
                : Numbers.fixed(cost.getAsDouble(), 2) + " now, "
                        + Numbers.fixed(usage.costInAll(prices).orElseThrow(), 2) + " with what was known before";
        return List.of(List.of("judgments", asked), List.of("judge's tokens", tokens), List.of("cost", price));
    }

    static Map<String, Object> usageJson(String judge, JudgeUsage usage, TokenPrices prices) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("model", judge);
        values.put("asked", usage.asked());
        values.put("cached", usage.cached());
        values.put("prompt_tokens", usage.promptTokens());
        values.put("completion_tokens", usage.completionTokens());
        values.put("cached_prompt_tokens", usage.cachedPromptTokens());
        values.put("cached_completion_tokens", usage.cachedCompletionTokens());
        values.put("cost", usage.cost(prices).isPresent() ? usage.cost(prices).getAsDouble() : null);
        values.put(
                "cost_in_all",
                usage.costInAll(prices).isPresent() ? usage.costInAll(prices).getAsDouble() : null);
        return values;
    }

    /** Prints a result and keeps it in {@code out}, where {@code report} looks for it. */
    static void result(Console console, Path out, List<List<String>> table, Map<String, Object> json) {
        JsonFile.write(out.resolve("summary.json"), json);
        console.result(() -> Table.of(table).render(), json);
    }

    /** Replaces {@code file} by JSON lines. */
    static void write(Path file, List<ObjectNode> lines) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            Durable.write(file, lines.stream().map(line -> line + "\n").collect(Collectors.joining()));
        } catch (IOException e) {
            throw new UserError(
                    "--out: " + file + " cannot be written (" + IoReason.of(e)
                            + "); check the free space and the permissions.",
                    e);
        }
    }
}
