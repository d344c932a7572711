package dev.flipside.task;

import dev.flipside.config.Spelling;
import dev.flipside.config.TaskConfig;
import dev.flipside.config.UserError;
import dev.flipside.engine.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;

/**
 * Makes prompts and pairs of a task: prompts by rule, pairs of completions that an initial policy samples and the
 * task's judge orders. The same seed, settings and model make the same data.
 *
 * <p>A fifth of the task's prompts is held out: evaluations and held-out pairs take theirs from it, training, labelled
 * and trusted pairs from the rest.
 *
 * @param config how much
 * @param seed every random number derives from it
 */
public record TaskMaker(TaskConfig config, long seed) {
    private static final int HELD_OUT_ONE_IN = 5;

    /** What a random number of stream {@code TASK} is for; its ordinal is the stream's step. */
    enum Purpose {
        PROMPT_SPLIT,
        LABELLED_PAIRS,
        HELD_OUT_PAIRS,
        TRUSTED_PAIRS,
        LABELS
    }

    /**
     * This, if there is enough to make it of.
     *
     * @throws UserError when the task has fewer prompts than asked for
     */
    public TaskMaker checked() {
        split();
        return this;
    }

    /**
     * Samples and judges.
     *
     * @param pairsDone told how many of {@link TaskConfig#allPairs} are there
     * @param stop asked now and then
     * @return empty when it was stopped
     * @throws UserError when the task has fewer prompts than asked for, or the policy's completions make no pairs
     */
    public Optional<TaskData> make(InitialPolicy policy, LongConsumer pairsDone, BooleanSupplier stop) {
        Split split = split();
        List<TaskPrompt> training = split.training();
        List<TaskPrompt> heldOut = split.heldOut();
        // From the other end: the prompts of labelled and trusted pairs meet late, or not at all.
        List<TaskPrompt> backwards = new ArrayList<>(training);
        Collections.reverse(backwards);
        Task task = Task.of(config.task());
        List<TaskPrompt> taught = training.stream().filter(task::labels).toList();
        try (PairSampler sampler = new PairSampler(policy, task.judge(), config.margin(), new Seeds(seed))) {
            Optional<List<TaskPair>> labelled =
                    sampler.draw(taught, config.pairs(), Purpose.LABELLED_PAIRS, pairsDone, stop);
            Optional<List<TaskPair>> probe = labelled.flatMap(some -> sampler.draw(
                    heldOut,
                    config.heldOut(),
                    Purpose.HELD_OUT_PAIRS,
                    done -> pairsDone.accept(config.pairs() + done),
                    stop));
            Optional<List<TaskPair>> trusted = probe.flatMap(some -> sampler.draw(
                    backwards,
                    config.trusted(),
                    Purpose.TRUSTED_PAIRS,
                    done -> pairsDone.accept(config.pairs() + config.heldOut() + done),
                    stop));
            return trusted.map(some -> new TaskData(
                    training.subList(0, config.prompts()),
                    heldOut.subList(0, config.heldOutPrompts()),
                    withMistakes(labelled.orElseThrow()),
                    probe.orElseThrow(),
                    some,
                    sampler.figures()));
        }
    }

    private record Split(List<TaskPrompt> training, List<TaskPrompt> heldOut) {}

    private Split split() {
        List<TaskPrompt> prompts = Task.of(config.task()).prompts();
        int[] order = new Seeds(seed).permutation(Seeds.Stream.TASK, Purpose.PROMPT_SPLIT.ordinal(), prompts.size());
        List<TaskPrompt> shuffled = Arrays.stream(order).mapToObj(prompts::get).toList();
        int heldOut = shuffled.size() / HELD_OUT_ONE_IN;
        Split split = new Split(shuffled.subList(heldOut, shuffled.size()), shuffled.subList(0, heldOut));
        require(split.training(), config.prompts(), "training");
        require(split.heldOut(), config.heldOutPrompts(), "held-out");
        return split;
    }

    private void require(List<TaskPrompt> prompts, int wanted, String kind) {
        if (wanted > prompts.size()) {
            throw new UserError("Task " + Spelling.of(config.task()) + " has " + prompts.size() + " " + kind
                    + " prompts, and " + wanted + " are asked for; ask for fewer.");
        }
    }

    private List<TaskPair> withMistakes(List<TaskPair> pairs) {
        Seeds seeds = new Seeds(seed);
        return IntStream.range(0, pairs.size())
                .mapToObj(i -> turns(i, seeds) ? pairs.get(i).turned() : pairs.get(i))
                .toList();
    }

    private boolean turns(int pair, Seeds seeds) {
        return Seeds.uniform(seeds.key(Seeds.Stream.TASK, Purpose.LABELS.ordinal(), pair, 0), 0) < config.flipped();
    }
}
