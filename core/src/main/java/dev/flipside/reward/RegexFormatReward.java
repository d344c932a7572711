package dev.flipside.reward;

import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * {@code regex_format}: 1 when the answer's beginning matches a regular expression, otherwise 0.
 *
 * <p>The match starts at the first character, as in TRL's format reward; end the expression with {@code \z} to bind the
 * end too.
 *
 * @param pattern option {@code pattern}
 */
record RegexFormatReward(Pattern pattern) implements RewardFunction {
    private static final RewardOption<Pattern> PATTERN = RewardOption.required(
            "pattern",
            OptionType.PATTERN,
            "What the answer begins with, in Java's syntax; `\\z` at its end binds the answer's end too. The dot matches line breaks.");

    RegexFormatReward() {
        this(PATTERN.type().neutral());
    }

    @Override
    public String name() {
        return "regex_format";
    }

    @Override
    public String summary() {
        return "1 when the answer's beginning matches a regular expression, otherwise 0.";
    }

    @Override
    public List<RewardOption<?>> options() {
        return List.of(PATTERN);
    }

    @Override
    public RewardFunction configure(Map<String, Object> given) {
        RewardOptions options = new RewardOptions(this, given);
        Pattern chosen = options.get(PATTERN);
        options.end();
        return new RegexFormatReward(chosen);
    }

    @Override
    public double[] score(List<Sample> samples) {
        return samples.stream()
                .mapToDouble(s -> Matching.startsWith(pattern, s.completion()) ? 1 : 0)
                .toArray();
    }
}
