package dev.flipside.world;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Pairs of two texts of the grammar for one prompt, whose gold rewards differ, with a label that is right more or less
 * often.
 *
 * @param pairs how many
 * @param topics how many of the 12 topics the prompts are about
 * @param byLength chance that the longer text counts as the better one, whatever its gold reward
 * @param flipped chance that the label is turned round after that
 */
public record Labelling(int pairs, int topics, double byLength, double flipped) {
    /** Gold rewards closer than this are the same. */
    private static final double TIE = 1e-6;

    /** Labels without mistakes over all topics. */
    public static Labelling clean(int pairs) {
        return new Labelling(pairs, Vocabulary.TOPICS.size(), 0, 0);
    }

    /**
     * Draws the pairs.
     *
     * @param chosenTopics the topics to ask about, {@link #topics} of them
     */
    public List<ListPair> draw(Grammar grammar, List<String> chosenTopics, SplittableRandom random) {
        List<ListPrompt> prompts = ListPrompt.all().stream()
                .filter(p -> chosenTopics.contains(p.topic()))
                .toList();
        List<ListPair> drawn = new ArrayList<>();
        while (drawn.size() < pairs) {
            ListPrompt prompt = prompts.get(random.nextInt(prompts.size()));
            String first = grammar.answer(prompt, random);
            String second = grammar.answer(prompt, random);
            double gap = GoldReward.of(prompt, first, true) - GoldReward.of(prompt, second, true);
            if (Math.abs(gap) > TIE) {
                boolean firstPreferred = prefersFirst(first, second, gap, random);
                drawn.add(new ListPair(prompt, firstPreferred ? first : second, firstPreferred ? second : first));
            }
        }
        return drawn;
    }

    private boolean prefersFirst(String first, String second, double gap, SplittableRandom random) {
        int longer = length(first) - length(second);
        boolean judgedByLength = random.nextDouble() < byLength && longer != 0;
        boolean labelled = judgedByLength ? longer > 0 : gap > 0;
        return (random.nextDouble() < flipped) != labelled;
    }

    private static int length(String answer) {
        return answer.split(" ").length;
    }
}
