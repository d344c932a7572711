package dev.flipside.reward;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * {@code repetition}: a penalty on repeated n-grams of tokens, appendix C.2 of "Demystifying Long Chain-of-Thought
 * Reasoning" (arXiv 2502.03373).
 *
 * <p>{@code (1 - distinct n-grams / n-grams) * max_penalty}; 0 for an answer shorter than one n-gram.
 *
 * @param ngramSize option {@code ngram_size}, default 3: n, in tokens
 * @param maxPenalty option {@code max_penalty}, default -1: what total repetition approaches; at most 0
 */
record RepetitionReward(int ngramSize, double maxPenalty) implements RewardFunction {
    @Override
    public String name() {
        return "repetition";
    }

    @Override
    public RewardFunction configure(Map<String, Object> given) {
        Options options = new Options(name(), given);
        int size = options.integer("ngram_size", 3);
        double penalty = options.number("max_penalty", -1);
        options.refuseOthers();
        if (size < 1) {
            throw options.error("ngram_size", "must be at least 1, not " + size);
        }
        if (penalty > 0) {
            throw options.error("max_penalty", "must be at most 0, not " + penalty);
        }
        return new RepetitionReward(size, penalty);
    }

    @Override
    public double[] score(List<Sample> samples) {
        return samples.stream().mapToDouble(s -> reward(s.completionIds())).toArray();
    }

    private double reward(int[] ids) {
        int total = ids.length - ngramSize + 1;
        if (total < 1) {
            return 0;
        }
        Set<List<Integer>> distinct = new HashSet<>();
        List<Integer> boxed = Arrays.stream(ids).boxed().toList();
        for (int at = 0; at < total; at++) {
            distinct.add(boxed.subList(at, at + ngramSize));
        }
        double repeated = 1 - (double) distinct.size() / total;
        return repeated == 0 ? 0 : repeated * maxPenalty;
    }
}
