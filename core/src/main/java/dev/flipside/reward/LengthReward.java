package dev.flipside.reward;

import java.util.List;
import java.util.Map;

/**
 * {@code length}: the soft punishment of overlong answers, eq. 13 of DAPO (arXiv 2503.14476).
 *
 * <p>With n tokens, end token included: 0 up to {@code max_completion_length - cache}, then falling linearly to -1 at
 * {@code max_completion_length}, and -1 beyond.
 *
 * @param maxCompletionLength option {@code max_completion_length}: L_max, in tokens
 * @param cache option {@code cache}: the width of the soft zone, in tokens
 */
record LengthReward(int maxCompletionLength, int cache) implements RewardFunction {
    private static final RewardOption<Integer> LONGEST = RewardOption.required(
            "max_completion_length", OptionType.WHOLE_NUMBER, "Tokens from which on the reward is -1.");
    private static final RewardOption<Integer> CACHE = RewardOption.of(
            "cache", OptionType.WHOLE_NUMBER, 0, "Tokens before that over which it falls; 0 is a hard limit.");

    @Override
    public String name() {
        return "length";
    }

    @Override
    public String summary() {
        return "Soft punishment of overlong answers (DAPO): 0, then falling to -1 at a length in tokens.";
    }

    @Override
    public List<RewardOption<?>> options() {
        return List.of(LONGEST, CACHE);
    }

    @Override
    public RewardFunction configure(Map<String, Object> given) {
        RewardOptions options = new RewardOptions(this, given);
        int longest = options.get(LONGEST);
        int soft = options.get(CACHE);
        options.require(longest >= 1, "must be at least 1, not " + longest, LONGEST);
        options.require(
                soft >= 0 && soft <= longest,
                "must be between 0 and max_completion_length, not " + soft,
                CACHE,
                LONGEST);
        options.end();
        return new LengthReward(longest, soft);
    }

    @Override
    public double[] score(List<Sample> samples) {
        return samples.stream().mapToDouble(s -> reward(s.completionTokens())).toArray();
    }

    private double reward(int tokens) {
        int free = maxCompletionLength - cache;
        if (tokens <= free) {
            return 0;
        }
        return tokens <= maxCompletionLength ? (double) (free - tokens) / cache : -1;
    }
}
