package dev.flipside.reward;

import java.util.List;
import java.util.Map;

/**
 * {@code length}: the soft punishment of overlong answers, eq. 13 of DAPO (arXiv 2503.14476).
 *
 * <p>With n tokens, end token included: 0 up to {@code max_completion_length - cache}, then falling linearly to -1 at
 * {@code max_completion_length}, and -1 beyond.
 *
 * @param maxCompletionLength option {@code max_completion_length}, required: L_max, in tokens
 * @param cache option {@code cache}, default 0: the width of the soft zone, in tokens; 0 is a hard limit
 */
record LengthReward(int maxCompletionLength, int cache) implements RewardFunction {
    @Override
    public String name() {
        return "length";
    }

    @Override
    public RewardFunction configure(Map<String, Object> given) {
        Options options = new Options(name(), given);
        int longest = options.integer("max_completion_length");
        int soft = options.integer("cache", 0);
        options.refuseOthers();
        if (longest < 1) {
            throw options.error("max_completion_length", "must be at least 1, not " + longest);
        }
        if (soft < 0 || soft > longest) {
            throw options.error("cache", "must be between 0 and max_completion_length, not " + soft);
        }
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
