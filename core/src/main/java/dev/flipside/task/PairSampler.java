package dev.flipside.task;

import dev.flipside.algo.Groups;
import dev.flipside.algo.RankCorrelation;
import dev.flipside.config.UserError;
import dev.flipside.engine.Seeds;
import dev.flipside.reward.RewardFunction;
import dev.flipside.reward.RewardFunction.Sample;
import dev.flipside.rollout.Completion;
import dev.flipside.rollout.GenerationSettings;
import dev.flipside.rollout.Generator;
import dev.flipside.rollout.Group;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;

/**
 * Draws groups of completions, judges them, and takes from each group the first two whose rewards differ enough.
 *
 * <p>Groups are drawn so many at a time whatever the number of pairs, so that a smaller number of pairs is the
 * beginning of a larger one.
 */
final class PairSampler implements AutoCloseable {
    static final int GROUP_SIZE = 4;
    private static final int PROMPTS_AT_A_TIME = 16;
    /** A policy with fewer pairs in as many groups is given up. */
    private static final double LEAST_YIELD = 0.05;

    private static final int GROUPS_BEFORE_GIVING_UP = 256;

    private final InitialPolicy policy;
    private final RewardFunction judge;
    private final double margin;
    private final Seeds seeds;
    private final Generator generator;
    private final List<double[]> rewards = new ArrayList<>();
    private final List<double[]> lengths = new ArrayList<>();
    private long truncated;

    PairSampler(InitialPolicy policy, RewardFunction judge, double margin, Seeds seeds) {
        this.policy = policy;
        this.judge = judge;
        this.margin = margin;
        this.seeds = seeds;
        generator = new Generator(
                policy.lm(),
                new GenerationSettings(
                        GROUP_SIZE * PROMPTS_AT_A_TIME, policy.suppressedIds(), policy.renderer()::decode));
    }

    /**
     * Pairs with true labels, from one prompt after another, from the first again after the last.
     *
     * @param purpose names the random numbers
     * @param pairsDone told how many there are
     * @return empty when it was stopped
     * @throws UserError when the rewards of completions hardly ever differ enough
     */
    Optional<List<TaskPair>> draw(
            List<TaskPrompt> prompts,
            int wanted,
            TaskMaker.Purpose purpose,
            LongConsumer pairsDone,
            BooleanSupplier stop) {
        List<TaskPair> pairs = new ArrayList<>();
        for (int from = 0; pairs.size() < wanted; from += PROMPTS_AT_A_TIME) {
            if (stop.getAsBoolean()) {
                return Optional.empty();
            }
            if (from >= GROUPS_BEFORE_GIVING_UP && pairs.size() < LEAST_YIELD * from) {
                throw new UserError(String.format(
                        Locale.ROOT,
                        "Of %d groups of completions only %d have two whose true rewards differ by %s, so there cannot be %d pairs: lower the margin, raise the temperature or the length, or take a model that writes such texts.",
                        from,
                        pairs.size(),
                        margin,
                        wanted));
            }
            List<TaskPrompt> some = new ArrayList<>();
            for (int i = from; i < from + PROMPTS_AT_A_TIME; i++) {
                some.add(prompts.get(i % prompts.size()));
            }
            pairs.addAll(pairs(some, from, purpose));
            pairsDone.accept(Math.min(wanted, pairs.size()));
        }
        return Optional.of(pairs.subList(0, wanted));
    }

    private List<TaskPair> pairs(List<TaskPrompt> prompts, int first, TaskMaker.Purpose purpose) {
        List<Group> groups = generator.generate(
                prompts.stream()
                        .map(prompt -> policy.renderer().prompt(policy.conversation(prompt)))
                        .toList(),
                GROUP_SIZE,
                policy.options(),
                (prompt, sample) -> seeds.key(Seeds.Stream.TASK, purpose.ordinal(), first + prompt, sample));
        List<TaskPair> pairs = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            pair(prompts.get(i), groups.get(i)).ifPresent(pairs::add);
        }
        return pairs;
    }

    private Optional<TaskPair> pair(TaskPrompt prompt, Group group) {
        List<Sample> samples =
                group.completions().stream().map(c -> sample(prompt, group, c)).toList();
        double[] gold = judge.score(samples);
        rewards.add(gold);
        lengths.add(samples.stream().mapToDouble(s -> s.completion().length()).toArray());
        truncated += samples.stream().filter(s -> !s.finished()).count();
        for (int a = 0; a < gold.length; a++) {
            for (int b = a + 1; b < gold.length; b++) {
                double gap = gold[a] - gold[b];
                if (Math.abs(gap) >= margin) {
                    TaskPair pair = new TaskPair(
                            prompt, samples.get(a).completion(), samples.get(b).completion(), gap);
                    return Optional.of(pair.isRight() ? pair : pair.turned());
                }
            }
        }
        return Optional.empty();
    }

    private Sample sample(TaskPrompt prompt, Group group, Completion completion) {
        return new Sample(
                policy.conversation(prompt),
                policy.renderer().completionText(group.promptIds(), completion.ids()),
                completion.ids(),
                completion.finished(),
                prompt.columns());
    }

    /** Of all completions so far. */
    SampleFigures figures() {
        double[] gold = Groups.flat(rewards.toArray(double[][]::new));
        double variance =
                rewards.stream().mapToDouble(Groups::variance).average().orElse(Double.NaN);
        return new SampleFigures(
                gold.length,
                Groups.mean(gold),
                Math.sqrt(variance),
                RankCorrelation.spearman(gold, Groups.flat(lengths.toArray(double[][]::new))),
                (double) truncated / gold.length);
    }

    @Override
    public void close() {
        generator.close();
    }
}
