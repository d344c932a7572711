package dev.flipside.cli.inspect;

import dev.flipside.cli.console.Numbers;
import dev.flipside.cli.console.Table;
import dev.flipside.data.Example;
import dev.flipside.eval.dataset.BenchmarkOverlap;
import dev.flipside.eval.dataset.DatasetReport;
import dev.flipside.eval.dataset.LengthSpread;
import dev.flipside.eval.dataset.PairFigures;
import dev.flipside.eval.dataset.PromptFigures;
import dev.flipside.eval.dataset.TokenFigures;
import dev.flipside.text.Conversation;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A {@link DatasetReport} as small tables, and as one JSON object.
 *
 * @param file as the user named it
 */
record DatasetTables(String file, DatasetReport report) {
    String text() {
        StringBuilder text = new StringBuilder(file + ": " + count(report.rows(), "row") + "\n\n");
        text.append(counts("shape", report.shapes())).append('\n');
        text.append(counts("column", report.columns())).append('\n');
        text.append(new Table(List.of("length", "count", "min", "median", "p95", "max"), lengths()).render())
                .append('\n');
        text.append(Table.of(facts()).render());
        overlaps(text);
        examples(text);
        if (report.refused() > 0) {
            text.append('\n').append(count(report.refused(), "row")).append(" refused; the first:\n");
            report.refusals().forEach(refusal -> text.append(refusal).append('\n'));
        }
        return text.toString();
    }

    private static String counts(String name, Map<String, Integer> counts) {
        List<List<String>> rows = new ArrayList<>();
        counts.forEach((what, n) -> rows.add(List.of(what, String.valueOf(n))));
        return rows.isEmpty() ? "" : new Table(List.of(name, "rows"), rows).render();
    }

    private List<List<String>> lengths() {
        List<List<String>> rows = new ArrayList<>();
        rows.add(length("prompt, characters", report.prompts().characters()));
        report.pairs().ifPresent(pairs -> {
            rows.add(length("chosen, characters", pairs.chosen()));
            rows.add(length("rejected, characters", pairs.rejected()));
        });
        report.tokens().ifPresent(tokens -> {
            rows.add(length("prompt, tokens", tokens.prompts()));
            if (tokens.chosen().count() > 0) {
                rows.add(length("chosen, tokens", tokens.chosen()));
                rows.add(length("rejected, tokens", tokens.rejected()));
            }
        });
        return rows;
    }

    private static List<String> length(String name, LengthSpread spread) {
        List<String> row = new ArrayList<>(List.of(name));
        for (int n : new int[] {spread.count(), spread.min(), spread.median(), spread.p95(), spread.max()}) {
            row.add(String.valueOf(n));
        }
        return row;
    }

    private List<List<String>> facts() {
        List<List<String>> rows = new ArrayList<>();
        PromptFigures prompts = report.prompts();
        fact(rows, "multi-turn prompts", prompts.multiTurn() + " (at most " + prompts.mostMessages() + " messages)");
        fact(
                rows,
                "system prompts",
                prompts.withSystem()
                        + (prompts.withSystem() > 0 ? ", " + prompts.differentSystems() + " different" : ""));
        fact(rows, "repeated prompts", repeated(prompts.repeated(), prompts.repeatedNormalised()));
        fact(rows, "empty prompts", prompts.empty());
        if (prompts.otherRoles() > 0) {
            fact(rows, "prompts with other roles", prompts.otherRoles() + " (the chat template must know them)");
        }
        report.pairs().ifPresent(pairs -> pairFacts(rows, pairs));
        report.tokens().ifPresent(tokens -> tokenFacts(rows, tokens));
        return rows;
    }

    private static void pairFacts(List<List<String>> rows, PairFigures pairs) {
        fact(rows, "pairs that training uses", pairs.usable() + " of " + pairs.pairs());
        fact(
                rows,
                "pairs with equal replies",
                pairs.equal() + " dropped; " + pairs.equalNormalised() + " more differ in case or punctuation only");
        fact(rows, "pairs with different prompts", pairs.differentPrompts() + " dropped");
        fact(rows, "pairs with an empty reply", pairs.empty());
        fact(rows, "repeated pairs", repeated(pairs.repeated(), pairs.repeatedNormalised()));
        fact(rows, "contradicting pairs", pairs.contradicting() + " (an earlier row has them in the other order)");
        fact(
                rows,
                "longer reply chosen",
                Numbers.percent(longer(pairs)) + " % of " + (pairs.usable() - pairs.equallyLong())
                        + " usable pairs whose replies differ in length");
    }

    private static double longer(PairFigures pairs) {
        int differ = pairs.usable() - pairs.equallyLong();
        return differ == 0 ? 0 : (double) pairs.chosenLonger() / differ;
    }

    private static void tokenFacts(List<List<String>> rows, TokenFigures tokens) {
        fact(rows, "longer than " + tokens.limit() + " tokens", tokens.tooLong());
        fact(rows, "refused by the template", first(tokens.notRendered(), tokens.firstNotRendered()));
        fact(
                rows,
                "pairs of the same tokens",
                tokens.alike() + " dropped; " + tokens.alikeTruncated() + " where replies are cut at "
                        + tokens.limit());
        fact(rows, "replies that merge with the prompt", first(tokens.merged(), tokens.firstMerged()));
        fact(rows, "rows that spell a special token", first(tokens.spelled(), tokens.firstSpelled()));
    }

    private static String first(int n, Optional<String> first) {
        return n
                + first.map(where -> "; the first: " + where.replace("\n", "\\n"))
                        .orElse("");
    }

    private static String repeated(int exact, int normalised) {
        return exact + "; " + normalised + " without case and punctuation";
    }

    private static void fact(List<List<String>> rows, String name, Object value) {
        rows.add(List.of(name, value.toString()));
    }

    private void overlaps(StringBuilder text) {
        if (report.overlaps().isEmpty()) {
            return;
        }
        List<List<String>> rows = new ArrayList<>();
        for (BenchmarkOverlap overlap : report.overlaps()) {
            rows.add(List.of(
                    overlap.benchmark(),
                    String.valueOf(overlap.prompts()),
                    String.valueOf(overlap.same()),
                    String.valueOf(overlap.sameThere()),
                    String.valueOf(overlap.shared()),
                    String.valueOf(overlap.sharedThere())));
        }
        text.append('\n')
                .append(new Table(
                                List.of(
                                        "benchmark",
                                        "prompts",
                                        "same: rows",
                                        "prompts hit",
                                        "13 words: rows",
                                        "prompts hit"),
                                rows)
                        .render());
        report.overlaps().forEach(overlap -> overlap.examples()
                .forEach(example -> text.append(example).append('\n')));
    }

    private void examples(StringBuilder text) {
        for (Example example : report.examples()) {
            text.append('\n').append(example.shape()).append('\n');
            if (example instanceof Example.Pair pair) {
                messages(text, pair.chosenPrompt());
                turn(text, "chosen", pair.chosen());
                turn(text, "rejected", pair.rejected());
            } else if (example instanceof Example.Prompt prompt) {
                messages(text, prompt.prompt());
            }
        }
    }

    private static void messages(StringBuilder text, Conversation conversation) {
        conversation.messages().forEach(message -> turn(text, message.role(), message.content()));
    }

    private static void turn(StringBuilder text, String role, String content) {
        text.append("  ")
                .append(role)
                .append(": ")
                .append(content.replace("\n", "\n    "))
                .append('\n');
    }

    private static String count(int n, String what) {
        return n + " " + what + (n == 1 ? "" : "s");
    }

    Map<String, Object> object() {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("file", file);
        object.put("rows", report.rows());
        object.put("shapes", report.shapes());
        object.put("columns", report.columns());
        object.put("refused", report.refused());
        object.put("refusals", report.refusals());
        object.put("prompts", promptObject());
        report.pairs().ifPresent(pairs -> object.put("pairs", pairObject(pairs)));
        report.tokens().ifPresent(tokens -> object.put("tokens", tokenObject(tokens)));
        object.put(
                "overlaps",
                report.overlaps().stream().map(DatasetTables::overlapObject).toList());
        object.put(
                "examples",
                report.examples().stream().map(DatasetTables::exampleObject).toList());
        return object;
    }

    private Map<String, Object> promptObject() {
        PromptFigures prompts = report.prompts();
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("characters", spread(prompts.characters()));
        object.put("multi_turn", prompts.multiTurn());
        object.put("most_messages", prompts.mostMessages());
        object.put("with_system", prompts.withSystem());
        object.put("different_systems", prompts.differentSystems());
        object.put("other_roles", prompts.otherRoles());
        object.put("empty", prompts.empty());
        object.put("repeated", prompts.repeated());
        object.put("repeated_normalised", prompts.repeatedNormalised());
        return object;
    }

    private static Map<String, Object> pairObject(PairFigures pairs) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("pairs", pairs.pairs());
        object.put("usable", pairs.usable());
        object.put("equal", pairs.equal());
        object.put("equal_normalised", pairs.equalNormalised());
        object.put("different_prompts", pairs.differentPrompts());
        object.put("empty", pairs.empty());
        object.put("repeated", pairs.repeated());
        object.put("repeated_normalised", pairs.repeatedNormalised());
        object.put("contradicting", pairs.contradicting());
        object.put("chosen_characters", spread(pairs.chosen()));
        object.put("rejected_characters", spread(pairs.rejected()));
        object.put("chosen_longer", pairs.chosenLonger());
        object.put("equally_long", pairs.equallyLong());
        object.put("longer_chosen_frac", longer(pairs));
        return object;
    }

    private static Map<String, Object> tokenObject(TokenFigures tokens) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("prompts", spread(tokens.prompts()));
        object.put("chosen", spread(tokens.chosen()));
        object.put("rejected", spread(tokens.rejected()));
        object.put("limit", tokens.limit());
        object.put("too_long", tokens.tooLong());
        object.put("not_rendered", tokens.notRendered());
        tokens.firstNotRendered().ifPresent(first -> object.put("first_not_rendered", first));
        object.put("alike", tokens.alike());
        object.put("alike_cut", tokens.alikeTruncated());
        object.put("prefix_merged", tokens.merged());
        tokens.firstMerged().ifPresent(first -> object.put("first_prefix_merged", first));
        object.put("spelled_special_tokens", tokens.spelled());
        tokens.firstSpelled().ifPresent(first -> object.put("first_spelled", first));
        return object;
    }

    private static Map<String, Object> overlapObject(BenchmarkOverlap overlap) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("benchmark", overlap.benchmark());
        object.put("prompts", overlap.prompts());
        object.put("same_rows", overlap.same());
        object.put("same_prompts", overlap.sameThere());
        object.put("shared_rows", overlap.shared());
        object.put("shared_prompts", overlap.sharedThere());
        object.put("examples", overlap.examples());
        return object;
    }

    private static Map<String, Object> exampleObject(Example example) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("shape", example.shape());
        if (example instanceof Example.Pair pair) {
            object.put("prompt", messageObjects(pair.chosenPrompt()));
            object.put("chosen", pair.chosen());
            object.put("rejected", pair.rejected());
        } else if (example instanceof Example.Prompt prompt) {
            object.put("prompt", messageObjects(prompt.prompt()));
        }
        return object;
    }

    private static List<Map<String, String>> messageObjects(Conversation conversation) {
        return conversation.messages().stream()
                .map(message -> Map.of("role", message.role(), "content", message.content()))
                .toList();
    }

    private static Map<String, Object> spread(LengthSpread spread) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("count", spread.count());
        object.put("min", spread.min());
        object.put("median", spread.median());
        object.put("p95", spread.p95());
        object.put("max", spread.max());
        return object;
    }
}
