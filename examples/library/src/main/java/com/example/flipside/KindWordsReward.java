package com.example.flipside;

import dev.flipside.reward.OptionType;
import dev.flipside.reward.RewardFunction;
import dev.flipside.reward.RewardOption;
import dev.flipside.reward.RewardOptions;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * {@code kind_words}: the share of a completion's words that are kind, between 0 and 1.
 *
 * <p>Named in {@code META-INF/services/dev.flipside.reward.RewardFunction}, so the command line finds it on its class path, and {@code flipside rewards} lists it:
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
    private static final RewardOption<List<String>> WORDS = RewardOption.of(
            "words", OptionType.TEXTS, List.of("kind", "gentle", "warm", "thanks"), "What counts as kind.");

    private final Set<String> words;

    /** For {@link java.util.ServiceLoader}. */
    public KindWordsReward() {
        this(Set.copyOf(WORDS.standard().orElseThrow()));
    }

    private KindWordsReward(Set<String> words) {
        this.words = words;
    }

    @Override
    public String name() {
        return "kind_words";
    }

    @Override
    public String summary() {
        return "The share of a completion's words that are kind.";
    }

    @Override
    public List<RewardOption<?>> options() {
        return List.of(WORDS);
    }

    @Override
    public RewardFunction configure(Map<String, Object> given) {
        RewardOptions options = new RewardOptions(this, given);
        Set<String> chosen = Set.copyOf(options.get(WORDS));
        options.end();
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
