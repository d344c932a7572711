package dev.flipside.algo;

import static dev.flipside.algo.Numbers.assertClose;
import static dev.flipside.algo.Numbers.doubles;
import static dev.flipside.algo.Numbers.matrix;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.algo.Advantages.ScaleRewards;
import java.io.IOException;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Every number of {@code conformance/losses.json} that belongs to this package (made with peers' own code; it is
 * printed with ten digits).
 */
class LossesConformanceTest {
    // Ten printed digits would allow 1e-9; values computed by peers divide by count + 1e-8.
    private static final double TOLERANCE = 1e-7;
    private static final boolean[] BOTH = {true, true};

    private JsonNode numbers;

    @BeforeEach
    void read() throws IOException {
        numbers = Numbers.conformance("losses.json");
    }

    @Test
    void grpoAdvantagesWithEveryPeersEpsilon() {
        JsonNode grpo = numbers.get("grpo_advantages");
        double[] rewards = Groups.flat(matrix(grpo.get("groups")));
        double[] trl = Groups.flat(matrix(grpo.get("eps_1e-4_trl")));
        assertClose(Advantages.grpo(rewards, 4, ScaleRewards.GROUP), trl, TOLERANCE);
        assertClose(
                Advantages.grpo(rewards, 4, ScaleRewards.GROUP, 1e-6),
                Groups.flat(matrix(grpo.get("eps_1e-6_verl"))),
                TOLERANCE);
        assertClose(
                Advantages.grpo(rewards, 4, ScaleRewards.GROUP, 1e-9),
                Groups.flat(matrix(grpo.get("eps_1e-9_openrlhf"))),
                TOLERANCE);
        assertClose(
                Advantages.grpo(rewards, 4, ScaleRewards.NONE), Groups.flat(matrix(grpo.get("scale_none"))), TOLERANCE);
    }

    @Test
    void grpoAdvantagesScaledByTheBatch() {
        JsonNode grpo = numbers.get("grpo_advantages");
        double[] rewards = Groups.flat(matrix(grpo.get("groups")));
        JsonNode batch = grpo.get("scale_batch_eps_1e-4");
        assertClose(Groups.std(rewards), batch.get("std").doubleValue(), TOLERANCE);
        assertClose(Advantages.grpo(rewards, 4, ScaleRewards.BATCH), Groups.flat(matrix(batch.get("adv"))), TOLERANCE);
    }

    @Test
    void grpoAdvantagesAreNotThoseOfTheBiasedStd() {
        JsonNode grpo = numbers.get("grpo_advantages");
        double[] wrong = doubles(grpo.get("WRONG_if_biased_std"));
        double[] ours = Advantages.grpo(matrix(grpo.get("groups"))[0], 4, ScaleRewards.GROUP);
        for (int i = 0; i < wrong.length; i++) {
            // The biased std is sqrt(3/4) of ours.
            assertThat(wrong[i] / ours[i]).isBetween(1.15, 1.16);
        }
    }

    @Test
    void unscorableRewardIsLeftOut() {
        JsonNode unscorable = numbers.get("grpo_advantages").get("unscorable_nan");
        double[] rewards = doubles(unscorable.get("rewards"));
        double[] ours = Advantages.grpo(rewards, 3, ScaleRewards.GROUP);
        assertClose(ours, doubles(unscorable.get("adv_eps_1e-4")), TOLERANCE);
        assertThat(ours[1]).isZero();
    }

    @Test
    void rlooAdvantages() {
        JsonNode rloo = numbers.get("rloo_advantages");
        for (int i = 0; i < rloo.get("rewards").size(); i++) {
            double[] rewards = doubles(rloo.get("rewards").get(i));
            assertClose(
                    Advantages.rloo(rewards, rewards.length),
                    doubles(rloo.get("adv").get(i)),
                    TOLERANCE);
        }
        JsonNode kl = rloo.get("kl_in_reward");
        double[] penalised = Advantages.klInReward(
                doubles(kl.get("rewards")),
                doubles(kl.get("kl_sum")),
                kl.get("beta").doubleValue());
        assertClose(Advantages.rloo(penalised, 3), doubles(kl.get("adv")), TOLERANCE);
    }

    private static PolicyLoss.Options options(ImportanceSampling level, double epsilon, double epsilonHigh) {
        return new PolicyLoss.Options(
                level, new Surrogate.Clipped(epsilon, epsilonHigh, OptionalDouble.empty()), 0.0, Kl.K3);
    }

    private PolicyLoss.Evaluation policy(LossAggregation aggregation, PolicyLoss.Options options) {
        JsonNode node = numbers.get("policy_loss");
        return PolicyLoss.evaluate(
                matrix(node.get("new_logp")),
                matrix(node.get("old_logp")),
                Optional.empty(),
                doubles(node.get("adv")),
                BOTH,
                aggregation,
                options);
    }

    @Test
    void tokenLossUnderEveryAggregation() {
        int[] lengths = {3, 1};
        for (double high : new double[] {0.2, 0.28}) {
            JsonNode expected = numbers.get("policy_loss").get("eps_0.2_" + high);
            PolicyLoss.Options options = options(ImportanceSampling.TOKEN, 0.2, high);
            assertClose(
                    policy(LossAggregation.grpo(lengths, BOTH), options).loss(),
                    expected.get("seq_mean_token_mean").doubleValue(),
                    TOLERANCE);
            assertClose(
                    policy(LossAggregation.bnpo(lengths, BOTH), options).loss(),
                    expected.get("token_mean").doubleValue(),
                    TOLERANCE);
            assertClose(
                    policy(LossAggregation.dapo(4, 1), options).loss(),
                    expected.get("token_mean").doubleValue(),
                    TOLERANCE);
            assertClose(
                    policy(LossAggregation.drGrpo(lengths, BOTH, 4), options).loss(),
                    expected.get("dr_grpo_maxlen_4").doubleValue(),
                    TOLERANCE);
            // A maximum of one token makes Dr. GRPO's divisor the number of sequences, and a divisor of 1 leaves the
            // sum.
            assertClose(
                    policy(LossAggregation.drGrpo(lengths, BOTH, 1), options).loss(),
                    expected.get("seq_mean_token_sum").doubleValue(),
                    TOLERANCE);
            assertClose(
                    policy(new LossAggregation(false, 1), options).loss(),
                    expected.get("token_sum").doubleValue(),
                    TOLERANCE);
        }
    }

    @Test
    void lossOfEachTokenAndItsRatio() {
        JsonNode node = numbers.get("policy_loss");
        PolicyLoss.Options options = options(ImportanceSampling.TOKEN, 0.2, 0.2);
        for (int i = 0; i < 2; i++) {
            double[] expected = doubles(node.get("eps_0.2_0.2").get("per_token").get(i));
            double[] ratios = doubles(node.get("token_ratios").get(i));
            for (int t = 0; t < expected.length; t++) {
                PolicyLoss.Evaluation token = PolicyLoss.evaluate(
                        new double[][] {{node.get("new_logp").get(i).get(t).doubleValue()}},
                        new double[][] {{node.get("old_logp").get(i).get(t).doubleValue()}},
                        Optional.empty(),
                        new double[] {node.get("adv").get(i).doubleValue()},
                        new boolean[] {true},
                        new LossAggregation(false, 1),
                        options);
                assertClose(token.loss(), expected[t], TOLERANCE);
                assertClose(token.statistics().ratioMean(), ratios[t], TOLERANCE);
            }
        }
    }

    @Test
    void tokenLossGradientsAndStatistics() {
        JsonNode expected = numbers.get("policy_loss").get("eps_0.2_0.28");
        PolicyLoss.Options options = options(ImportanceSampling.TOKEN, 0.2, 0.28);
        PolicyLoss.Evaluation tokenMean = policy(LossAggregation.bnpo(new int[] {3, 1}, BOTH), options);
        assertClose(tokenMean.gradient(), matrix(expected.get("grad_token_mean")), TOLERANCE);
        assertClose(
                policy(LossAggregation.grpo(new int[] {3, 1}, BOTH), options).gradient(),
                matrix(expected.get("grad_seq_mean_token_mean")),
                TOLERANCE);
        PolicyLossStatistics statistics = tokenMean.statistics();
        assertClose(
                statistics.clipRatioRegion(),
                expected.get("clip_fraction_token_mean").doubleValue(),
                0.0);
        assertClose(
                statistics.approxKl(), expected.get("approx_kl_old_minus_new").doubleValue(), TOLERANCE);
    }

    @Test
    void gspo() {
        JsonNode gspo = numbers.get("policy_loss").get("gspo");
        LossAggregation mean = LossAggregation.grpo(new int[] {3, 1}, BOTH);
        PolicyLoss.Evaluation wide = policy(mean, options(ImportanceSampling.SEQUENCE, 0.2, 0.2));
        assertClose(wide.loss(), gspo.get("eps_0.2_0.2").get("loss").doubleValue(), TOLERANCE);
        assertClose(wide.gradient(), matrix(gspo.get("eps_0.2_0.2").get("grad")), TOLERANCE);
        double[] ratios = doubles(gspo.get("seq_ratios"));
        assertClose(wide.statistics().ratioMin(), ratios[0], TOLERANCE);
        assertClose(wide.statistics().ratioMax(), ratios[1], TOLERANCE);

        JsonNode expected = gspo.get("eps_3e-4_4e-4");
        PolicyLoss.Evaluation recipe = policy(mean, options(ImportanceSampling.SEQUENCE, 3e-4, 4e-4));
        assertClose(recipe.loss(), expected.get("loss").doubleValue(), TOLERANCE);
        assertClose(recipe.gradient(), matrix(expected.get("grad")), TOLERANCE);
        assertThat(recipe.statistics().clipRatioRegion())
                .isEqualTo(expected.get("clip_fraction_per_sequence_trl").doubleValue())
                .isNotEqualTo(
                        expected.get("clip_fraction_per_token_verl_openrlhf").doubleValue());
    }

    @Test
    void rlooRatioIsThatOfTheWholeSequence() {
        JsonNode rloo = numbers.get("policy_loss").get("rloo_sequence_sum_ratio");
        PolicyLoss.Evaluation ours = policy(
                LossAggregation.grpo(new int[] {3, 1}, BOTH), options(ImportanceSampling.SEQUENCE_SUM, 0.2, 0.2));
        assertClose(ours.loss(), rloo.get("eps_0.2_0.2_loss").doubleValue(), TOLERANCE);
        double[] ratios = doubles(rloo.get("seq_ratios"));
        assertClose(ours.statistics().ratioMax(), ratios[0], TOLERANCE);
        assertClose(ours.statistics().ratioMin(), ratios[1], TOLERANCE);
    }

    @Test
    void dualClipIsDelta() {
        PolicyLoss.Options options = new PolicyLoss.Options(
                ImportanceSampling.TOKEN, new Surrogate.Clipped(0.2, 0.2, OptionalDouble.of(3)), 0, Kl.K3);
        for (JsonNode one : numbers.get("policy_loss").get("dual_clip_c3")) {
            PolicyLoss.Evaluation ours = PolicyLoss.evaluate(
                    new double[][] {{Math.log(one.get("ratio").doubleValue())}},
                    new double[][] {{0}},
                    Optional.empty(),
                    new double[] {one.get("adv").doubleValue()},
                    new boolean[] {true},
                    LossAggregation.dapo(1, 1),
                    options);
            assertClose(ours.loss(), one.get("loss").doubleValue(), TOLERANCE);
        }
    }

    @Test
    void accumulationTrapIsAvoidedByTheBatchesNormaliser() {
        JsonNode node = numbers.get("policy_loss");
        JsonNode trap = node.get("accumulation_trap");
        double global = 0;
        double meanOfMeans = 0;
        for (int i = 0; i < 2; i++) {
            for (LossAggregation aggregation : new LossAggregation[] {
                LossAggregation.dapo(4, 1),
                LossAggregation.bnpo(new int[] {node.get("new_logp").get(i).size()}, new boolean[] {true})
            }) {
                double loss = PolicyLoss.evaluate(
                                new double[][] {doubles(node.get("new_logp").get(i))},
                                new double[][] {doubles(node.get("old_logp").get(i))},
                                Optional.empty(),
                                new double[] {node.get("adv").get(i).doubleValue()},
                                new boolean[] {true},
                                aggregation,
                                options(ImportanceSampling.TOKEN, 0.2, 0.2))
                        .loss();
                if (aggregation.divisor() == 4) {
                    global += loss;
                } else {
                    meanOfMeans += loss / 2;
                }
            }
        }
        assertClose(global, trap.get("dapo_global_tokens").doubleValue(), TOLERANCE);
        // The mistake itself, a normaliser per micro-batch, gives the trap's number: the two rules do differ here.
        assertClose(meanOfMeans, trap.get("mean_of_micro_means").doubleValue(), TOLERANCE);
    }

    @Test
    void klEstimators() {
        JsonNode kl = numbers.get("kl");
        double[] logp = doubles(kl.get("logp"));
        double[] ref = doubles(kl.get("ref"));
        double k3Sum = 0;
        for (int i = 0; i < logp.length; i++) {
            assertClose(Kl.K1.value(logp[i], ref[i]), kl.get("k1").get(i).doubleValue(), TOLERANCE);
            assertClose(Kl.K2.value(logp[i], ref[i]), kl.get("k2").get(i).doubleValue(), TOLERANCE);
            assertClose(Kl.K3.value(logp[i], ref[i]), kl.get("k3").get(i).doubleValue(), TOLERANCE);
            assertClose(
                    Kl.K3.gradient(logp[i], ref[i]),
                    kl.get("k3_grad_wrt_logp").get(i).doubleValue(),
                    TOLERANCE);
            k3Sum += Kl.K3.value(logp[i], ref[i]);
        }
        assertClose(k3Sum / logp.length, kl.get("k3_mean").doubleValue(), TOLERANCE);
    }

    @Test
    void bradleyTerry() {
        JsonNode node = numbers.get("bradley_terry");
        double[] chosen = doubles(node.get("chosen"));
        double[] rejected = doubles(node.get("rejected"));
        for (String name : new String[] {"plain", "margin", "center_0.01", "margin_and_center_0.01"}) {
            JsonNode expected = node.get("case_" + name);
            Optional<double[]> margins =
                    name.contains("margin") ? Optional.of(doubles(node.get("margin"))) : Optional.empty();
            BradleyTerry.Options options = new BradleyTerry.Options(0, name.contains("center") ? 0.01 : 0);
            BradleyTerry.Evaluation ours = BradleyTerry.evaluate(chosen, rejected, margins, 4, options);
            assertClose(ours.loss(), expected.get("loss").doubleValue(), TOLERANCE);
            assertClose(ours.gradChosen(), doubles(expected.get("grad_chosen")), TOLERANCE);
            if (expected.has("grad_rejected")) {
                assertClose(ours.gradRejected(), doubles(expected.get("grad_rejected")), TOLERANCE);
            }
            assertThat(ours.correct() / 4.0)
                    .isEqualTo(node.get("case_plain").get("accuracy_strict").doubleValue());
            if (expected.has("per_pair")) {
                double[] perPair = IntStream.range(0, 4)
                        .mapToDouble(i -> BradleyTerry.evaluate(
                                        new double[] {chosen[i]},
                                        new double[] {rejected[i]},
                                        margins.map(m -> new double[] {m[i]}),
                                        1,
                                        options)
                                .loss())
                        .toArray();
                assertClose(perPair, doubles(expected.get("per_pair")), TOLERANCE);
            }
        }
    }

    @Test
    void bradleyTerryAtExtremeScores() {
        for (JsonNode one : numbers.get("bradley_terry").get("extreme_fp32")) {
            BradleyTerry.Evaluation ours =
                    pair(one.get("chosen").doubleValue(), one.get("rejected").doubleValue());
            assertClose(ours.loss(), one.get("loss").doubleValue(), TOLERANCE);
            assertThat(ours.gradChosen()[0]).isBetween(-1.0, 0.0);
        }
        // Where float32's log(1 + exp(x)) is infinite, ours is exact: the naive form overflows from 89 on.
        assertThat((float) Math.exp(90)).isInfinite();
    }

    @Test
    void nearTieIsNotRoundedToATie() {
        assertThat(numbers.get("bradley_terry").get("bf16_trap").textValue()).contains("9.97 stores as 10.0");
        assertThat(pair(10.0, 9.97).correct()).isOne();
        // bfloat16 keeps the upper 16 bits of a float, and 9.97 rounds to 10: stored so, the pair would be a tie.
        int rounded = (Float.floatToIntBits(9.97f) + 0x8000) & 0xffff0000;
        assertThat(pair(10.0, Float.intBitsToFloat(rounded)).correct()).isZero();
    }

    private static BradleyTerry.Evaluation pair(double chosen, double rejected) {
        return BradleyTerry.evaluate(
                new double[] {chosen}, new double[] {rejected}, Optional.empty(), 1, new BradleyTerry.Options(0, 0));
    }

    @Test
    void valueLoss() {
        JsonNode node = numbers.get("value_loss");
        double[] values = doubles(node.get("pred"));
        double[] targets = doubles(node.get("target"));
        assertClose(
                ValueLoss.clipped(values, doubles(node.get("old")), targets, 0.2, 3)
                        .loss(),
                node.get("clip_0.2").doubleValue(),
                TOLERANCE);
        // Peers halve the squared error; SAVE's value loss does not.
        double[][] rows = Groups.rows(targets, 1);
        assertClose(
                ValueLoss.evaluate(values, rows, 3).loss(),
                2 * node.get("unclipped").doubleValue(),
                TOLERANCE);
    }
}
