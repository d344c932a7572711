package dev.flipside.world;

import dev.flipside.engine.Seeds;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A synthetic world: what its texts are like, how good its labels are, and how large its models.
 *
 * @param name as in reports
 * @param grammar of the texts the policy learns from and the labelled pairs consist of
 * @param labelling of the reward model's training pairs
 * @param rewardModelSteps optimiser steps of 16 pairs for the initial reward model
 * @param maxCompletionLength tokens after which an answer is truncated
 * @param steps of the loop after which the arms are compared
 * @param model the shape of the policy, which is also the reward model's backbone
 */
public record World(
        String name,
        Grammar grammar,
        Labelling labelling,
        int rewardModelSteps,
        int maxCompletionLength,
        int steps,
        ModelShape model) {
    private static final int HELD_OUT_PROMPTS = 27;
    private static final int PROBE_PAIRS = 400;
    private static final int TRUSTED_PAIRS = 400;

    /**
     * "Quality modes": opener, topic, commas and full stop move together, so that careful or sloppy is the main
     * direction in which samples vary; labels of 3 topics with 30 % mistakes. Here the self-improvement of a reward
     * model must pay.
     */
    public static final World W = new World(
            "W",
            new Grammar(0.4, 0.9, true, 0.3, 1, 2, 0.0, 0.5, 0.2, false),
            new Labelling(400, 3, 0, 0.3),
            100,
            12,
            30,
            ModelShape.STANDARD);

    /**
     * "Nuisance": the same two writers, but what tells them apart is weaker and the length of the filler, which gold
     * ignores, is what samples vary most in; half of the labels, of all topics, prefer the longer answer. Here the
     * self-improvement of a reward model must not pay, and the diagnostics must say why.
     */
    public static final World N = new World(
            "N",
            new Grammar(0.4, 0.3, true, 0.5, 4, 12, 0.2, 1.0, 0.5, false),
            new Labelling(400, 12, 0.5, 0),
            60,
            24,
            40,
            ModelShape.STANDARD);

    /** Without the strongest cue of who wrote: openers are as frequent, but good and bad ones are drawn alike. */
    public World withoutCues() {
        return new World(
                name + "-no-cues",
                grammar.withoutCues(),
                labelling,
                rewardModelSteps,
                maxCompletionLength,
                steps,
                model);
    }

    /** With prompts of very unequal difficulty: half of the topics are answered well, the other half badly. */
    public World uneven() {
        return new World(
                name + "-uneven", grammar.asUneven(), labelling, rewardModelSteps, maxCompletionLength, steps, model);
    }

    /**
     * Another number of labelled pairs, or of mistakes in them. The initial reward model sees its pairs as often as
     * before (world W: 4 times, 100 steps of 16 for 400 pairs), and a smaller number of pairs is the beginning of a
     * larger one of the same seed.
     *
     * @param flipped chance that a label is turned round
     */
    public World withLabels(int pairs, double flipped) {
        int trainingSteps = Math.max(1, Math.round((float) rewardModelSteps * pairs / labelling.pairs()));
        return new World(
                "%s-%d-pairs-%.2f-flipped".formatted(name, pairs, flipped),
                grammar,
                new Labelling(pairs, labelling.topics(), labelling.byLength(), flipped),
                trainingSteps,
                maxCompletionLength,
                steps,
                model);
    }

    /** The same texts and labels for models of another shape. */
    public World withModel(ModelShape shape) {
        return new World(
                name + "-" + shape.label(), grammar, labelling, rewardModelSteps, maxCompletionLength, steps, shape);
    }

    /** Another number of optimiser steps for the initial reward model. */
    public World withRewardModelSteps(int trainingSteps) {
        return new World(name, grammar, labelling, trainingSteps, maxCompletionLength, steps, model);
    }

    /**
     * What one seed of a world draws before any training.
     *
     * @param trainPrompts the 81 that the loop uses
     * @param heldOutPrompts the 27 that only evaluations use
     * @param labelledPairs the reward model's training data
     * @param probePairs 400 pairs over all topics without mistakes: the off-policy probe
     * @param trustedPairs 400 others of that kind, for the guard
     */
    record Draw(
            List<ListPrompt> trainPrompts,
            List<ListPrompt> heldOutPrompts,
            List<ListPair> labelledPairs,
            List<ListPair> probePairs,
            List<ListPair> trustedPairs) {}

    /** What a random number of stream {@code WORLD} is for; its ordinal is the stream's step. */
    enum Purpose {
        PROMPT_SPLIT,
        LABELLED_TOPICS,
        LABELLED_PAIRS,
        PROBE_PAIRS,
        CORPUS,
        PRETRAINING_BATCHES,
        TRUSTED_PAIRS;

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
                Labelling.clean(PROBE_PAIRS).draw(grammar, Vocabulary.TOPICS, Purpose.PROBE_PAIRS.random(seeds)),
                Labelling.clean(TRUSTED_PAIRS).draw(grammar, Vocabulary.TOPICS, Purpose.TRUSTED_PAIRS.random(seeds)));
    }

    private static <T> List<T> shuffled(List<T> items, Purpose purpose, Seeds seeds) {
        int[] order = seeds.permutation(Seeds.Stream.WORLD, purpose.ordinal(), items.size());
        return Arrays.stream(order).mapToObj(items::get).toList();
    }
}
