package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.ParameterSlot;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import dev.flipside.safetensors.WeightType;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Bfloat16 on the CPU is the float32 model whose matrices are bfloat16 numbers: every way that computes must agree with
 * that model to float32's rounding, which a weight that is rounded twice, or not at all, would exceed a hundredfold.
 */
class RoundedModelTest {
    /** float32 sums in another order. */
    private static final double ROUNDING = 2e-5;

    @TempDir
    Path directory;

    private LoraKinds kinds;

    @BeforeEach
    void load() {
        NativeLibrary.load();
        kinds = new LoraKinds(directory);
    }

    /** Rounds every matrix in place. */
    private static void round(Parameters weights) {
        round(weights, slot -> true);
    }

    private static void round(Parameters weights, Predicate<String> chosen) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            for (ParameterSlot slot : weights.slots()) {
                if (slot.shape().length == 2 && slot.shape()[0] > 1 && chosen.test(slot.name())) {
                    Tensor weight = weights.get(slot.name());
                    weight.copy_(weight.to(ScalarType.BFloat16).to(ScalarType.Float));
                }
            }
        }
    }

    private static List<TokenRow> rows(CausalLm lm) {
        SplittableRandom random = new SplittableRandom(3);
        int most = Math.min(TinyModels.VOCAB, lm.files().config().vocabSize());
        int[] prompt = ids(random, 5, most);
        return IntStream.range(0, 5)
                .mapToObj(i -> {
                    // Three rows of one prompt, which share it, and two others.
                    int[] own = i < 3 ? prompt : ids(random, 2 + i, most);
                    int[] all = Arrays.copyOf(own, own.length + 4 + i);
                    System.arraycopy(ids(random, 4 + i, most), 0, all, own.length, 4 + i);
                    return new TokenRow(all, own.length);
                })
                .toList();
    }

    private static int[] ids(SplittableRandom random, int count, int most) {
        return IntStream.range(0, count).map(i -> random.nextInt(3, most)).toArray();
    }

    private static double largestGap(double[][] actual, double[][] expected) {
        return IntStream.range(0, actual.length)
                .mapToDouble(i -> IntStream.range(0, actual[i].length)
                        .mapToDouble(j -> Math.abs(actual[i][j] - expected[i][j]))
                        .max()
                        .orElse(0))
                .max()
                .orElseThrow();
    }

    /** Log-probabilities without and with a backward pass, the gradients of it, and scores step by step. */
    private static void assertSame(CausalLm rounded, CausalLm expected, OptionalLong dropout) {
        List<TokenRow> rows = rows(rounded);
        assertThat(largestGap(
                        rounded.logprobs(rows, 0.8).logprobs(),
                        expected.logprobs(rows, 0.8).logprobs()))
                .isLessThan(ROUNDING);
        double[][] ofPass = backward(rounded, rows, dropout);
        assertThat(largestGap(ofPass, backward(expected, rows, dropout))).isLessThan(ROUNDING);
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor gradient = rounded.parameters().gradient();
            Tensor wanted = expected.parameters().gradient();
            double scale = wanted.abs().max().item_double();
            assertThat(scale).isPositive();
            assertThat(gradient.sub(wanted).abs().max().item_double()).isLessThan(1e-4 * scale);
        }
        int[] ids = rows.get(4).ids();
        assertThat(Greedy.lastLogits(rounded, ids))
                .hasSize(rounded.files().config().vocabSize());
        assertThat(gap(Greedy.lastLogits(rounded, ids), Greedy.lastLogits(expected, ids)))
                .isLessThan(10 * ROUNDING);
        assertSteps(rounded, ids, expected);
    }

    private static double[][] backward(CausalLm lm, List<TokenRow> rows, OptionalLong dropout) {
        lm.parameters().train();
        lm.parameters().zeroGradient();
        try (LogprobPass pass = lm.pass(rows, 0.8, false, dropout)) {
            double[][] logprobs = pass.logprobs();
            pass.backward(Arrays.stream(logprobs)
                    .map(row -> IntStream.range(0, row.length)
                            .mapToDouble(i -> Math.cos(i))
                            .toArray())
                    .toArray(double[][]::new));
            return logprobs;
        }
    }

    private static double gap(float[] actual, float[] expected) {
        return IntStream.range(0, actual.length)
                .mapToDouble(i -> Math.abs(actual[i] - expected[i]))
                .max()
                .orElseThrow();
    }

    /** One token after another over a cache, and in planned steps where the plan has them. */
    private static void assertSteps(CausalLm rounded, int[] ids, CausalLm expected) {
        int[] prompt = Arrays.copyOf(ids, ids.length - 1);
        int token = ids[ids.length - 1];
        float[] wanted = Greedy.lastLogits(expected, ids);
        try (KvCache cache = rounded.decoder().prefill(List.of(prompt), new int[] {2}, 2);
                Scopes.Frozen scope = Scopes.frozen()) {
            Tensor tokens = Tensors.ofLongs(new long[] {5, token}, Device.CPU, 2);
            Tensor scores = rounded.decoder().logits(rounded.decoder().step(tokens, cache));
            assertThat(gap(Tensors.toFloats(scores.select(0, 1)), wanted)).isLessThan(10 * ROUNDING);
        }
        if (rounded.decoder().plan().decoding()) {
            try (DecodingWeights packed = new DecodingWeights(rounded.decoder(), 2);
                    GroupDecoding group = new GroupDecoding(packed, List.of(prompt), 2, 2);
                    Scopes.Frozen scope = Scopes.frozen()) {
                Tensor scores = group.step(new int[] {5, token}).select(0, 1);
                assertThat(gap(Tensors.toFloats(scores), wanted)).isLessThan(10 * ROUNDING);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama",
                "mistral",
                "qwen2",
                "qwen3",
                "gemma2",
                "gemma3_text",
                "phi3",
                "olmo2",
                "granite",
                "stablelm",
                "starcoder2",
                "gpt_neox",
                "gpt2",
                "mixtral",
                "qwen3_moe",
                "llama-yarn"
            })
    void everyFamilyComputesWithRoundedMatrices(String family) {
        Path model = GoldenFixtures.directory(family);
        try (CausalLm rounded = CausalLm.load(model, Device.CPU, Precision.BFLOAT16);
                CausalLm expected = CausalLm.load(model, Device.CPU)) {
            round(expected.parameters());
            assertSame(rounded, expected, OptionalLong.empty());
        }
    }

    /** Changes of the weights reach every way of computing. */
    @Test
    void aTrainedModelIsRoundedAnew() {
        Path model = TinyModels.llama().write(directory.resolve("trained"));
        try (CausalLm rounded = CausalLm.load(model, Device.CPU, Precision.BFLOAT16);
                CausalLm expected = CausalLm.load(model, Device.CPU)) {
            for (int change = 0; change < 3; change++) {
                LoraKinds.disturb(rounded.parameters());
                expected.parameters().copyFrom(rounded.parameters());
                round(expected.parameters());
                assertSame(rounded, expected, OptionalLong.empty());
            }
        }
    }

    /** Updates are float32 beside rounded weights, in training and, merged, in decoding. */
    @ParameterizedTest
    @CsvSource({
        "bias-all,false",
        "bias-lora-only,true",
        "lora-bias,true",
        "pissa-dora,false",
        "mica,true",
        "vocabulary,true",
        "vocabulary-dora,true",
        "vocabulary-tied,true",
        "vocabulary-dora-dropout,false",
        "saved,true",
        "saved-embedding,true",
        "tokens,true",
        "tokens,false"
    })
    void adaptersStayAsTheyAre(String kind, boolean tied) {
        Path adapter = directory.resolve("adapter");
        try (CausalLm made = kinds.adapted(kind, tied)) {
            made.save(adapter, WeightType.F32);
        }
        try (CausalLm rounded = CausalLm.load(adapter, Device.CPU, Precision.BFLOAT16);
                CausalLm expected = CausalLm.load(adapter, Device.CPU)) {
            Lora lora = expected.decoder().weights().lora().orElseThrow();
            Parameters base = expected.backbone().orElseThrow().weights();
            round(base);
            // What stands in the place of the base's matrices is rounded as these are; the factors of an update are
            // not.
            round(lora.frozen(), base::has);
            round(lora.parameters(), lora::replaces);
            assertSame(rounded, expected, OptionalLong.of(7));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "gemma2", "gpt2", "qwen3_moe"})
    void whatNeverLearnsComputesTheSameFromHalfTheMemory(String family) {
        Path model = GoldenFixtures.directory(family);
        try (CausalLm loaded = CausalLm.load(model, Device.CPU, Precision.BFLOAT16);
                CausalLm constant = CausalLm.constant(model, Device.CPU, Precision.BFLOAT16)) {
            List<TokenRow> rows = rows(loaded);
            assertThat(constant.logprobs(rows, 1).logprobs())
                    .isDeepEqualTo(loaded.logprobs(rows, 1).logprobs());
            int[] ids = rows.get(4).ids();
            assertThat(Greedy.lastLogits(constant, ids)).isEqualTo(Greedy.lastLogits(loaded, ids));
            assertSteps(constant, ids, loaded);
            assertThat(constant.elements()).isEqualTo(loaded.elements());
            assertThatThrownBy(() -> constant.parameters().train()).isInstanceOf(IllegalStateException.class);
        }
        try (CausalLm constant = CausalLm.constant(model, Device.CPU, Precision.FLOAT32);
                CausalLm loaded = CausalLm.load(model, Device.CPU)) {
            assertThat(constant.logprobs(rows(loaded), 1).logprobs())
                    .isDeepEqualTo(loaded.logprobs(rows(loaded), 1).logprobs());
        }
    }

    @Test
    void rewardsAreThoseOfTheRoundedModel() {
        Path model = TinyModels.llama().classifier().write(directory.resolve("reward"));
        List<ScoredRow> rows = IntStream.range(0, 4)
                .mapToObj(i -> new ScoredRow(TinyModels.ids(new SplittableRandom(i), 9 + i), 4))
                .toList();
        try (RewardModel rounded = RewardModel.load(model, Device.CPU, Precision.BFLOAT16);
                RewardModel constant = RewardModel.constant(model, Device.CPU, Precision.BFLOAT16);
                RewardModel plain = RewardModel.load(model, Device.CPU);
                RewardModel expected = RewardModel.load(model, Device.CPU)) {
            round(expected.trunk());
            double[] rewards = rounded.score(rows).rewards();
            assertThat(constant.score(rows).rewards()).isEqualTo(rewards);
            double[] wanted = expected.score(rows).rewards();
            double[] unrounded = plain.score(rows).rewards();
            for (int i = 0; i < rewards.length; i++) {
                assertThat(Math.abs(rewards[i] - wanted[i])).isLessThan(ROUNDING);
                assertThat(Math.abs(rewards[i] - unrounded[i])).isGreaterThan(10 * ROUNDING);
            }
        }
    }

    @Test
    void aSavedConstantModelIsTheRoundedOne() {
        Path model = TinyModels.llama()
                .config(c -> c.put("tie_word_embeddings", true))
                .write(directory.resolve("m"));
        Path saved = directory.resolve("saved");
        try (CausalLm constant = CausalLm.constant(model, Device.CPU, Precision.BFLOAT16)) {
            constant.save(saved, WeightType.F32);
        }
        try (CausalLm again = CausalLm.load(saved, Device.CPU);
                CausalLm expected = CausalLm.load(model, Device.CPU)) {
            round(expected.parameters());
            assertThat(again.parameters().flat().equal(expected.parameters().flat()))
                    .isTrue();
        }
    }

    @Test
    void newAdaptersComeToTheSame() {
        Path base = kinds.base(false);
        try (CausalLm rounded = CausalLm.adapted(
                        base, LoraKinds.config("patterns"), new Seeds(3), Device.CPU, Precision.BFLOAT16);
                CausalLm plain = CausalLm.load(base, Device.CPU, Precision.BFLOAT16)) {
            List<TokenRow> rows = rows(plain);
            assertThat(largestGap(
                            rounded.logprobs(rows, 1).logprobs(),
                            plain.logprobs(rows, 1).logprobs()))
                    .isLessThan(1e-12);
        }
    }
}
