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
    private static final RewardOption<Integer> SIZE =
            RewardOption.of("ngram_size", OptionType.WHOLE_NUMBER, 3, "Tokens of an n-gram.");
    private static final RewardOption<Double> PENALTY =
            RewardOption.of("max_penalty", OptionType.NUMBER, -1.0, "What total repetition approaches; at most 0.");

    @Override
    public String name() {
        return "repetition";
    }

    @Override
    public String summary() {
        return "A penalty on repeated n-grams of tokens: the share of them that is repeated, times `max_penalty`.";
    }

    @Override
    public List<RewardOption<?>> options() {
        return List.of(SIZE, PENALTY);
    }

    @Override
    public RewardFunction configure(Map<String, Object> given) {
        RewardOptions options = new RewardOptions(this, given);
        int size = options.get(SIZE);
        double penalty = options.get(PENALTY);
        options.require(size >= 1, "must be at least 1, not " + size, SIZE);
        options.require(penalty <= 0, "must be at most 0, not " + penalty, PENALTY);
        options.end();
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
