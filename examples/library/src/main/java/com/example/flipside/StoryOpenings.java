package com.example.flipside;

import java.util.ArrayList;
import java.util.List;

/** First sentences of stories, as TinyStories tells them. */
final class StoryOpenings {
    private static final List<String> NAMES = List.of(
            "Lily", "Tom", "Sara", "Ben", "Mia", "Max", "Anna", "Tim", "Lucy", "Sam", "Amy", "Jack", "Emma", "Leo",
            "Kate", "Bob");
    private static final List<String> SENTENCES = List.of(
            "Once upon a time, there was a little child named %s.",
            "One day, %s went to the park with mom.",
            "%s had a new toy car.",
            "%s saw a big dog in the garden.",
            "%s found a red ball under the tree.",
            "It was raining, and %s was sad.",
            "%s wanted to make a cake with dad.",
            "%s heard a loud noise in the night.",
            "%s and a small bird sat on the grass.",
            "Mom gave %s a shiny box.",
            "%s lost the blue hat at school.",
            "The cat did not want to play with %s.");

    private StoryOpenings() {}

    /** All names in all sentences, the names of one sentence apart from each other. */
    static List<String> all() {
        List<String> openings = new ArrayList<>();
        for (String name : NAMES) {
            for (String sentence : SENTENCES) {
                openings.add(sentence.formatted(name));
            }
        }
        return openings;
    }
}
