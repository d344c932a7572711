package com.example.flipside;

import dev.flipside.reward.RewardFunction;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * {@code story_judge}: how much a programmatic judge likes a sentence of a story: a point when something joyful happens in it, and up to a point for saying it in
 * many different words. It made the pairs of the stories examples, so it is also their gold reward: {@code eval.gold: {name: story_judge}}.
 */
public final class StoryJudge implements RewardFunction {
    private static final Set<String> JOY = Set.of(
            "happy", "smiled", "smile", "laughed", "fun", "hugged", "hug", "loved", "love", "friend", "friends", "play",
            "played", "excited", "proud");
    /** From here on more words earn nothing. */
    private static final int ENOUGH_WORDS = 16;

    @Override
    public String name() {
        return "story_judge";
    }

    @Override
    public double[] score(List<Sample> samples) {
        return samples.stream().mapToDouble(s -> score(s.completion())).toArray();
    }

    double score(String sentence) {
        String[] words = Arrays.stream(sentence.toLowerCase(Locale.ROOT).split("[^a-z]+"))
                .filter(word -> !word.isEmpty())
                .distinct()
                .toArray(String[]::new);
        boolean joyful = Arrays.stream(words).anyMatch(JOY::contains);
        return (joyful ? 1 : 0) + Math.min(words.length, ENOUGH_WORDS) / (double) ENOUGH_WORDS;
    }
}
