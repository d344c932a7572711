package dev.flipside.train;

import dev.flipside.algo.Groups;
import dev.flipside.algo.LossAggregation;
import dev.flipside.algo.PolicyLoss;
import dev.flipside.algo.PolicyLossStatistics;
import dev.flipside.config.AlgorithmConfig;
import dev.flipside.config.PolicyConfig;
import dev.flipside.config.TrainConfig;
import dev.flipside.engine.AdamW;
import dev.flipside.engine.ParameterGroup;
import dev.flipside.engine.Schedule;
import dev.flipside.engine.Seeds;
import dev.flipside.model.CausalLm;
import dev.flipside.model.LogprobPass;
import dev.flipside.model.PassSize;
import dev.flipside.model.TokenRow;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.IntStream;

/** Updates the policy from graded groups; the reward model has no part in it beyond the rewards. */
final class PolicyUpdate implements AutoCloseable {
    /** Keeps the policy's dropout apart from the reward model's. */
    private static final int POLICY_DROPOUT = 0;

    private final CausalLm policy;
    private final Optional<CausalLm> reference;
    private final Optimiser optimiser;
    private final PolicyConfig config;
    private final double temperature;
    private final int maxCompletionLength;
    private final AlgorithmConfig algorithm;
    private final PolicyObjective objective;
    private final Schedule schedule;
    private final Seeds seeds;
    private final Ranks ranks;

    /**
     * @param reference what the divergence is taken from, when beta is above 0; not closed here
     * @param ranks each of which computes the gradient of its part of an optimiser step's prompts
     */
    PolicyUpdate(CausalLm policy, Optional<CausalLm> reference, TrainConfig config, Seeds seeds, Ranks ranks) {
        this.ranks = ranks;
        this.policy = policy;
        this.reference = reference;
        this.config = config.policy();
        this.temperature = config.rollout().temperature();
        this.maxCompletionLength = config.rollout().maxCompletionLength();
        this.algorithm = config.algorithm().resolved();
        this.objective = new PolicyObjective(algorithm);
        this.seeds = seeds;
        int updates = config.run().maxSteps() * algorithm.numIterations() * algorithm.stepsPerGeneration();
        this.schedule = Schedule.of(this.config.optimiser(), updates);
        AdamW adam = new AdamW(
                List.of(new ParameterGroup(
                        "policy", policy.parameters(), this.config.optimiser().weightDecay())),
                this.config.optimiser(),
                ranks.collective());
        this.optimiser = new Optimiser("policy", adam, this.config.optimiser().maxGradNorm());
    }

    AdamW optimiser() {
        return optimiser.adam();
    }

    /** All optimiser steps on one generation batch, as a phase of a step. */
    PolicyStep update(Graded graded, Step step) {
        step.tokens("policy_update", graded.batch().tokens());
        return step.time("policy_update", () -> update(graded.batch(), graded.total(), step.number()));
    }

    /** @param rewards {@code [prompt][sample]}; NaN for completions that nothing could grade */
    PolicyStep update(RolloutBatch batch, double[][] rewards, long step) {
        List<TokenRow> rows = batch.rows();
        OldLogprobs old = oldLogprobsAreCurrent()
                ? new OldLogprobs.OfTheOnlyStep(rows.size())
                : new OldLogprobs.Known(logprobs(policy, batch, rows));
        Optional<double[][]> ref = reference.map(r -> logprobs(r, batch, rows));
        Optional<PolicyObjective.Divergence> divergence =
                ref.filter(r -> objective.divergenceInReward()).map(r -> new PolicyObjective.Divergence(old.all(), r));
        double[] advantages = objective.advantages(rewards, divergence);
        Data data = new Data(rows, old, ref, advantages, objective.included(batch));
        PolicyStep.Sums sums = new PolicyStep.Sums();
        for (int iteration = 0; iteration < algorithm.numIterations(); iteration++) {
            int[][] miniBatches = miniBatches(batch.size(), step * algorithm.numIterations() + iteration);
            for (int[] prompts : miniBatches) {
                optimiserStep(data, batch, prompts, miniBatches.length, step, sums);
            }
        }
        boolean experts = policy.files().config().block().experts().isPresent();
        sums.ofAllRanks(ranks);
        return sums.of(advantages, experts, SamplingGap.of(batch.completions(), old.all()));
    }

    private double[][] logprobs(CausalLm model, RolloutBatch batch, List<TokenRow> rows) {
        return ranks.rows(batch.size(), own -> model.logprobs(own.of(rows, batch.groupSize()), temperature)
                .logprobs());
    }

    /**
     * Whether the policy that sampled is the policy of the only optimiser step. A divergence that is taken from the
     * rewards needs its log-probabilities before that step; an adapter with dropout samples without it and learns with
     * it.
     */
    private boolean oldLogprobsAreCurrent() {
        boolean drops = policy.lora().filter(l -> l.loraDropout() > 0).isPresent();
        boolean neededForRewards = objective.divergenceInReward() && reference.isPresent();
        return algorithm.numIterations() == 1 && algorithm.stepsPerGeneration() == 1 && !neededForRewards && !drops;
    }

    /** What the loss needs of a generation batch, one entry per completion. */
    private record Data(
            List<TokenRow> rows, OldLogprobs old, Optional<double[][]> ref, double[] advantages, boolean[] included) {
        long tokens(int[] places) {
            return Arrays.stream(places)
                    .mapToLong(place -> rows.get(place).ids().length)
                    .sum();
        }
    }

    /** @param prompts whose groups make the step, of all ranks */
    private void optimiserStep(
            Data data, RolloutBatch batch, int[] prompts, int miniBatches, long step, PolicyStep.Sums sums) {
        int[] places = batch.places(prompts);
        int[] own = batch.places(ranks.part(prompts.length).of(prompts));
        LossAggregation aggregation = aggregation(data, places, miniBatches);
        optimiser.zeroGradient();
        double loss = 0;
        double balanceLoss = 0;
        PolicyLossStatistics statistics = PolicyLossStatistics.empty();
        double entropySum = 0;
        OptionalLong dropoutKey =
                OptionalLong.of(seeds.key(Seeds.Stream.LORA_DROPOUT, optimiser.steps(), POLICY_DROPOUT, 0));
        for (int[] part : microBatches(data, own, sums)) {
            List<TokenRow> rows = Arrays.stream(part).mapToObj(data.rows::get).toList();
            try (LogprobPass pass = policy.pass(rows, temperature, config.gradientCheckpointing(), dropoutKey)) {
                double[][] logprobs = pass.logprobs();
                double[][] old = new double[part.length][];
                boolean[] included = new boolean[part.length];
                double[] advantages = new double[part.length];
                for (int i = 0; i < part.length; i++) {
                    old[i] = data.old.of(part[i], logprobs[i]);
                    included[i] = data.included[part[i]];
                    advantages[i] = data.advantages[part[i]];
                    entropySum +=
                            included[i] ? Arrays.stream(pass.entropies()[i]).sum() : 0;
                }
                PolicyLoss.Evaluation evaluation = PolicyLoss.evaluate(
                        logprobs,
                        old,
                        data.ref.map(r -> Groups.pick(r, part)),
                        advantages,
                        included,
                        aggregation,
                        objective.loss());
                double share = (double) data.tokens(part) / data.tokens(places);
                pass.backward(evaluation.gradient(), share);
                balanceLoss += share * pass.balanceLoss();
                loss += evaluation.loss();
                statistics = statistics.plus(evaluation.statistics());
            }
        }
        double[] whole = ranks.collective().sum(loss, balanceLoss, entropySum);
        data.old.share(ranks, own, places);
        CheckedGradient gradient = optimiser.check(whole[0], step);
        double rate = config.optimiser().learningRate() * schedule.factor(optimiser.steps());
        gradient.step(rate);
        sums.step(whole[0], gradient.norm(), rate, whole[2], whole[1], ofAllRanks(statistics));
    }

    private PolicyLossStatistics ofAllRanks(PolicyLossStatistics own) {
        return Arrays.stream(ranks.everyone(own.numbers()))
                .map(PolicyLossStatistics::of)
                .reduce(PolicyLossStatistics::plus)
                .orElseThrow();
    }

    /**
     * Parts of a batch that go forward and backward together: as many completions as the configuration allows, and
     * tokens as keep memory bounded.
     */
    private List<int[]> microBatches(Data data, int[] places, PolicyStep.Sums sums) {
        List<TokenRow> rows = Arrays.stream(places).mapToObj(data.rows::get).toList();
        PassSize size = new PassSize(config.activationMemoryMb(), config.gradientCheckpointing());
        List<int[]> parts = new ArrayList<>();
        long computed = 0;
        for (CausalLm.Rows pass : policy.passes(rows, size)) {
            computed += pass.tokens();
            int[] chosen = Arrays.stream(pass.numbers()).map(i -> places[i]).toArray();
            parts.addAll(List.of(Splits.ofAtMost(chosen, config.perDeviceTrainBatchSize())));
        }
        sums.tokens(data.tokens(places) - places.length, computed);
        return parts;
    }

    private LossAggregation aggregation(Data data, int[] places, int miniBatches) {
        int[] all = data.rows.stream().mapToInt(TokenRow::completionLength).toArray();
        boolean[] included = new boolean[places.length];
        IntStream.range(0, places.length).forEach(i -> included[i] = data.included[places[i]]);
        return objective.aggregation(
                Arrays.stream(places).map(place -> all[place]).toArray(),
                included,
                maxCompletionLength,
                LossAggregation.tokens(all, data.included),
                miniBatches);
    }

    /** Whole groups, shuffled by the seed and split into parts whose sizes differ by one at most. */
    private int[][] miniBatches(int prompts, long pass) {
        return Splits.even(
                seeds.permutation(Seeds.Stream.POLICY_MINI_BATCHES, pass, prompts), algorithm.stepsPerGeneration());
    }

    @Override
    public void close() {
        optimiser.close();
    }
}
