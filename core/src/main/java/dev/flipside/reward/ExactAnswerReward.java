package dev.flipside.reward;

import java.math.BigDecimal;
import java.text.Normalizer;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code exact_answer}: 1 when the answer equals the reference in a data column, otherwise 0.
 *
 * <p>Both sides are compared after Unicode NFKC, lower case, joined white space and the loss of a final full stop;
 * where both are numbers, by value ({@code 1,200.0} is {@code 1200}, {@code $} and {@code %} signs aside; a number of
 * the file is its value, {@code 1.5e7} and {@code 15000000.0} are {@code 15000000}). A row without a reference cannot
 * be judged: NaN.
 *
 * @param column option {@code column}, default {@code answer}: where the reference stands
 * @param pattern option {@code pattern}, optional: the answer is the first group (without groups, the whole) of its
 *     last match in the completion; no match is 0
 * @param columnPattern option {@code column_pattern}, optional: the same for the reference, where no match is NaN
 */
record ExactAnswerReward(String column, Optional<Pattern> pattern, Optional<Pattern> columnPattern)
        implements RewardFunction {
    private static final RewardOption<String> COLUMN =
            RewardOption.of("column", OptionType.TEXT, "answer", "The column of the data with the right answer.");
    private static final RewardOption<Pattern> PATTERN = RewardOption.optional(
            "pattern",
            OptionType.PATTERN,
            "The answer is the first group, or the whole, of its last match in the completion; no match is 0.");
    private static final RewardOption<Pattern> COLUMN_PATTERN = RewardOption.optional(
            "column_pattern", OptionType.PATTERN, "The same for the column, where no match cannot be judged.");
    private static final Pattern NUMBER = Pattern.compile(
            "[+-]?(?=\\.?\\d)(\\d{1,3}(,\\d{3})+|\\d{1,400})?(\\.\\d{1,400})?(?<exponent>e[+-]?\\d{1,4})?");

    ExactAnswerReward() {
        this(COLUMN.standard().orElseThrow(), Optional.empty(), Optional.empty());
    }

    @Override
    public String name() {
        return "exact_answer";
    }

    @Override
    public String summary() {
        return "1 when the answer equals the one in a data column, by its words or by its value, otherwise 0.";
    }

    @Override
    public List<RewardOption<?>> options() {
        return List.of(COLUMN, PATTERN, COLUMN_PATTERN);
    }

    @Override
    public RewardFunction configure(Map<String, Object> given) {
        RewardOptions options = new RewardOptions(this, given);
        ExactAnswerReward configured =
                new ExactAnswerReward(options.get(COLUMN), options.find(PATTERN), options.find(COLUMN_PATTERN));
        options.end();
        return configured;
    }

    @Override
    public double[] score(List<Sample> samples) {
        return samples.stream().mapToDouble(this::reward).toArray();
    }

    @Override
    public List<String> columns() {
        return List.of(column);
    }

    @Override
    public boolean judges(Map<String, Object> columns) {
        return reference(columns).isPresent();
    }

    private Optional<Reference> reference(Map<String, Object> columns) {
        Optional<Reference> reference = Reference.in(name(), column, columns);
        return columnPattern.isPresent()
                ? reference.flatMap(whole -> Matching.lastMatch(columnPattern.get(), whole.text())
                        .map(part -> new Reference(part, whole.decimal())))
                : reference;
    }

    private double reward(Sample sample) {
        Optional<Reference> reference = reference(sample.columns());
        if (reference.isEmpty()) {
            return Double.NaN;
        }
        Optional<String> answer = pattern.isPresent()
                ? Matching.lastMatch(pattern.get(), sample.completion())
                : Optional.of(sample.completion());
        return answer.isPresent() && same(answer.get(), reference.get()) ? 1 : 0;
    }

    private static boolean same(String answer, Reference reference) {
        String a = normalised(answer);
        String b = normalised(reference.text());
        Optional<BigDecimal> y = number(b, true);
        // Where the file may have an exponent the answer may too; beside "1000" the text "1e3" stays a text.
        boolean exponent = reference.decimal() || y.isPresent() && b.indexOf('e') >= 0;
        Optional<BigDecimal> x = number(a, exponent);
        return x.isPresent() && y.isPresent() ? x.get().compareTo(y.get()) == 0 : a.equals(b);
    }

    private static String normalised(String text) {
        String joined = Normalizer.normalize(text, Normalizer.Form.NFKC)
                .toLowerCase(Locale.ROOT)
                .strip()
                .replaceAll("\\s+", " ");
        return joined.endsWith(".") ? joined.substring(0, joined.length() - 1).stripTrailing() : joined;
    }

    private static Optional<BigDecimal> number(String text, boolean exponent) {
        String bare = text.replaceAll("^\\$ ?| ?%$", "");
        Matcher number = NUMBER.matcher(bare);
        return number.matches() && (exponent || number.group("exponent") == null)
                ? Optional.of(new BigDecimal(bare.replace(",", "")))
                : Optional.empty();
    }
}
