package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.config.LoraConfig;
import dev.flipside.config.OptimiserConfig;
import dev.flipside.engine.AdamW;
import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.ParameterGroup;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import dev.flipside.safetensors.WeightType;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds of any adapter: ways of computing it agree, it starts at its base and leaves the base alone. */
class LoraTest {
    /** float32 sums in another order, relative to the largest number. */
    private static final double ROUNDING = 2e-5;

    /** Of rewards and log-probabilities of size 10, whose weights are rounded to float32 once more by merging. */
    private static final double MERGED = 1e-4;

    @TempDir
    Path directory;

    @BeforeAll
    static void load() {
        NativeLibrary.load();
    }

    private static LoraConfig config(String kind) {
        String some = "target_modules: [q_proj, v_proj, up_proj]";
        return LoraKinds.options(
                switch (kind) {
                    case "lora" -> "r: 3, lora_alpha: 5, modules_to_save: [norm], " + some;
                    case "rslora" -> "r: 3, lora_alpha: 5, use_rslora: true";
                    case "dora" -> "r: 3, lora_alpha: 5, modules_to_save: [lm_head], use_dora: true";
                    case "dropout" -> "r: 3, lora_alpha: 5, lora_dropout: 0.3";
                    case "dora-dropout" -> "r: 3, lora_alpha: 5, lora_dropout: 0.3, use_dora: true, " + some;
                    default -> throw new IllegalArgumentException(kind);
                });
    }

    private Path base(String family) {
        return TinyModels.of(family)
                .config(c -> {
                    if (family.equals("llama")) {
                        c.put("attention_bias", true).put("mlp_bias", true);
                    }
                })
                .write(directory.resolve(family));
    }

    /** An adapter in which every number matters. */
    private CausalLm adapted(String family, String kind) {
        CausalLm lm = fresh(family, kind);
        disturb(lm.parameters(), 0.1);
        return lm;
    }

    private CausalLm fresh(String family, String kind) {
        return CausalLm.adapted(base(family), config(kind), new Seeds(3), Device.CPU, Precision.FLOAT32);
    }

    private static void disturb(Parameters parameters, double size) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor flat = parameters.flat();
            flat.add_(torch.sin(torch.arange(Tensors.scalar(flat.numel()))).mul_(Tensors.scalar(size)));
        }
    }

    private record Result(float[] hidden, float[] gradEmbedded, float[] gradients) {}

    private static Result run(Decoder decoder, BlocksPass pass) {
        try (pass;
                PointerScope scope = new PointerScope()) {
            float[] hidden = Tensors.toFloats(pass.hidden());
            Parameters trained = decoder.weights().trained();
            trained.zeroGradient();
            Tensor gradient = torch.cos(
                            torch.arange(Tensors.scalar(pass.hidden().numel())))
                    .view_as(pass.hidden());
            return new Result(
                    hidden, Tensors.toFloats(pass.backward(gradient, 0)), Tensors.toFloats(trained.gradient()));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "llama,lora",
        "llama,rslora",
        "llama,dora",
        "llama,dropout",
        "llama,dora-dropout",
        "qwen3,dora",
        "qwen3,dropout"
    })
    void byHandIsAutograd(String family, String kind) {
        SplittableRandom random = new SplittableRandom(5);
        RowLayout layout = new SharedPrefixLayout(
                new int[][] {TinyModels.ids(random, 7), TinyModels.ids(random, 3)},
                new int[] {0, 0, 1},
                new int[][] {TinyModels.ids(random, 2), TinyModels.ids(random, 6), TinyModels.ids(random, 4)});
        try (CausalLm lm = adapted(family, kind);
                Scopes.Frozen scope = Scopes.frozen()) {
            lm.parameters().train();
            Decoder decoder = lm.decoder();
            double share = config(kind).loraDropout();
            List<DecoderLayer> layers = decoder.layers();
            if (share > 0) {
                LoraDropout dropout = new LoraDropout(share, 17, layout, Device.CPU);
                layers = layers.stream().map(l -> l.dropping(dropout)).toList();
            }
            Tensor embedded = decoder.embed(layout);
            Result functional = run(decoder, new AutogradPass(decoder, layout, embedded, false, layers));
            for (boolean checkpointing : new boolean[] {false, true}) {
                Result byHand = run(decoder, new PlannedPass(decoder, layout, embedded, checkpointing, layers));
                assertRelative(byHand.hidden, functional.hidden);
                assertRelative(byHand.gradEmbedded, functional.gradEmbedded);
                assertRelative(byHand.gradients, functional.gradients);
            }
            Result again = run(decoder, new AutogradPass(decoder, layout, embedded, true, layers));
            assertRelative(again.gradients, functional.gradients);
        }
    }

    private static void assertRelative(float[] found, float[] wanted) {
        assertThat(GoldenFixtures.relativeGap(found, wanted)).isLessThan(ROUNDING);
    }

    @ParameterizedTest
    @ValueSource(strings = {"lora", "rslora", "dora"})
    void aNewAdapterChangesNothing(String kind) {
        List<TokenRow> rows = TinyModels.rows(5, 9);
        try (CausalLm lm = fresh("llama", kind);
                CausalLm base = CausalLm.load(base("llama"), Device.CPU);
                CausalLm off = lm.withoutAdapter()) {
            double[][] wanted = base.logprobs(rows, 1).logprobs();
            // DoRA divides by a norm and multiplies by the same one.
            assertThat(GoldenFixtures.largestGap(lm.logprobs(rows, 1).logprobs(), wanted))
                    .isLessThan(kind.equals("dora") ? 1e-5 : Double.MIN_NORMAL);
            disturb(lm.parameters(), 0.2);
            assertThat(GoldenFixtures.largestGap(lm.logprobs(rows, 1).logprobs(), wanted))
                    .isGreaterThan(0.05);
            assertThat(off.logprobs(rows, 1).logprobs()).isDeepEqualTo(wanted);
            assertThat(lm.relativeChange(base("llama"))).isGreaterThan(0.01);
        }
    }

    @Test
    void anOptimiserMovesTheAdapterAndNothingElse() {
        List<TokenRow> rows = TinyModels.rows(4, 8);
        try (CausalLm lm = fresh("llama", "dora");
                CausalLm copy = lm.copy();
                Parameters before = lm.backbone().orElseThrow().weights().copy();
                AdamW adam = new AdamW(
                        List.of(new ParameterGroup("policy", lm.parameters(), 0)),
                        OptimiserConfig.withLearningRate(0.01))) {
            assertThat(lm.parameters().elements()).isLessThan(lm.elements());
            double[][] first = lm.logprobs(rows, 1).logprobs();
            DecodingWeights packed = new DecodingWeights(lm.decoder(), 4);
            assertThat(packed.current()).isTrue();
            for (int step = 0; step < 2; step++) {
                adam.zeroGradient();
                try (LogprobPass pass = lm.pass(rows, 1, false)) {
                    pass.backward(Arrays.stream(pass.logprobs())
                            .map(r -> Arrays.stream(r).map(x -> -1).toArray())
                            .toArray(double[][]::new));
                }
                adam.step(1, 0.01);
            }
            assertThat(packed.current()).isFalse();
            packed.close();
            assertThat(GoldenFixtures.largestGap(lm.logprobs(rows, 1).logprobs(), first))
                    .isGreaterThan(1e-2);
            assertThat(copy.logprobs(rows, 1).logprobs()).isDeepEqualTo(first);
            assertThat(copy.backbone().orElseThrow().weights())
                    .isSameAs(lm.backbone().orElseThrow().weights());
            try (Scopes.Frozen scope = Scopes.frozen()) {
                assertThat(lm.backbone().orElseThrow().weights().flat().equal(before.flat()))
                        .isTrue();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"llama,lora", "llama,dora", "qwen3,rslora"})
    void decodingReadsTheAdapter(String family, String kind) {
        SplittableRandom random = new SplittableRandom(7);
        int[] prompt = TinyModels.ids(random, 6);
        try (CausalLm lm = adapted(family, kind);
                CausalLm base = CausalLm.load(base(family), Device.CPU)) {
            int[] wanted = GoldenFixtures.greedy(lm, prompt, 12);
            double gap = 0;
            for (int v = 0; v < TinyModels.VOCAB; v++) {
                gap = Math.max(gap, Math.abs(Greedy.lastLogits(lm, prompt)[v] - Greedy.lastLogits(base, prompt)[v]));
            }
            assertThat(gap).as("what the adapter changes").isGreaterThan(0.1);
            for (int[] found : GoldenFixtures.cachedGreedy(lm, prompt, TinyModels.ids(random, 3), 12)) {
                assertThat(found).isEqualTo(wanted);
            }
            try (DecodingWeights packed = new DecodingWeights(lm.decoder(), 2);
                    GroupDecoding group = new GroupDecoding(packed, List.of(prompt), 2, 4);
                    Scopes.Frozen scope = Scopes.frozen()) {
                int[] longer = Arrays.copyOf(prompt, prompt.length + 1);
                longer[prompt.length] = 9;
                float[] scores = Tensors.toFloats(group.step(new int[] {5, 9}).select(0, 1));
                assertRelative(scores, Greedy.lastLogits(lm, longer));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"lora", "rslora", "dora"})
    void mergedIsUnmergedWithinRounding(String kind) {
        List<TokenRow> rows = TinyModels.rows(5, 9);
        Path adapter = directory.resolve("adapter");
        Path whole = directory.resolve("whole");
        try (CausalLm lm = adapted("llama", kind);
                CausalLm merged = lm.merged()) {
            double[][] wanted = lm.logprobs(rows, 1).logprobs();
            lm.save(adapter, WeightType.F32);
            merged.save(whole, WeightType.F32);
            try (CausalLm read = CausalLm.load(whole, Device.CPU)) {
                assertThat(read.lora()).isEmpty();
                assertThat(GoldenFixtures.largestGap(read.logprobs(rows, 1).logprobs(), wanted))
                        .isLessThan(MERGED);
                if (kind.equals("rslora")) {
                    read.unmerge(adapter);
                    // Adding and taking away rounds each weight to float32 twice.
                    assertThat(read.relativeChange(base("llama"))).isLessThan(1e-6);
                }
            }
        }
    }

    /**
     * The same whether rows go one by one, padded or behind a shared prompt: what is dropped depends on the step and
     * the tokens alone.
     */
    @ParameterizedTest
    @ValueSource(strings = {"dropout", "dora-dropout"})
    void dropoutDoesNotDependOnTheBatch(String kind) {
        SplittableRandom random = new SplittableRandom(9);
        int[] prompt = TinyModels.ids(random, 12);
        List<TokenRow> rows = java.util.stream.IntStream.range(0, 4)
                .mapToObj(i -> {
                    int[] ids = Arrays.copyOf(prompt, prompt.length + 2 + i);
                    for (int t = prompt.length; t < ids.length; t++) {
                        ids[t] = 3 + random.nextInt(TinyModels.VOCAB - 3);
                    }
                    return new TokenRow(ids, prompt.length);
                })
                .toList();
        try (CausalLm lm = adapted("llama", kind)) {
            float[] together = gradient(lm, List.of(rows), OptionalLong.of(5));
            float[] alone = gradient(lm, rows.stream().map(List::of).toList(), OptionalLong.of(5));
            assertRelative(alone, together);
            assertThat(gradient(lm, List.of(rows), OptionalLong.of(5))).isEqualTo(together);
            assertThat(gradient(lm, List.of(rows), OptionalLong.of(6))).isNotEqualTo(together);
            assertThat(gradient(lm, List.of(rows), OptionalLong.empty())).isNotEqualTo(together);
            try (LogprobPass evaluating = lm.pass(rows, 1, false)) {
                // The same rows in batches of another shape.
                assertThat(GoldenFixtures.largestGap(
                                evaluating.logprobs(), lm.logprobs(rows, 1).logprobs()))
                        .isLessThan(1e-5);
            }
        }
    }

    private static float[] gradient(CausalLm lm, List<List<TokenRow>> passes, OptionalLong key) {
        lm.parameters().train();
        lm.parameters().zeroGradient();
        for (List<TokenRow> rows : passes) {
            try (LogprobPass pass = lm.pass(rows, 1, false, key)) {
                pass.backward(Arrays.stream(pass.logprobs())
                        .map(r -> Arrays.stream(r).map(x -> 1).toArray())
                        .toArray(double[][]::new));
            }
        }
        return Tensors.toFloats(lm.parameters().gradient());
    }

    @Test
    void dropoutDropsItsShareAndKeepsTheMean() {
        SplittableRandom random = new SplittableRandom(1);
        RowLayout layout = new PaddedLayout(new int[][] {TinyModels.ids(random, 200), TinyModels.ids(random, 200)});
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor x = torch.ones(1, 400, 101);
            LoraDropout dropout = new LoraDropout(0.1, 3, layout, Device.CPU);
            float[] mask = Tensors.toFloats(dropout.mask(2, x));
            int dropped = 0;
            double sum = 0;
            for (float m : mask) {
                dropped += m == 0 ? 1 : 0;
                sum += m;
            }
            // Four standard deviations of 40,400 draws.
            assertThat((double) dropped / mask.length).isCloseTo(0.1, within(0.006));
            assertThat(sum / mask.length).isCloseTo(1.0, within(0.007));
            assertThat(Tensors.toFloats(dropout.mask(3, x))).isNotEqualTo(mask);
        }
    }

    @Test
    void twoModelsShareOneBackbone() {
        Path base = base("llama");
        Path adapter = directory.resolve("reward");
        LoraConfig lora = config("dropout");
        List<ScoredRow> rows = TinyModels.rows(4, 8).stream()
                .map(r -> new ScoredRow(r.ids(), r.promptLength()))
                .toList();
        Scores wanted;
        try (RewardModel model = RewardModel.adapted(base, lora, new Seeds(4), Device.CPU, Precision.FLOAT32)) {
            assertThat(model.hasValueHead()).isTrue();
            disturb(model.trunk(), 0.1);
            model.setValueHead(new SplittableRandom(3).doubles(TinyModels.D).toArray(), 0.5);
            wanted = model.score(rows);
            model.save(adapter, WeightType.F32);
            assertThat(model.elements()).isEqualTo(model.decoder().weights().elements() + TinyModels.D);
        }
        try (CausalLm policy = CausalLm.adapted(base, lora, new Seeds(4), Device.CPU, Precision.FLOAT32)) {
            try (RewardModel shared = RewardModel.load(adapter, Device.CPU, Precision.FLOAT32, policy.backbone());
                    RewardModel own = RewardModel.load(adapter, Device.CPU);
                    RewardModel copy = shared.copy();
                    RewardModel merged = shared.merged()) {
                assertThat(shared.sharesBackbone()).isTrue();
                assertThat(own.sharesBackbone()).isFalse();
                assertThat(shared.decoder().weights().base())
                        .isSameAs(policy.decoder().weights().base());
                for (RewardModel model : List.of(shared, own, copy)) {
                    assertThat(model.score(rows).rewards()).isEqualTo(wanted.rewards());
                    assertThat(model.score(rows).values()).isEqualTo(wanted.values());
                }
                assertThat(GoldenFixtures.largestGap(merged.score(rows).rewards(), wanted.rewards()))
                        .isLessThan(MERGED);
                assertThat(GoldenFixtures.largestGap(merged.score(rows).values(), wanted.values()))
                        .isLessThan(MERGED);
                assertThat(shared.relativeChange(adapter)).isZero();
                disturb(shared.trunk(), 0.1);
                assertThat(shared.relativeChange(adapter)).isGreaterThan(0.001);
            }
            // The policy still has its weights.
            assertThat(policy.logprobs(TinyModels.rows(2, 5), 1).logprobs()[0]).doesNotContain(Double.NaN);
            Path other = TinyModels.llama().write(directory.resolve("other"));
            try (RewardModel elsewhere =
                    RewardModel.adapted(other, lora, new Seeds(4), Device.CPU, Precision.FLOAT32)) {
                elsewhere.save(directory.resolve("elsewhere"), WeightType.F32);
            }
            try (RewardModel elsewhere = RewardModel.load(
                    directory.resolve("elsewhere"), Device.CPU, Precision.FLOAT32, policy.backbone())) {
                assertThat(elsewhere.sharesBackbone()).isFalse();
            }
        }
    }

    /** PEFT's Kaiming initialisation with a = sqrt(5). */
    @Test
    void initialisedAsPeftDoes() {
        try (CausalLm lm = fresh("llama", "dora");
                Scopes.Frozen scope = Scopes.frozen()) {
            Tensor a = lm.parameters().get("model.layers.0.mlp.down_proj.lora_A.weight");
            double bound = 1 / Math.sqrt(TinyModels.F);
            assertThat(a.abs().max().item_double()).isBetween(0.9 * bound, bound);
            assertThat(lm.parameters()
                            .get("model.layers.1.self_attn.v_proj.lora_B.weight")
                            .abs()
                            .max()
                            .item_double())
                    .isZero();
            Tensor rows = lm.backbone()
                    .orElseThrow()
                    .weights()
                    .get("model.layers.1.self_attn.qkv_proj.weight")
                    .narrow(
                            0,
                            (TinyModels.HEADS + TinyModels.KV) * TinyModels.HEAD_DIM,
                            TinyModels.KV * TinyModels.HEAD_DIM);
            assertThat(Tensors.toFloats(lm.parameters().get("model.layers.1.self_attn.v_proj.lora_magnitude_vector")))
                    .isEqualTo(Tensors.toFloats(LowRank.rowNorms(rows)));
            assertThat(Optional.of(lm.lora().orElseThrow().r())).contains(3);
        }
    }
}
