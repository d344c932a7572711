package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.config.OptimiserConfig;
import dev.flipside.engine.AdamW;
import dev.flipside.engine.Device;
import dev.flipside.engine.OperatorLog;
import dev.flipside.engine.ParameterGroup;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import dev.flipside.model.family.DecoderConfig;
import dev.flipside.safetensors.WeightType;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a GPU would be asked to do, on a processor that counts as another device ({@link OperatorLog#DEVICE}): nothing
 * is computed on the host, no operator has tensors of both, the host reads once a batch, and the numbers are those of
 * the faster ways of the CPU.
 */
class OtherDeviceTest {
    private static final Device DEVICE = OperatorLog.DEVICE;

    /** float32 sums in another order; relative to the largest number for gradients and weights. */
    private static final double ROUNDING = 5e-5;

    /** All families of docs/models.md, some of them in several kinds. */
    static final List<String> NAMES = Stream.concat(
                    Stream.of("llama", "mistral", "qwen2", "qwen2-window", "qwen3"), GoldenFamiliesTest.NAMES.stream())
            .toList();

    @TempDir
    Path directory;

    /** Frequencies that depend on the length of a text are made on the host, for each length. */
    private static void assertNothingElsewhere(OperatorLog log, String name) {
        assertThat(log.outer(OperatorLog.Call::mixes)).isEmpty();
        if (!name.endsWith("-dynamic")) {
            assertThat(log.outer(OperatorLog.Call::onHost)).isEmpty();
        }
    }

    /** Routers say once a layer how many tokens each expert has. */
    private static void assertReads(OperatorLog log, DecoderConfig config, int batches, int others) {
        int layers = (int) IntStream.range(0, config.layers())
                .filter(l -> config.experts(l).isPresent())
                .count();
        assertThat(log.outer(OperatorLog.Call::reads)).hasSize(batches * (1 + layers) + others);
    }

    private static int batches(CausalLm lm) {
        DecoderConfig config = lm.decoder().config();
        return CompletionBatch.split(DeviceComparison.groups(config.vocabSize()), config, Batches.TOKENS)
                .size();
    }

    /** What a step leaves: log-probabilities, the gradient before clipping, and the weights after. */
    private record Step(double[][] logprobs, float[] gradient, float[] weights) {}

    private static Step step(CausalLm lm, boolean checkpointing) {
        List<TokenRow> rows = DeviceComparison.groups(lm.decoder().config().vocabSize());
        try (AdamW adam = new AdamW(
                        List.of(new ParameterGroup("policy", lm.parameters(), 0.01)),
                        OptimiserConfig.withLearningRate(1e-3));
                PointerScope scope = new PointerScope();
                LogprobPass pass = lm.pass(rows, 0.9, checkpointing, OptionalLong.empty())) {
            pass.backward(DeviceComparison.slopes(pass.logprobs()));
            float[] gradient = Tensors.toFloats(lm.parameters().gradient());
            adam.step(1 / adam.gradientNorm(), 1e-3);
            return new Step(
                    pass.logprobs(), gradient, Tensors.toFloats(lm.parameters().flat()));
        }
    }

    private static void assertEqual(Step found, Step wanted) {
        assertThat(GoldenFixtures.largestGap(found.logprobs, wanted.logprobs)).isLessThan(ROUNDING);
        assertThat(GoldenFixtures.relativeGap(found.gradient, wanted.gradient)).isLessThan(ROUNDING);
        // AdamW's first step moves a weight by the learning rate in the direction of its gradient, whatever its size:
        // one whose gradient is nothing but rounding goes anywhere.
        int moved = 0;
        for (int i = 0; i < wanted.weights.length; i++) {
            moved += Math.abs(found.weights[i] - wanted.weights[i]) > 1e-4 ? 1 : 0;
        }
        assertThat((double) moved / wanted.weights.length).isLessThan(0.01);
    }

    @ParameterizedTest
    @FieldSource("NAMES")
    void trainingStep(String name) {
        Path model = GoldenFixtures.directory(name);
        Step wanted;
        try (CausalLm lm = CausalLm.load(model, Device.CPU)) {
            wanted = step(lm, false);
        }
        try (OperatorLog log = new OperatorLog();
                CausalLm lm = CausalLm.load(model, DEVICE)) {
            log.forget();
            Step found = step(lm, false);
            assertNothingElsewhere(log, name);
            // The norm, and what this test reads.
            assertReads(log, lm.decoder().config(), batches(lm), 1 + 2);
            assertEqual(found, wanted);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "gemma3_text", "gpt2", "mixtral"})
    void checkpointing(String name) {
        Path model = GoldenFixtures.directory(name);
        Step wanted;
        try (CausalLm lm = CausalLm.load(model, Device.CPU)) {
            wanted = step(lm, false);
        }
        try (OperatorLog log = new OperatorLog();
                CausalLm lm = CausalLm.load(model, DEVICE)) {
            log.forget();
            assertEqual(step(lm, true), wanted);
            assertNothingElsewhere(log, name);
        }
    }

    /** In bfloat16 weights, gradients and log-probabilities are float32, and products are not. */
    @ParameterizedTest
    @FieldSource("NAMES")
    void bfloat16(String name) {
        Path model = GoldenFixtures.directory(name);
        double[][] wanted;
        List<TokenRow> rows;
        try (CausalLm lm = CausalLm.constant(model, Device.CPU, Precision.BFLOAT16)) {
            rows = DeviceComparison.groups(lm.decoder().config().vocabSize());
            wanted = lm.logprobs(rows, 0.9).logprobs();
        }
        try (OperatorLog log = new OperatorLog();
                CausalLm lm = CausalLm.load(model, DEVICE, Precision.BFLOAT16);
                CausalLm frozen = lm.constantCopy();
                CausalLm constant = CausalLm.constant(model, DEVICE, Precision.BFLOAT16)) {
            log.forget();
            double[][] found = lm.logprobs(rows, 0.9).logprobs();
            assertNothingElsewhere(log, name);
            assertReads(log, lm.decoder().config(), batches(lm), 0);
            // The CPU rounds weights and nothing else, a GPU their partners and attention too, by up to 2^-9: some
            // twenty products in a row, as RoundedGenerationTest has it, make hundredths.
            assertThat(meanGap(found, wanted)).isLessThan(0.05);
            assertThat(frozen.logprobs(rows, 0.9).logprobs()).isEqualTo(found);
            assertThat(constant.logprobs(rows, 0.9).logprobs()).isEqualTo(found);
            Step step = step(lm, false);
            // Weights are rounded to the same numbers in training as for sampling.
            assertThat(GoldenFixtures.largestGap(step.logprobs, found)).isLessThan(ROUNDING);
            assertNothingElsewhere(log, name);
        }
    }

    @ParameterizedTest
    @CsvSource({"pissa, false", "bias-lora-only, false", "vocabulary-dora, true", "tokens, true"})
    void adaptersInBfloat16(String kind, boolean tied) {
        LoraKinds kinds = new LoraKinds(directory);
        Path files = directory.resolve("policy");
        try (CausalLm policy = kinds.adapted(kind, tied)) {
            policy.save(files, WeightType.F32);
        }
        List<TokenRow> rows = DeviceComparison.groups(TinyModels.VOCAB);
        double[][] wanted;
        try (CausalLm policy = CausalLm.load(files, Device.CPU, Precision.BFLOAT16)) {
            wanted = policy.logprobs(rows, 0.9).logprobs();
        }
        try (OperatorLog log = new OperatorLog();
                CausalLm policy = CausalLm.load(files, DEVICE, Precision.BFLOAT16)) {
            double[][] found = policy.logprobs(rows, 0.9).logprobs();
            // As without an adapter; two more products in each.
            assertThat(meanGap(found, wanted)).isLessThan(0.05);
            assertThat(GoldenFixtures.largestGap(step(policy, false).logprobs, found))
                    .isLessThan(ROUNDING);
            assertThat(log.outer(OperatorLog.Call::mixes)).isEmpty();
        }
    }

    /** What bench/gpu.sh prints of a card. */
    @Test
    void comparisonOfDevices() {
        Path model = GoldenFixtures.directory("qwen3");
        DeviceComparison.Gaps same = DeviceComparison.of(model, DEVICE, Precision.FLOAT32);
        assertThat(Math.max(same.logprobs(), Math.max(same.scores(), same.gradient())))
                .isLessThan(ROUNDING);
        assertThat(same.greedy()).isEqualTo(same.tokens());
        assertThat(same.weights()).isLessThan(0.01);
        DeviceComparison.Gaps rounded = DeviceComparison.of(model, DEVICE, Precision.BFLOAT16);
        assertThat(rounded.logprobs()).isBetween(1e-4, 0.5);
        assertThat(rounded.gradient()).isBetween(1e-4, 0.5);
    }

    private static double meanGap(double[][] found, double[][] wanted) {
        double sum = 0;
        int count = 0;
        for (int r = 0; r < wanted.length; r++) {
            for (int t = 0; t < wanted[r].length; t++, count++) {
                sum += Math.abs(found[r][t] - wanted[r][t]);
            }
        }
        return sum / count;
    }

    private static List<ScoredRow> scoredRows(RewardModel model) {
        return DeviceComparison.groups(model.decoder().config().vocabSize()).stream()
                .map(row -> new ScoredRow(row.ids(), row.promptLength()))
                .toList();
    }

    private static double[] scores(RewardModel model, Optional<OperatorLog> log) {
        List<ScoredRow> rows = scoredRows(model);
        log.ifPresent(OperatorLog::forget);
        double[] scores = model.score(rows).rewards();
        int batches = RewardBatch.split(
                        PromptValues.of(rows),
                        OptionalInt.of(0),
                        model.decoder().config(),
                        Batches.TOKENS)
                .size();
        log.ifPresent(l -> assertReads(l, model.decoder().config(), batches, 0));
        double[] slopes = new SplittableRandom(2).doubles(scores.length, -1, 1).toArray();
        try (RewardPass pass = model.pass(rows, false)) {
            assertThat(pass.rewards()).containsExactly(scores, within(ROUNDING));
            pass.backward(slopes, slopes, 1);
        }
        return scores;
    }

    @ParameterizedTest
    @FieldSource("NAMES")
    void rewardModel(String name) {
        Path model = GoldenFixtures.directory(name);
        Seeds seeds = new Seeds(4);
        double[] wanted;
        float[] gradient;
        try (RewardModel cpu = RewardModel.fromBackbone(model, Device.CPU, seeds)) {
            wanted = scores(cpu, Optional.empty());
            gradient = FamilyInvarianceTest.gradient(cpu.trunk());
        }
        try (OperatorLog log = new OperatorLog();
                RewardModel device = RewardModel.fromBackbone(model, DEVICE, seeds)) {
            assertThat(scores(device, Optional.of(log))).containsExactly(wanted, within(ROUNDING));
            assertNothingElsewhere(log, name);
            assertThat(GoldenFixtures.relativeGap(FamilyInvarianceTest.gradient(device.trunk()), gradient))
                    .isLessThan(ROUNDING);
        }
    }

    /** A policy's and a reward model's adapters on one frozen base. */
    @ParameterizedTest
    @CsvSource({
        "pissa, false",
        "bias-lora-only, false",
        "vocabulary-dora, true",
        "vocabulary-dropout, false",
        "tokens, true"
    })
    void adaptersOnOneBase(String kind, boolean tied) {
        LoraKinds kinds = new LoraKinds(directory);
        Path base = kinds.base(tied);
        Path policyFiles = directory.resolve("policy");
        Path rewardFiles = directory.resolve("reward");
        try (CausalLm policy = kinds.adapted(kind, tied);
                RewardModel reward = RewardModel.adapted(
                        base, LoraKinds.config("gaussian"), new Seeds(6), Device.CPU, Precision.FLOAT32)) {
            policy.save(policyFiles, WeightType.F32);
            reward.save(rewardFiles, WeightType.F32);
        }
        Step wanted;
        double[] scores;
        try (CausalLm policy = CausalLm.load(policyFiles, Device.CPU);
                RewardModel reward = RewardModel.load(rewardFiles, Device.CPU, Precision.FLOAT32, policy.backbone())) {
            scores = scores(reward, Optional.empty());
            wanted = step(policy, false);
        }
        try (OperatorLog log = new OperatorLog();
                CausalLm policy = CausalLm.load(policyFiles, DEVICE);
                RewardModel reward = RewardModel.load(rewardFiles, DEVICE, Precision.FLOAT32, policy.backbone())) {
            assertThat(reward.sharesBackbone()).isTrue();
            assertThat(scores(reward, Optional.of(log))).containsExactly(scores, within(ROUNDING));
            assertEqual(step(policy, false), wanted);
            assertNothingElsewhere(log, kind);
        }
    }
}
