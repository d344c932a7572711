package dev.flipside.eval.benchmark;

import dev.flipside.data.Row;
import dev.flipside.text.Conversation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;

/**
 * RM-Bench (arXiv 2410.16184): three right and three wrong answers, each concise, detailed, and detailed in Markdown.
 * Easy compares a right answer of fancier style with a plainer wrong one, Normal answers of one style, Hard a plainer
 * right one with a fancier wrong one. A domain's score is the mean of the three levels, the overall score the mean of
 * the domains; the two safety files are one domain (THU-KEG/RM-Bench, scripts/utils.py).
 */
record RmBench() implements BenchmarkRule {
    private static final int STYLES = 3;
    private static final List<String> LEVELS = List.of("easy", "normal", "hard");
    private static final List<String> DOMAINS = List.of("chat", "math", "code", "safety");
    private static final List<String> SUBSETS = List.of("chat", "math", "code", "safety-refuse", "safety-response");
    private static final String WHOLE = "total_dataset.json";
    private static final String SUFFIX = "_filtered";

    @Override
    public String shape() {
        return "id, prompt, chosen (3 texts), rejected (3 texts), domain or a file named DOMAIN_filtered";
    }

    @Override
    public String tieRule() {
        return "a tie is wrong";
    }

    @Override
    public BenchmarkItem item(Path file, Row row) {
        List<String> chosen = BenchmarkItem.texts(row, "chosen");
        List<String> rejected = BenchmarkItem.texts(row, "rejected");
        if (chosen.size() != STYLES || rejected.size() != STYLES) {
            throw row.error("has " + chosen.size() + " chosen and " + rejected.size()
                    + " rejected answers; RM-Bench has three of each: concise, detailed, detailed in Markdown");
        }
        return BenchmarkItem.of(
                BenchmarkItem.id(row, "id"),
                subset(file, row),
                List.of(),
                Conversation.ofPrompt(row.requireText("prompt")),
                chosen,
                rejected);
    }

    private static String subset(Path file, Row row) {
        String name = file.getFileName().toString();
        int end = name.indexOf(SUFFIX);
        String subset = row.has("domain") ? row.requireText("domain") : end < 0 ? "" : name.substring(0, end);
        if (!SUBSETS.contains(subset)) {
            throw row.error("does not say its domain: it has "
                    + (subset.isEmpty() ? "no column 'domain'" : "'" + subset + "'") + "; RM-Bench's are " + SUBSETS
                    + ", in that column or in a file name such as chat_filtered.json");
        }
        return subset;
    }

    /** The authors' folder holds every prompt twice: by domain, and all together. */
    @Override
    public List<Path> files(List<Path> found) {
        List<Path> parts = found.stream()
                .filter(file -> !file.getFileName().toString().equals(WHOLE))
                .toList();
        return parts.isEmpty() ? found : parts;
    }

    @Override
    public List<Unit> units(List<ScoredItem> items) {
        return items.stream()
                .map(item -> Unit.of(item, item.subset(), levels(item)))
                .toList();
    }

    /** How much of each level's comparisons the rewards order as labelled. */
    private static double[] levels(ScoredItem item) {
        double[] won = new double[LEVELS.size()];
        double[] of = new double[LEVELS.size()];
        for (AnswerPair pair : item.comparisons()) {
            int wrongStyle = pair.worse() - STYLES;
            int level = pair.better() > wrongStyle ? 0 : pair.better() == wrongStyle ? 1 : 2;
            won[level] += item.margin(pair) > 0 ? 1 : 0;
            of[level]++;
        }
        for (int level = 0; level < won.length; level++) {
            won[level] /= of[level];
        }
        return won;
    }

    @Override
    public List<Metric> metrics(Means means) {
        Map<String, List<Metric>> levels = new LinkedHashMap<>();
        for (String domain : DOMAINS) {
            List<String> subsets =
                    means.groups().stream().filter(g -> g.startsWith(domain)).toList();
            if (!subsets.isEmpty()) {
                List<Metric> of = new ArrayList<>();
                for (int level = 0; level < LEVELS.size(); level++) {
                    of.add(Metric.pooled(domain + ": " + LEVELS.get(level), means, subsets, level));
                }
                levels.put(domain, of);
            }
        }
        List<Metric> domains = new ArrayList<>();
        levels.forEach((domain, of) -> domains.add(
                new Metric(domain, of.get(0).count(), Metric.mean(domain, of).value())));
        List<Metric> all = new ArrayList<>();
        all.add(Metric.mean("overall", domains));
        for (int level = 0; level < LEVELS.size(); level++) {
            int l = level;
            ToDoubleFunction<List<Metric>> value = of -> of.get(l).value();
            all.add(new Metric(
                    LEVELS.get(level),
                    all.get(0).count(),
                    levels.values().stream().mapToDouble(value).average().orElse(Double.NaN)));
        }
        all.addAll(domains);
        levels.values().forEach(all::addAll);
        return all;
    }

    @Override
    public List<String> missing(Set<String> groups) {
        return SUBSETS.stream().filter(subset -> !groups.contains(subset)).toList();
    }
}
