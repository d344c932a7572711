package dev.flipside.cli.inspect;

import dev.flipside.config.ChatTemplateConfig;
import dev.flipside.model.RewardModel;
import dev.flipside.model.ScoredRow;
import dev.flipside.text.Rendered;
import dev.flipside.text.Renderer;
import dev.flipside.train.Renderers;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** How a model reads what a run gives it: chat template, beginnings, borders, special tokens, padding. */
final class ReaderInspection {
    /** Texts that a probe computes: enough for several lengths, few enough for a large model on a CPU. */
    static final int PROBED = 8;

    private final String reader;
    private final Renderer renderer;
    private final Findings findings;

    /** @param reader as findings name it: policy, reward model */
    ReaderInspection(String reader, Renderer renderer, Findings findings) {
        this.reader = reader;
        this.renderer = renderer;
        this.findings = findings;
    }

    /**
     * Whether the configuration has the model read its input otherwise than its own directory says.
     *
     * @param section of the configuration that does
     */
    void template(String section, Path dir, ChatTemplateConfig config) {
        Renderers.departure(dir, config)
                .ifPresent(line -> findings.check(reader + ": chat template", CheckStatus.NOTE, section + "." + line));
    }

    /** Shows a conversation as a reward model reads it, with the positions of its two numbers. */
    void example(String name, Rendered rendered) {
        Map<Integer, String> marks = new HashMap<>();
        rendered.valuePosition().ifPresent(at -> marks.put(at, "value"));
        marks.merge(rendered.rewardPosition(), "reward", (a, b) -> a + ", " + b);
        example(name, rendered.ids(), marks);
    }

    /** Shows token ids, with what is marked among them. */
    void example(String name, int[] ids, Map<Integer, String> marks) {
        findings.example(name, renderer.show(ids, marks));
    }

    /** Rendering has refused doubled BOS tokens and broken templates before this is reached. */
    void renderings(List<Rendered> rendered, Optional<String> firstMerged) {
        beginnings(rendered.stream().map(Rendered::ids).toList());
        long merged = rendered.stream().filter(Rendered::merges).count();
        findings.check(
                reader + ": prompt is a prefix",
                merged == 0 && firstMerged.isEmpty() ? CheckStatus.OK : CheckStatus.NOTE,
                rendered.size() - merged + " of " + rendered.size() + " tokenise as prompt, then reply"
                        + firstMerged
                                .map(
                                        first -> "; others merge, first " + first
                                                + ": the reward is read from the whole text's tokens, as in transformers and TRL, the value from those of the prompt alone")
                                .orElse(""));
    }

    /** No rendering begins with two BOS tokens, that was refused; but one may be missing. */
    void beginnings(List<int[]> rendered) {
        long without = rendered.stream().filter(renderer::lacksBos).count();
        findings.check(
                reader + ": one BOS at most",
                without == 0 ? CheckStatus.OK : CheckStatus.NOTE,
                "in all " + rendered.size() + " renderings looked at"
                        + (without == 0
                                ? ""
                                : "; " + without
                                        + " begin without one, though the tokenizer puts one before a plain text: the chat template leaves it out, here as in transformers"));
    }

    /** Texts of the run's own data that spell special tokens. */
    void spelledSpecialTokens(List<String> texts) {
        List<String> spelled = texts.stream()
                .flatMap(text -> renderer.spelledSpecialTokens(text).stream().limit(1))
                .toList();
        findings.check(
                reader + ": special tokens in texts",
                spelled.isEmpty() ? CheckStatus.OK : CheckStatus.NOTE,
                spelled.isEmpty()
                        ? "none in the " + texts.size() + " looked at"
                        : spelled.size() + " of " + texts.size() + " texts spell one, such as " + spelled.get(0)
                                + ", which becomes a control token, as in transformers; take it out of texts that you do not trust");
    }

    /**
     * What padding does to a reward model, and its padding token to the texts that fit.
     *
     * @param limit tokens of a text that fits
     */
    void padding(RewardModel model, List<Rendered> rendered, int limit) {
        List<ScoredRow> rows = rendered.stream()
                .map(ScoredRow::of)
                .filter(row -> row.longest() <= limit)
                .toList();
        if (rows.isEmpty()) {
            return;
        }
        int ending = model.rowsEndingInPadding(rows);
        findings.check(
                reader + ": padding token",
                ending == 0 ? CheckStatus.OK : CheckStatus.NOTE,
                ending == 0
                        ? "ends no rendering"
                        : "ends " + ending + " of " + rows.size()
                                + " renderings: their reward is read before it, as transformers does; set another pad_token_id in the model's config.json");
        padding(PaddingProbe.gap(model, rows.subList(0, Math.min(PROBED, rows.size()))));
    }

    /** @param gap as {@link PaddingProbe} measured it */
    void padding(double gap) {
        boolean invariant = gap <= PaddingProbe.LIMIT;
        findings.check(
                reader + ": padding invariance",
                invariant ? CheckStatus.OK : CheckStatus.PROBLEM,
                String.format(
                        Locale.ROOT,
                        "alone, in a batch and padded differ by at most %.1e in float32 (limit %.0e)%s",
                        gap,
                        PaddingProbe.LIMIT,
                        invariant ? "" : "; the weights are damaged or too large for float32"));
    }
}
