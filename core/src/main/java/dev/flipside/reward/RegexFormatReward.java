package dev.flipside.reward;

import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * {@code regex_format}: 1 when the answer's beginning matches a regular expression, otherwise 0.
 *
 * <p>The match starts at the first character, as in TRL's format reward; end the expression with {@code \z} to bind the
 * end too. The dot matches line breaks, and {@code ^} and {@code $} match at lines.
 *
 * @param pattern option {@code pattern}, required, in the syntax of {@link Pattern}
 */
record RegexFormatReward(Pattern pattern) implements RewardFunction {
    private static final int FLAGS = Pattern.DOTALL | Pattern.MULTILINE;

    RegexFormatReward() {
        this(Pattern.compile("", FLAGS));
    }

    @Override
    public String name() {
        return "regex_format";
    }

    @Override
    public RewardFunction configure(Map<String, Object> given) {
        Options options = new Options(name(), given);
        Pattern chosen = options.pattern("pattern", FLAGS);
        options.refuseOthers();
        return new RegexFormatReward(chosen);
    }

    @Override
    public double[] score(List<Sample> samples) {
        return samples.stream()
                .mapToDouble(s -> Matching.startsWith(pattern, s.completion()) ? 1 : 0)
                .toArray();
    }
}
