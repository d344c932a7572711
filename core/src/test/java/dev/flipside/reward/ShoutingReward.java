package dev.flipside.reward;

import java.util.List;

/**
 * A user's own function, found through META-INF/services: the share of upper-case characters; an empty answer cannot be
 * judged.
 */
public final class ShoutingReward implements RewardFunction {
    @Override
    public String name() {
        return "shouting";
    }

    @Override
    public double[] score(List<Sample> samples) {
        return samples.stream()
                .mapToDouble(s -> s.completion()
                        .chars()
                        .mapToDouble(c -> Character.isUpperCase(c) ? 1 : 0)
                        .average()
                        .orElse(Double.NaN))
                .toArray();
    }
}
