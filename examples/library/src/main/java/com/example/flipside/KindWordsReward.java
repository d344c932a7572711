package com.example.flipside;

import dev.flipside.config.UserError;
import dev.flipside.reward.RewardFunction;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * {@code kind_words}: the share of a completion's words that are kind, between 0 and 1.
 *
 * <p>Named in {@code META-INF/services/dev.flipside.reward.RewardFunction}, so the command line finds it on its class path:
 *
 * <pre>{@code
 * FLIPSIDE_CLASSPATH=examples/library/target/classes ./flipside train my.yaml
 *
 * reward_model:
 *   functions:
 *     - {name: kind_words, weight: 0.5, words: [thanks, please, gladly]}
 * }</pre>
 */
public final class KindWordsReward implements RewardFunction {
    /** What counts as kind when option {@code words} is not given. */
    static final Set<String> DEFAULT_WORDS = Set.of("kind", "gentle", "warm", "thanks");

    private final Set<String> words;

    /** For {@link java.util.ServiceLoader}. */
    public KindWordsReward() {
        this(DEFAULT_WORDS);
    }

    private KindWordsReward(Set<String> words) {
        this.words = words;
    }

    @Override
    public String name() {
        return "kind_words";
    }

    @Override
    public RewardFunction configure(Map<String, Object> options) {
        if (options.isEmpty()) {
            return this;
        }
        if (!options.keySet().equals(Set.of("words"))
                || !(options.get("words") instanceof List<?> given)
                || given.isEmpty()) {
            throw new UserError(
                    "Reward function 'kind_words' has one option, words: a list such as [thanks, please]; these were given: "
                            + options + ".");
        }
        Set<String> chosen = new LinkedHashSet<>();
        given.forEach(word -> chosen.add(String.valueOf(word)));
        return new KindWordsReward(chosen);
    }

    @Override
    public double[] score(List<Sample> samples) {
        return samples.stream()
                .mapToDouble(sample -> share(sample.completion()))
                .toArray();
    }

    double share(String text) {
        String[] said = text.strip().split("\\s+");
        int kind = 0;
        for (String word : said) {
            kind += words.contains(word) ? 1 : 0;
        }
        return (double) kind / said.length;
    }
}
