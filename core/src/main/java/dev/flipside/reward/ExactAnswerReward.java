package dev.flipside.reward;

import java.math.BigDecimal;
import java.text.Normalizer;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * {@code exact_answer}: 1 when the answer equals the reference in a data column, otherwise 0.
 *
 * <p>Both sides are compared after Unicode NFKC, lower case, joined white space and the loss of a final full stop; where both are numbers, by value ({@code 1,200.0} is
 * {@code 1200}, {@code $} and {@code %} signs aside). A reference that is null cannot be judged: NaN.
 *
 * @param column option {@code column}, default {@code answer}: where the reference stands
 * @param pattern option {@code pattern}, optional: the answer is the first group (without groups, the whole) of its last match in the completion; no match is 0
 * @param columnPattern option {@code column_pattern}, optional: the same for the reference, where no match is NaN
 */
record ExactAnswerReward(String column, Optional<Pattern> pattern, Optional<Pattern> columnPattern)
        implements RewardFunction {
    private static final int FLAGS = Pattern.DOTALL | Pattern.MULTILINE;
    private static final Pattern NUMBER = Pattern.compile("[+-]?(\\d{1,3}(,\\d{3})+|\\d{1,400})?(\\.\\d{1,400})?");

    ExactAnswerReward() {
        this("answer", Optional.empty(), Optional.empty());
    }

    @Override
    public String name() {
        return "exact_answer";
    }

    @Override
    public RewardFunction configure(Map<String, Object> given) {
        Options options = new Options(name(), given);
        ExactAnswerReward configured = new ExactAnswerReward(
                options.text("column", column),
                options.optionalPattern("pattern", FLAGS),
                options.optionalPattern("column_pattern", FLAGS));
        options.refuseOthers();
        return configured;
    }

    @Override
    public double[] score(List<Sample> samples) {
        return samples.stream().mapToDouble(this::reward).toArray();
    }

    private double reward(Sample sample) {
        Optional<String> reference = Optional.ofNullable(
                        sample.column(name(), column, "name the one with the answers as option 'column'"))
                .map(String::valueOf);
        if (columnPattern.isPresent()) {
            reference = reference.flatMap(text -> Matching.lastMatch(columnPattern.get(), text));
        }
        if (reference.isEmpty()) {
            return Double.NaN;
        }
        Optional<String> answer = pattern.isPresent()
                ? Matching.lastMatch(pattern.get(), sample.completion())
                : Optional.of(sample.completion());
        return answer.isPresent() && same(answer.get(), reference.get()) ? 1 : 0;
    }

    private static boolean same(String answer, String reference) {
        String a = normalised(answer);
        String b = normalised(reference);
        Optional<BigDecimal> x = number(a);
        Optional<BigDecimal> y = number(b);
        return x.isPresent() && y.isPresent() ? x.get().compareTo(y.get()) == 0 : a.equals(b);
    }

    private static String normalised(String text) {
        String joined = Normalizer.normalize(text, Normalizer.Form.NFKC)
                .toLowerCase(Locale.ROOT)
                .strip()
                .replaceAll("\\s+", " ");
        return joined.endsWith(".") ? joined.substring(0, joined.length() - 1).stripTrailing() : joined;
    }

    private static Optional<BigDecimal> number(String text) {
        String bare = text.replaceAll("^\\$ ?| ?%$", "");
        boolean digits = bare.chars().anyMatch(c -> c >= '0' && c <= '9');
        return digits && NUMBER.matcher(bare).matches()
                ? Optional.of(new BigDecimal(bare.replace(",", "")))
                : Optional.empty();
    }
}
