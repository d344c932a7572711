package dev.flipside.train;

import dev.flipside.algo.Advantages;
import dev.flipside.algo.Groups;
import dev.flipside.algo.ImportanceSampling;
import dev.flipside.algo.Kl;
import dev.flipside.algo.LossAggregation;
import dev.flipside.algo.PolicyLoss;
import dev.flipside.algo.PolicyLossStatistics;
import dev.flipside.config.AlgorithmConfig;
import dev.flipside.config.AlgorithmConfig.Name;
import dev.flipside.config.TrainConfig;
import dev.flipside.engine.AdamW;
import dev.flipside.engine.Schedule;
import dev.flipside.engine.Seeds;
import dev.flipside.model.CausalLm;
import dev.flipside.model.LogprobPass;
import dev.flipside.model.PassSize;
import dev.flipside.model.TokenRow;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** Updates the policy from graded groups by GRPO, RLOO or GSPO; the reward model has no part in it beyond the rewards. */
final class PolicyUpdate implements AutoCloseable {
    /** Keeps the policy's dropout apart from the reward model's. */
    private static final int POLICY_DROPOUT = 0;

    private final CausalLm policy;
    private final Optional<CausalLm> reference;
    private final AdamW optimiser;
    private final TrainConfig config;
    private final AlgorithmConfig algorithm;
    private final Schedule schedule;
    private final Seeds seeds;

    /** @param reference what the KL divergence is taken from, when beta is above 0; not closed here */
    PolicyUpdate(CausalLm policy, Optional<CausalLm> reference, TrainConfig config, Seeds seeds) {
        this.policy = policy;
        this.reference = reference;
        this.config = config;
        this.algorithm = config.algorithm().resolved();
        this.seeds = seeds;
        int updates = config.run().maxSteps() * algorithm.numIterations() * algorithm.stepsPerGeneration();
        this.schedule = Schedule.of(config.policy().optimiser(), updates);
        this.optimiser = new AdamW(
                List.of(new AdamW.Group(
                        "policy",
                        policy.parameters(),
                        config.policy().optimiser().weightDecay())),
                config.policy().optimiser());
    }

    AdamW optimiser() {
        return optimiser;
    }

    /**
     * The advantages of every completion, group after group.
     *
     * @param klSums the log-ratio of policy to reference summed over each completion, for the reward of RLOO
     */
    double[] advantages(double[][] rewards, Optional<double[]> klSums) {
        double[] flat = Groups.flat(rewards);
        int groupSize = rewards[0].length;
        if (algorithm.name() == Name.RLOO) {
            double beta = algorithm.beta().orElseThrow();
            return Advantages.rloo(
                    klSums.map(kl -> Advantages.klInReward(flat, kl, beta)).orElse(flat), groupSize);
        }
        return Advantages.grpo(flat, groupSize, algorithm.scaleRewards().orElseThrow());
    }

    /**
     * All optimiser steps on one generation batch.
     *
     * @param rewards {@code [prompt][sample]}; NaN for completions that nothing could grade
     * @param metrics receives the step's figures under TRL's names
     * @return the advantages, group after group
     */
    double[] update(RolloutBatch batch, double[][] rewards, long step, Map<String, Double> metrics) {
        List<TokenRow> rows = batch.rows();
        Optional<double[][]> old = oldLogprobsAreCurrent()
                ? Optional.empty()
                : Optional.of(
                        policy.logprobs(rows, config.rollout().temperature()).logprobs());
        Optional<double[][]> ref = reference.map(
                r -> r.logprobs(rows, config.rollout().temperature()).logprobs());
        double[] advantages = advantages(rewards, ref.flatMap(r -> old.map(o -> klSums(o, r))));
        boolean[] included = included(batch);
        double[][] first = old.orElseGet(() -> new double[rows.size()][]);
        Summary summary = new Summary();
        for (int iteration = 0; iteration < algorithm.numIterations(); iteration++) {
            int[][] miniBatches = miniBatches(batch.size(), step * algorithm.numIterations() + iteration);
            for (int[] prompts : miniBatches) {
                int[] places = places(prompts, batch.groupSize());
                step(new Data(rows, first, ref, advantages, included), places, miniBatches.length, step, summary);
            }
        }
        samplingGap(batch, first, metrics);
        summary.write(metrics);
        if (policy.files().config().block().experts().isPresent()) {
            metrics.put("aux_loss", summary.balanceLoss / summary.steps);
        }
        return advantages;
    }

    /**
     * Whether the policy that sampled is the policy of the only optimiser step: its log-probabilities are then those that the step itself computes, and every ratio is 1. RLOO
     * with a KL penalty needs them before the step, for the reward; an adapter with dropout samples without it and learns with it.
     */
    private boolean oldLogprobsAreCurrent() {
        boolean drops = policy.lora().filter(l -> l.loraDropout() > 0).isPresent();
        boolean neededForRewards = algorithm.name() == Name.RLOO && reference.isPresent();
        return algorithm.numIterations() == 1 && algorithm.stepsPerGeneration() == 1 && !neededForRewards && !drops;
    }

    /**
     * What the loss needs of a generation batch, one entry per completion.
     *
     * @param old log-probabilities under the policy that sampled; an entry that is null is filled in by the step that reads it
     */
    private record Data(
            List<TokenRow> rows, double[][] old, Optional<double[][]> ref, double[] advantages, boolean[] included) {}

    private void step(Data data, int[] places, int miniBatches, long step, Summary summary) {
        LossAggregation aggregation = aggregation(data, places, miniBatches);
        optimiser.zeroGradient();
        double loss = 0;
        double balanceLoss = 0;
        PolicyLossStatistics statistics = PolicyLossStatistics.empty();
        double entropySum = 0;
        OptionalLong dropoutKey =
                OptionalLong.of(seeds.key(Seeds.Stream.LORA_DROPOUT, optimiser.steps(), POLICY_DROPOUT, 0));
        for (int[] part : microBatches(data, places, summary)) {
            List<TokenRow> rows = Arrays.stream(part).mapToObj(data.rows::get).toList();
            try (LogprobPass pass = policy.pass(
                    rows, config.rollout().temperature(), config.policy().gradientCheckpointing(), dropoutKey)) {
                boolean[] included = new boolean[part.length];
                double[] advantages = new double[part.length];
                for (int i = 0; i < part.length; i++) {
                    if (data.old[part[i]] == null) {
                        data.old[part[i]] = pass.logprobs()[i];
                    }
                    included[i] = data.included[part[i]];
                    advantages[i] = data.advantages[part[i]];
                    entropySum +=
                            included[i] ? Arrays.stream(pass.entropies()[i]).sum() : 0;
                }
                PolicyLoss.Evaluation evaluation = PolicyLoss.evaluate(
                        pass.logprobs(),
                        pick(data.old, part),
                        data.ref.map(r -> pick(r, part)),
                        advantages,
                        included,
                        aggregation,
                        lossOptions());
                double share = (double) tokens(data, part) / tokens(data, places);
                pass.backward(evaluation.gradient(), share);
                balanceLoss += share * pass.balanceLoss();
                loss += evaluation.loss();
                statistics = statistics.plus(evaluation.statistics());
            }
        }
        double norm = NonFiniteException.requireFinite("policy", loss, optimiser, step);
        double rate = config.policy().optimiser().learningRate() * schedule.factor(optimiser.steps());
        optimiser.step(
                NonFiniteException.clipScale(norm, config.policy().optimiser().maxGradNorm()), rate);
        summary.balanceLoss += balanceLoss;
        summary.add(loss, norm, rate, entropySum, statistics);
    }

    private static long tokens(Data data, int[] rows) {
        return Arrays.stream(rows).mapToLong(r -> data.rows.get(r).ids().length).sum();
    }

    /** Parts of a batch that go forward and backward together: as many completions as the configuration allows, and tokens as keep memory bounded. */
    private List<int[]> microBatches(Data data, int[] places, Summary summary) {
        List<TokenRow> rows = Arrays.stream(places).mapToObj(data.rows::get).toList();
        PassSize size = new PassSize(
                config.policy().activationMemoryMb(), config.policy().gradientCheckpointing());
        List<int[]> parts = new ArrayList<>();
        rows.forEach(row -> summary.tokens += row.ids().length - 1);
        for (CausalLm.Rows pass : policy.passes(rows, size)) {
            summary.computedTokens += pass.tokens();
            int[] chosen = Arrays.stream(pass.numbers()).map(i -> places[i]).toArray();
            parts.addAll(List.of(Splits.ofAtMost(chosen, config.policy().perDeviceTrainBatchSize())));
        }
        return parts;
    }

    private LossAggregation aggregation(Data data, int[] places, int miniBatches) {
        int[] lengths = new int[places.length];
        boolean[] included = new boolean[places.length];
        for (int i = 0; i < places.length; i++) {
            lengths[i] = data.rows.get(places[i]).completionLength();
            included[i] = data.included[places[i]];
        }
        int[] all = data.rows.stream().mapToInt(TokenRow::completionLength).toArray();
        return LossAggregation.of(
                algorithm.lossType().orElseThrow(),
                lengths,
                included,
                config.rollout().maxCompletionLength(),
                LossAggregation.tokens(all, data.included),
                miniBatches);
    }

    private PolicyLoss.Options lossOptions() {
        ImportanceSampling level =
                switch (algorithm.name()) {
                    case GRPO -> ImportanceSampling.TOKEN;
                    case GSPO -> ImportanceSampling.SEQUENCE;
                    case RLOO -> ImportanceSampling.SEQUENCE_SUM;
                };
        boolean klInLoss = algorithm.name() != Name.RLOO;
        OptionalDouble delta = algorithm.delta();
        return new PolicyLoss.Options(
                level,
                algorithm.epsilon().orElseThrow(),
                algorithm.epsilonHigh().orElseThrow(),
                delta,
                klInLoss ? algorithm.beta().orElseThrow() : 0,
                algorithm.klEstimator().orElseThrow());
    }

    /** Whole groups, shuffled by the seed and split into parts whose sizes differ by one at most. */
    private int[][] miniBatches(int prompts, long pass) {
        int parts = algorithm.stepsPerGeneration();
        int[] order = seeds.permutation(Seeds.Stream.POLICY_MINI_BATCHES, pass, prompts);
        return Splits.even(order, parts);
    }

    private static int[] places(int[] prompts, int groupSize) {
        int[] places = new int[prompts.length * groupSize];
        for (int i = 0; i < places.length; i++) {
            places[i] = prompts[i / groupSize] * groupSize + i % groupSize;
        }
        return places;
    }

    private boolean[] included(RolloutBatch batch) {
        boolean[] included = new boolean[batch.size() * batch.groupSize()];
        boolean[][] finished = batch.finished();
        for (int i = 0; i < included.length; i++) {
            included[i] =
                    !algorithm.maskTruncatedCompletions() || finished[i / batch.groupSize()][i % batch.groupSize()];
        }
        return included;
    }

    private static double[] klSums(double[][] logprobs, double[][] refLogprobs) {
        double[] sums = new double[logprobs.length];
        for (int i = 0; i < sums.length; i++) {
            for (int t = 0; t < logprobs[i].length; t++) {
                sums[i] += Kl.K1.value(logprobs[i][t], refLogprobs[i][t]);
            }
        }
        return sums;
    }

    private static double[][] pick(double[][] rows, int[] places) {
        return Arrays.stream(places).mapToObj(i -> rows[i]).toArray(double[][]::new);
    }

    /** How far the trainer's log-probabilities are from those the sampler saw: the same weights, so only rounding may differ. */
    private static void samplingGap(RolloutBatch batch, double[][] logprobs, Map<String, Double> metrics) {
        double sum = 0;
        double max = 0;
        long tokens = 0;
        double ratioMin = Double.POSITIVE_INFINITY;
        double ratioMax = Double.NEGATIVE_INFINITY;
        double ratioSum = 0;
        double keptMass = 0;
        for (int i = 0; i < logprobs.length; i++) {
            var completion = batch.completions().get(i);
            keptMass += completion.logKeptMass();
            for (int t = 0; t < logprobs[i].length; t++) {
                double difference = logprobs[i][t] - completion.logprobs()[t];
                sum += Math.abs(difference);
                max = Math.max(max, Math.abs(difference));
                double ratio = Math.exp(difference);
                ratioMin = Math.min(ratioMin, ratio);
                ratioMax = Math.max(ratioMax, ratio);
                ratioSum += ratio;
                tokens++;
            }
        }
        if (tokens > 0) {
            metrics.put("sampling/sampling_logp_difference/mean", sum / tokens);
            metrics.put("sampling/sampling_logp_difference/max", max);
            metrics.put("sampling/importance_sampling_ratio/min", ratioMin);
            metrics.put("sampling/importance_sampling_ratio/mean", ratioSum / tokens);
            metrics.put("sampling/importance_sampling_ratio/max", ratioMax);
            metrics.put("sampling/log_kept_mass", keptMass / tokens);
        }
    }

    /** The figures of all optimiser steps on one generation batch. */
    private static final class Summary {
        private PolicyLossStatistics all = PolicyLossStatistics.empty();
        private int steps;
        private double loss;
        private double norm;
        private double rate;
        private double entropy;
        private double lowMin = 1;
        private double highMax;
        private double balanceLoss;
        /** Of rows alone, and of what was computed in their place. */
        private long tokens;

        private long computedTokens;

        void add(
                double stepLoss, double stepNorm, double stepRate, double entropySum, PolicyLossStatistics statistics) {
            steps++;
            loss += stepLoss;
            norm += stepNorm;
            rate = stepRate;
            entropy += entropySum;
            lowMin = Math.min(lowMin, statistics.clipRatioLow());
            highMax = Math.max(highMax, statistics.clipRatioHigh());
            all = all.plus(statistics);
        }

        void write(Map<String, Double> metrics) {
            metrics.put("loss", loss / steps);
            metrics.put("grad_norm", norm / steps);
            metrics.put("learning_rate", rate);
            metrics.put("entropy", all.tokens() == 0 ? 0.0 : entropy / all.tokens());
            metrics.put("kl", all.kl());
            metrics.put("clip_ratio/low_mean", all.clipRatioLow());
            metrics.put("clip_ratio/low_min", lowMin);
            metrics.put("clip_ratio/high_mean", all.clipRatioHigh());
            metrics.put("clip_ratio/high_max", highMax);
            metrics.put("clip_ratio/region_mean", all.clipRatioRegion());
            metrics.put("policy/ratio_mean", all.ratioMean());
            metrics.put("policy/ratio_variance", all.ratioVariance());
            metrics.put("policy/approx_kl", all.approxKl());
            metrics.put("policy/optimiser_steps", (double) steps);
            metrics.put("policy/tokens_saved_frac", 1 - (double) computedTokens / tokens);
        }
    }

    @Override
    public void close() {
        optimiser.close();
    }
}
