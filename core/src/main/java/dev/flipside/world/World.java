package dev.flipside.world;

import dev.flipside.engine.Seeds;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A synthetic world: what its texts are like and how good its labels are.
 *
 * @param name as in reports
 * @param grammar of the texts the policy learns from and the labelled pairs consist of
 * @param labelling of the reward model's training pairs
 * @param rewardModelSteps optimiser steps of 16 pairs for the initial reward model
 * @param maxCompletionLength tokens after which an answer is cut
 */
public record World(String name, Grammar grammar, Labelling labelling, int rewardModelSteps, int maxCompletionLength) {
    private static final int HELD_OUT_PROMPTS = 27;
    private static final int PROBE_PAIRS = 400;

    /**
     * "Quality modes": opener, topic, commas and full stop move together, so that careful or sloppy is the main direction in which samples vary; labels of 3 topics
     * with 30 % mistakes. Here the self-improvement of a reward model must pay.
     */
    public static final World W =
            new World("W", new Grammar(0.4, 0.9, 0.3, 1, 2, 0.0, 0.5, 0.2), new Labelling(400, 3, 0, 0.3), 100, 12);

    /**
     * What one seed of a world draws before any training.
     *
     * @param trainPrompts the 81 that the loop uses
     * @param heldOutPrompts the 27 that only evaluations use
     * @param labelledPairs the reward model's training data
     * @param probePairs 400 pairs over all topics without mistakes: the off-policy probe
     */
    record Draw(
            List<ListPrompt> trainPrompts,
            List<ListPrompt> heldOutPrompts,
            List<Labelling.Pair> labelledPairs,
            List<Labelling.Pair> probePairs) {}

    /** What a random number of stream {@code WORLD} is for; its ordinal is the stream's step. */
    enum Purpose {
        PROMPT_SPLIT,
        LABELLED_TOPICS,
        LABELLED_PAIRS,
        PROBE_PAIRS,
        CORPUS,
        PRETRAINING_BATCHES;

        SplittableRandom random(Seeds seeds) {
            return seeds.random(Seeds.Stream.WORLD, ordinal());
        }
    }

    /** The prompts and pairs of a seed. */
    Draw draw(long seed) {
        Seeds seeds = new Seeds(seed);
        List<ListPrompt> prompts = shuffled(ListPrompt.all(), Purpose.PROMPT_SPLIT, seeds);
        List<String> topics =
                shuffled(Vocabulary.TOPICS, Purpose.LABELLED_TOPICS, seeds).subList(0, labelling.topics());
        return new Draw(
                prompts.subList(HELD_OUT_PROMPTS, prompts.size()),
                prompts.subList(0, HELD_OUT_PROMPTS),
                labelling.draw(grammar, topics, Purpose.LABELLED_PAIRS.random(seeds)),
                Labelling.clean(PROBE_PAIRS).draw(grammar, Vocabulary.TOPICS, Purpose.PROBE_PAIRS.random(seeds)));
    }

    private static <T> List<T> shuffled(List<T> items, Purpose purpose, Seeds seeds) {
        int[] order = seeds.permutation(Seeds.Stream.WORLD, purpose.ordinal(), items.size());
        return Arrays.stream(order).mapToObj(items::get).toList();
    }
}
