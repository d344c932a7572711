package dev.flipside.task;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Beginnings of children's stories, made by rule: a child with a name and a thing of its own, which the story may come
 * back to. The words are those of TinyStories (Eldan and Li, arXiv 2305.07759), which tiny models are trained on.
 */
final class StoryPrompts {
    private static final List<String> GIRLS =
            List.of("Lily", "Sue", "Mia", "Anna", "Lucy", "Amy", "Sara", "Emma", "Jane", "Lisa", "Mary", "Kitty");
    private static final List<String> BOYS =
            List.of("Tom", "Tim", "Ben", "Max", "Sam", "Jack", "Bob", "Joe", "Billy", "Jim", "Leo", "Fred");
    private static final List<String> THINGS = List.of(
            "ball", "car", "doll", "boat", "hat", "kite", "book", "box", "cup", "bag", "toy", "drum", "bear", "truck",
            "flower", "stick", "bell", "cake", "train", "shirt", "bike", "stone", "shell", "balloon");
    private static final List<String> LOOKS = List.of("red", "big", "blue", "little", "new", "pretty", "shiny");
    private static final List<String> PLACES =
            List.of("park", "garden", "beach", "forest", "school", "farm", "lake", "kitchen");

    /** In each: 1 the child, 2 look and 3 name of the thing, 4 the place, 5 he or she, 6 his or her, 7 boy or girl. */
    private static final List<String> OPENINGS = List.of(
            "%1$s had a %2$s %3$s. One day, %5$s took the %3$s to the %4$s.",
            "Once upon a time, there was a little %7$s named %1$s. %1$s had a %2$s %3$s. One day, the %3$s was gone.",
            "One day, %1$s went to the %4$s with %6$s mom. There, %5$s found a %2$s %3$s.",
            "%1$s was very sad. %1$s could not find %6$s %2$s %3$s. Where was the %3$s?",
            "It was a sunny day. Mom gave %1$s a %2$s %3$s. %1$s looked at the %3$s.",
            "%1$s and %6$s friend were in the %4$s. They saw a %2$s %3$s. They both wanted the %3$s.");

    private StoryPrompts() {}

    /** All 3,456: every child with every thing in every opening, no two alike. */
    static List<TaskPrompt> all() {
        List<TaskPrompt> prompts = new ArrayList<>();
        for (int child = 0; child < GIRLS.size() + BOYS.size(); child++) {
            for (int thing = 0; thing < THINGS.size(); thing++) {
                for (int opening = 0; opening < OPENINGS.size(); opening++) {
                    prompts.add(prompt(child, thing, opening));
                }
            }
        }
        return prompts;
    }

    /** Look and place follow from the other three, so that all of them occur with all others. */
    private static TaskPrompt prompt(int child, int thing, int opening) {
        boolean girl = child < GIRLS.size();
        String name = girl ? GIRLS.get(child) : BOYS.get(child - GIRLS.size());
        String text = OPENINGS.get(opening)
                .formatted(
                        name,
                        LOOKS.get((child + 2 * thing + 3 * opening) % LOOKS.size()),
                        THINGS.get(thing),
                        PLACES.get((3 * child + thing + opening) % PLACES.size()),
                        girl ? "she" : "he",
                        girl ? "her" : "his",
                        girl ? "girl" : "boy");
        return new TaskPrompt(text, Map.of("name", name, "object", THINGS.get(thing)));
    }
}
