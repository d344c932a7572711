package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.algo.Kl;
import dev.flipside.algo.LossType;
import dev.flipside.config.AlgorithmConfig;
import dev.flipside.config.TrainConfig;
import dev.flipside.engine.Device;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import dev.flipside.model.CausalLm;
import dev.flipside.model.LogprobPass;
import dev.flipside.model.Precision;
import dev.flipside.model.TokenRow;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What one optimiser step of the policy accumulates is the derivative of the policy loss, written down here a second
 * time from its definition.
 */
class PolicyGradientTest {
    private static final int GROUP = 4;

    @TempDir
    static Path folder;

    private static TinyWorld world;

    private PolicyModel policy;
    private CausalLm reference;
    private RolloutBatch batch;
    private double[][] rewards;

    @BeforeAll
    static void writeWorld() {
        world = new TinyWorld(folder);
    }

    @BeforeEach
    void open() {
        TrainConfig config = world.config("gradient");
        policy = PolicyModel.load(world.policy(), config.policy(), new Seeds(1), Device.CPU, Precision.FLOAT32);
        reference = policy.lm().copy();
        TrainingData data = TrainingData.read(config, policy, TrainListener.SILENT);
        batch = new Rollouts(policy, config.rollout(), new Seeds(1), Ranks.ALONE)
                .sample(data.prompts().subList(0, 5), GROUP, Seeds.Stream.ROLLOUT, 1);
        rewards = new double[batch.size()][GROUP];
        for (int p = 0; p < rewards.length; p++) {
            for (int i = 0; i < GROUP; i++) {
                rewards[p][i] = Math.sin(7 * p + 3 * i);
            }
        }
        rewards[1][2] = Double.NaN;
        Arrays.fill(rewards[3], 0.25);
    }

    @AfterEach
    void close() {
        policy.close();
        reference.close();
    }

    private TrainConfig config(String options, String... more) {
        List<String> all = new ArrayList<>(List.of(
                "policy.learning_rate=0.02",
                "policy.max_grad_norm=0",
                "policy.lr_scheduler_type=constant",
                "rollout.temperature=1.3"));
        all.addAll(List.of(options.split(" ")));
        all.addAll(List.of(more));
        return world.config("gradient", all);
    }

    /**
     * All optimiser steps on the batch from the weights of the directory, with the untouched weights as the reference.
     */
    private PolicyStep update(PolicyModel model, TrainConfig config) {
        Optional<CausalLm> ref = config.algorithm().resolved().beta().orElseThrow() > 0
                ? Optional.of(reference.copy())
                : Optional.empty();
        try (PolicyUpdate update = new PolicyUpdate(model.lm(), ref, config, new Seeds(1), Ranks.ALONE)) {
            return update.update(batch, rewards, 1);
        } finally {
            ref.ifPresent(CausalLm::close);
        }
    }

    private PolicyModel fresh() {
        return PolicyModel.load(
                world.policy(), world.config("gradient").policy(), new Seeds(1), Device.CPU, Precision.FLOAT32);
    }

    /**
     * The second of two passes over the batch: the first moved the weights, so that ratios are away from 1, some are
     * clipped, and the divergence from the reference is not 0.
     */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "algorithm.name=grpo",
                "algorithm.name=grpo algorithm.loss_type=grpo algorithm.scale_rewards=batch",
                "algorithm.name=grpo algorithm.loss_type=bnpo algorithm.scale_rewards=none",
                "algorithm.name=grpo algorithm.loss_type=dr_grpo",
                "algorithm.name=grpo algorithm.beta=0.3",
                "algorithm.name=grpo algorithm.beta=0.3 algorithm.kl_estimator=k1",
                "algorithm.name=grpo algorithm.beta=0.3 algorithm.kl_estimator=k2",
                "algorithm.name=grpo algorithm.epsilon=0.1 algorithm.epsilon_high=0.15 algorithm.delta=1.3",
                "algorithm.name=grpo algorithm.mask_truncated_completions=true algorithm.beta=0.1",
                "algorithm.name=rloo algorithm.beta=0.2",
                "algorithm.name=rloo algorithm.beta=0 algorithm.epsilon=0.5",
                "algorithm.name=gspo algorithm.epsilon=0.02 algorithm.epsilon_high=0.03",
                "algorithm.name=gspo algorithm.epsilon=0.02 algorithm.epsilon_high=0.03 algorithm.beta=0.3 algorithm.kl_estimator=k2",
                "algorithm.name=gspo algorithm.epsilon=0.02 algorithm.epsilon_high=0.03 algorithm.beta=0.3 algorithm.scale_rewards=batch",
            })
    void theGradientIsTheDerivativeOfTheLoss(String options) {
        List<TokenRow> rows = batch.rows();
        update(policy, config(options));
        try (PolicyModel twice = fresh()) {
            PolicyStep step = update(twice, config(options, "algorithm.num_iterations=2"));
            float[] gradient = Derivatives.gradient(twice.lm().parameters());
            assertThat(step.statistics().ratioVariance()).isGreaterThan(1e-4);
            // The prompt of a group is computed once.
            assertThat(step.tokensSaved()).isBetween(0.1, 0.9);
            AlgorithmConfig algorithm = config(options).algorithm().resolved();
            double[][] old = reference.logprobs(rows, 1.3).logprobs();
            assertThat(Derivatives.norm(gradient)).isPositive();
            Derivatives.check(
                    policy.lm().parameters(),
                    gradient,
                    () -> loss(algorithm, policy.lm().logprobs(rows, 1.3).logprobs(), old));
        }
    }

    /**
     * The reference has the weights that sampled here, so the old log-probabilities are the reference's, too, and
     * RLOO's penalty of the sampled batch is 0.
     */
    private double loss(AlgorithmConfig a, double[][] now, double[][] old) {
        double[] advantages = advantages(a);
        boolean[] included = new boolean[now.length];
        int sequences = 0;
        int tokens = 0;
        for (int k = 0; k < now.length; k++) {
            int[] ids = batch.completions().get(k).ids();
            included[k] = !a.maskTruncatedCompletions() || ids[ids.length - 1] == TinyWorld.EOS;
            sequences += included[k] ? 1 : 0;
            tokens += included[k] ? ids.length : 0;
        }
        double loss = 0;
        for (int k = 0; k < now.length; k++) {
            if (included[k]) {
                LossType type = a.lossType().orElseThrow();
                double weight = a.name() != AlgorithmConfig.Name.GRPO || type == LossType.GRPO
                        ? 1.0 / (sequences * now[k].length)
                        : type == LossType.DR_GRPO ? 1.0 / (sequences * 8) : 1.0 / tokens;
                loss += weight * completion(a, now[k], old[k], advantages[k]);
            }
        }
        return loss;
    }

    private static double completion(AlgorithmConfig a, double[] now, double[] old, double advantage) {
        double logRatio = 0;
        for (int t = 0; t < now.length; t++) {
            logRatio += now[t] - old[t];
        }
        double sum = 0;
        for (int t = 0; t < now.length; t++) {
            double d = now[t] - old[t];
            double ratio = Math.exp(
                    switch (a.name()) {
                        case GRPO -> d;
                        case RLOO -> logRatio;
                        case GSPO -> logRatio / now.length;
                    });
            double low = 1 - a.epsilon().orElseThrow();
            double high = 1 + a.epsilonHigh().orElseThrow();
            double free = Math.min(ratio, a.delta().orElse(1e30)) * advantage;
            sum -= Math.min(free, Math.max(low, Math.min(high, ratio)) * advantage);
            double beta = a.name() == AlgorithmConfig.Name.RLOO ? 0 : a.beta().orElseThrow();
            Kl kl = a.klEstimator().orElseThrow();
            sum += beta * (kl == Kl.K1 ? d : kl == Kl.K2 ? d * d / 2 : Math.exp(-d) - 1 + d);
        }
        return sum;
    }

    private double[] advantages(AlgorithmConfig a) {
        double[] all = Arrays.stream(rewards)
                .flatMapToDouble(Arrays::stream)
                .filter(r -> !Double.isNaN(r))
                .toArray();
        double[] advantages = new double[rewards.length * GROUP];
        for (int p = 0; p < rewards.length; p++) {
            double[] scored =
                    Arrays.stream(rewards[p]).filter(r -> !Double.isNaN(r)).toArray();
            double mean = Arrays.stream(scored).average().orElseThrow();
            for (int i = 0; i < GROUP; i++) {
                double centred = Double.isNaN(rewards[p][i]) ? 0 : rewards[p][i] - mean;
                advantages[p * GROUP + i] = a.name() == AlgorithmConfig.Name.RLOO
                        ? centred * scored.length / (scored.length - 1)
                        : switch (a.scaleRewards().orElseThrow()) {
                            case GROUP -> centred / (std(scored) + 1e-4);
                            case BATCH -> centred / (std(all) + 1e-4);
                            case NONE -> centred;
                        };
            }
        }
        return advantages;
    }

    private static double std(double[] values) {
        double mean = Arrays.stream(values).average().orElseThrow();
        double squares = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum();
        return Math.sqrt(squares / (values.length - 1));
    }

    /** RLOO takes beta times the summed log-ratio to the reference from the reward before it compares. */
    @Test
    void rlooPutsTheDivergenceIntoTheReward() {
        PolicyModel other = fresh();
        update(other, config("algorithm.name=rloo algorithm.beta=0"));
        double[][] moved = other.lm().logprobs(batch.rows(), 1.3).logprobs();
        double[][] ref = reference.logprobs(batch.rows(), 1.3).logprobs();
        try (other;
                PolicyUpdate update = new PolicyUpdate(
                        other.lm(),
                        Optional.of(reference.copy()),
                        config("algorithm.name=rloo algorithm.beta=0.2"),
                        new Seeds(1),
                        Ranks.ALONE)) {
            double[] actual = update.update(batch, rewards, 1).advantages();
            double[] penalised = new double[GROUP];
            for (int i = 0; i < GROUP; i++) {
                penalised[i] = rewards[0][i];
                for (int t = 0; t < ref[i].length; t++) {
                    penalised[i] -= 0.2 * (moved[i][t] - ref[i][t]);
                }
            }
            double total = Arrays.stream(penalised).sum();
            for (int i = 0; i < GROUP; i++) {
                // Log-probabilities of two float32 passes.
                assertThat(actual[i]).isCloseTo(penalised[i] - (total - penalised[i]) / 3, within(1e-5));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "policy.per_device_train_batch_size=1",
                "policy.per_device_train_batch_size=3",
                "policy.per_device_train_batch_size=64",
                "policy.gradient_checkpointing=true",
                "policy.per_device_train_batch_size=5 policy.gradient_checkpointing=true"
            })
    void splitAndCheckpointingDoNotMatter(String memory) {
        for (String type : List.of("grpo", "bnpo", "dapo", "dr_grpo")) {
            String options = "policy.learning_rate=0 algorithm.beta=0.1 algorithm.loss_type=" + type;
            double loss = update(policy, config(options)).loss();
            float[] gradient = Derivatives.gradient(policy.lm().parameters());
            double split = update(policy, config(options, memory.split(" "))).loss();
            // The same terms in another order of summation.
            assertThat(split).isCloseTo(loss, within(1e-6));
            Derivatives.assertSame(Derivatives.gradient(policy.lm().parameters()), gradient, 1e-5);
        }
    }

    @Test
    void theOrderOfThePromptsDoesNotMatter() {
        String options = "policy.learning_rate=0 algorithm.beta=0.1";
        update(policy, config(options));
        float[] gradient = Derivatives.gradient(policy.lm().parameters());
        int[] order = {3, 0, 4, 2, 1};
        batch = Batches.select(batch, order);
        rewards = Arrays.stream(order).mapToObj(i -> rewards[i]).toArray(double[][]::new);
        update(policy, config(options));
        Derivatives.assertSame(Derivatives.gradient(policy.lm().parameters()), gradient, 1e-5);
    }

    /**
     * As {@code padding_idx} of transformers' embeddings, also where the token stands in a text; all other tokens'
     * embeddings learn.
     */
    @Test
    void thePaddingTokensEmbeddingDoesNotLearn() {
        int padding = 3;
        int letter = TinyWorld.id('a');
        policy.lm().parameters().train();
        policy.lm().parameters().zeroGradient();
        List<TokenRow> rows = List.of(new TokenRow(new int[] {1, letter, padding, letter + 1}, 1));
        try (LogprobPass pass = policy.lm().pass(rows, 1.0, false, OptionalLong.empty())) {
            pass.backward(new double[][] {{1, 1, 1}}, 1);
        }
        float[] gradient;
        try (Scopes.Frozen scope = Scopes.frozen()) {
            gradient = Tensors.toFloats(
                    policy.lm().parameters().get("model.embed_tokens.weight").grad());
        }
        int width = policy.lm().files().config().hiddenSize();
        assertThat(norm(gradient, padding, width)).isZero();
        assertThat(norm(gradient, letter, width)).isPositive();
    }

    private static double norm(float[] table, int row, int width) {
        double squares = 0;
        for (int i = row * width; i < (row + 1) * width; i++) {
            squares += table[i] * table[i];
        }
        return Math.sqrt(squares);
    }

    /**
     * Every group alone, without the padding that longer neighbours bring: with a mean over sequences the gradients add
     * up to that of the batch.
     */
    @Test
    void paddingDoesNotMatter() {
        String options = "policy.learning_rate=0 algorithm.loss_type=grpo";
        update(policy, config(options));
        float[] whole = Derivatives.gradient(policy.lm().parameters());
        float[] sum = new float[whole.length];
        RolloutBatch all = batch;
        double[][] allRewards = rewards;
        for (int p = 0; p < all.size(); p++) {
            batch = Batches.select(all, p);
            rewards = new double[][] {allRewards[p]};
            update(policy, config(options, "policy.per_device_train_batch_size=1"));
            float[] part = Derivatives.gradient(policy.lm().parameters());
            for (int i = 0; i < sum.length; i++) {
                sum[i] += part[i] / all.size();
            }
        }
        Derivatives.assertSame(whole, sum, 1e-5);
    }
}
