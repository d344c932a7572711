package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.LoraConfig;
import dev.flipside.config.LoraConfig.Bias;
import dev.flipside.config.LoraConfig.Initialisation;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import dev.flipside.safetensors.WeightType;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** New adapters of every kind that a configuration can ask for, on tied and untied models. */
class LoraKindsTest {
    /** Relative to the largest number; float32 and other orders of sums. */
    private static final double ROUNDING = 2e-4;

    @TempDir
    Path directory;

    @BeforeAll
    static void load() {
        NativeLibrary.load();
    }

    private static final List<String> VOCABULARY = List.of("q_proj", "embed_tokens", "lm_head");

    private static LoraConfig config(String kind) {
        List<String> some = List.of("q_proj", "v_proj", "up_proj");
        return switch (kind) {
            case "bias-all" -> with(some, null, 0, false, Bias.ALL, false, Initialisation.DEFAULT, false);
            case "bias-lora-only" -> with(some, null, 0, true, Bias.LORA_ONLY, false, Initialisation.DEFAULT, false);
            case "lora-bias" -> with(some, null, 0, false, Bias.ALL, true, Initialisation.DEFAULT, false);
            case "pissa" -> with(some, null, 0, false, Bias.NONE, false, Initialisation.PISSA, false);
            case "pissa-dora" -> with(some, null, 0, true, Bias.NONE, false, Initialisation.PISSA, false);
            case "olora" -> with(some, null, 0, false, Bias.NONE, false, Initialisation.OLORA, false);
            case "gaussian" -> with(some, null, 0, false, Bias.NONE, false, Initialisation.GAUSSIAN, false);
            case "orthogonal" -> with(some, null, 0, false, Bias.NONE, false, Initialisation.ORTHOGONAL, false);
            case "mica" -> with(VOCABULARY, null, 0, false, Bias.NONE, false, Initialisation.MICA, false);
            case "vocabulary" -> with(VOCABULARY, null, 0, false, Bias.NONE, false, Initialisation.DEFAULT, false);
            case "vocabulary-dora" -> with(VOCABULARY, null, 0, true, Bias.NONE, false, Initialisation.DEFAULT, false);
            case "vocabulary-tied" -> with(VOCABULARY, null, 0, false, Bias.NONE, false, Initialisation.DEFAULT, true);
            case "vocabulary-dropout" ->
                with(VOCABULARY, null, 0.3, false, Bias.NONE, false, Initialisation.DEFAULT, false);
            case "vocabulary-tied-dropout" ->
                with(VOCABULARY, null, 0.3, false, Bias.NONE, false, Initialisation.DEFAULT, true);
            case "vocabulary-dora-dropout" ->
                with(VOCABULARY, null, 0.3, true, Bias.NONE, false, Initialisation.DEFAULT, false);
            case "saved" -> with(some, List.of("lm_head"), 0, false, Bias.NONE, false, Initialisation.DEFAULT, false);
            case "saved-embedding" ->
                with(some, List.of("embed_tokens"), 0, false, Bias.NONE, false, Initialisation.DEFAULT, false);
            case "saved-tied" ->
                with(some, List.of("lm_head"), 0, false, Bias.NONE, false, Initialisation.DEFAULT, true);
            case "patterns" ->
                new LoraConfig(
                        4,
                        8.0,
                        0.0,
                        null,
                        null,
                        false,
                        false,
                        null,
                        null,
                        null,
                        Map.of("q_proj", 2),
                        Map.of("v_proj|o_proj", 3.0),
                        List.of("up_proj"),
                        List.of(1),
                        null,
                        null);
            case "tokens" ->
                new LoraConfig(
                        4,
                        8.0,
                        0.0,
                        some,
                        null,
                        false,
                        false,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        List.of(9, 3, 7),
                        null);
            default -> throw new IllegalArgumentException(kind);
        };
    }

    private static LoraConfig with(
            List<String> targets,
            List<String> saved,
            double dropout,
            boolean dora,
            Bias bias,
            boolean loraBias,
            Initialisation initialisation,
            boolean tied) {
        return new LoraConfig(
                4,
                6.0,
                dropout,
                targets,
                saved,
                false,
                dora,
                bias,
                loraBias,
                initialisation,
                null,
                null,
                null,
                null,
                null,
                tied);
    }

    private Path base(boolean tied) {
        ObjectNode config = TinyModels.config(
                "llama",
                c -> c.put("attention_bias", true).put("mlp_bias", true).put("tie_word_embeddings", tied));
        return TinyModels.write(directory.resolve(tied ? "tied" : "untied"), config);
    }

    private CausalLm fresh(String kind, boolean tied) {
        return CausalLm.adapted(base(tied), config(kind), new Seeds(3), Device.CPU, Precision.FLOAT32);
    }

    private CausalLm adapted(String kind, boolean tied) {
        CausalLm lm = fresh(kind, tied);
        disturb(lm.parameters());
        return lm;
    }

    private static void disturb(Parameters parameters) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor flat = parameters.flat();
            flat.add_(torch.sin(torch.arange(Tensors.scalar(flat.numel()))).mul_(Tensors.scalar(0.1)));
        }
    }

    /** But for rounding, where a part of the weights is taken out and put back. What learns has gradients; what does not is saved and read all the same, to the bit. */
    @ParameterizedTest
    @CsvSource({
        "bias-all,false",
        "bias-lora-only,true",
        "lora-bias,false",
        "pissa,false",
        "pissa-dora,true",
        "olora,true",
        "gaussian,false",
        "orthogonal,false",
        "mica,true",
        "vocabulary,true",
        "vocabulary-dora,false",
        "vocabulary-tied,true",
        "saved,true",
        "saved-embedding,true",
        "saved-tied,true",
        "patterns,false",
        "tokens,true",
        "tokens,false"
    })
    void beginsAsItsBaseTrainsAndIsSaved(String kind, boolean tied) {
        List<TokenRow> rows = TinyModels.rows(5, 9);
        Path saved = directory.resolve("adapter");
        double[][] wanted;
        try (CausalLm lm = fresh(kind, tied);
                CausalLm base = CausalLm.load(base(tied), Device.CPU)) {
            double[][] plain = base.logprobs(rows, 1).logprobs();
            assertThat(GoldenFixtures.largestGap(lm.logprobs(rows, 1).logprobs(), plain))
                    .isLessThan(2e-5);
            assertThat(lm.relativeChange(base(tied))).isLessThan(1e-6);
            disturb(lm.parameters());
            wanted = lm.logprobs(rows, 1).logprobs();
            assertThat(GoldenFixtures.largestGap(wanted, plain)).isGreaterThan(0.01);
            assertThat(lm.relativeChange(base(tied))).isGreaterThan(1e-4);
            try (CausalLm below = lm.withoutAdapter();
                    CausalLm copy = lm.copy()) {
                assertThat(below.logprobs(rows, 1).logprobs()).isDeepEqualTo(plain);
                assertThat(copy.logprobs(rows, 1).logprobs()).isDeepEqualTo(wanted);
            }
            lm.save(saved, WeightType.F32);
            assertThat(lm.relativeChange(saved)).isZero();
        }
        try (CausalLm read = CausalLm.load(saved, Device.CPU)) {
            assertThat(read.logprobs(rows, 1).logprobs()).isDeepEqualTo(wanted);
        }
    }

    /** Derivatives of the sum of log-probabilities along a direction, against differences; the norms of DoRA are constants in gradients, so that only the rest moves there. */
    @ParameterizedTest
    @CsvSource({
        "vocabulary,true",
        "vocabulary-tied,true",
        "vocabulary-dropout,true",
        "vocabulary-dropout,false",
        "vocabulary-tied-dropout,true",
        "vocabulary-dora-dropout,false",
        "vocabulary-dora,true",
        "lora-bias,false",
        "pissa,true",
        "tokens,true",
        "saved-tied,true"
    })
    void gradientsAreThoseOfDifferences(String kind, boolean tied) {
        List<TokenRow> rows = TinyModels.rows(5, 9);
        Predicate<String> moves = kind.contains("dora") ? name -> name.endsWith(AdapterLayout.MAGNITUDE) : name -> true;
        try (CausalLm lm = adapted(kind, tied);
                Scopes.Frozen scope = Scopes.frozen()) {
            Parameters parameters = lm.parameters();
            parameters.train();
            Tensor direction = torch.zeros_like(parameters.flat());
            try (Parameters along = parameters.copy()) {
                along.flat().zero_();
                along.slots().stream().filter(slot -> moves.test(slot.name())).forEach(slot -> along.get(slot.name())
                        .copy_(torch.cos(torch.arange(Tensors.scalar(slot.elements())))
                                .view(slot.shape())));
                direction.copy_(along.flat());
            }
            sum(lm, rows, true);
            double found = parameters.gradient().mul(direction).sum().item_double();
            double step = 1e-3;
            parameters.flat().add_(direction, Tensors.scalar(step));
            double above = sum(lm, rows, false);
            parameters.flat().sub_(direction, Tensors.scalar(2 * step));
            double below = sum(lm, rows, false);
            double wanted = (above - below) / (2 * step);
            assertThat(Math.abs(wanted)).isGreaterThan(0.1);
            assertThat(found).isCloseTo(wanted, within(0.01 * Math.abs(wanted) + 0.02));
        }
    }

    private static double sum(CausalLm lm, List<TokenRow> rows, boolean backward) {
        try (LogprobPass pass = lm.pass(rows, 1, false, OptionalLong.of(5))) {
            if (backward) {
                lm.parameters().zeroGradient();
                pass.backward(Arrays.stream(pass.logprobs())
                        .map(r -> Arrays.stream(r).map(x -> 1).toArray())
                        .toArray(double[][]::new));
            }
            return Arrays.stream(pass.logprobs())
                    .flatMapToDouble(Arrays::stream)
                    .sum();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "bias-all,false",
        "lora-bias,true",
        "pissa,false",
        "mica,true",
        "vocabulary,true",
        "vocabulary-dora,true",
        "vocabulary-tied,true",
        "saved,true",
        "saved-embedding,true",
        "tokens,true",
        "tokens,false"
    })
    void plannedDecodingReadsTheAdapter(String kind, boolean tied) {
        SplittableRandom random = new SplittableRandom(7);
        int[] prompt = TinyModels.ids(random, 6);
        try (CausalLm lm = adapted(kind, tied);
                DecodingWeights packed = new DecodingWeights(lm.decoder(), 2);
                GroupDecoding group = new GroupDecoding(packed, List.of(prompt), 2, 4);
                Scopes.Frozen scope = Scopes.frozen()) {
            int[] longer = Arrays.copyOf(prompt, prompt.length + 1);
            longer[prompt.length] = 9;
            float[] scores = Tensors.toFloats(group.step(new int[] {5, 9}).select(0, 1));
            float[] wanted = Greedy.lastLogits(lm, longer);
            for (int i = 0; i < wanted.length; i++) {
                assertThat((double) Math.abs(scores[i] - wanted[i]))
                        .as("token %d", i)
                        .isLessThan(ROUNDING * 10);
            }
        }
    }

    /** A tied head parts from the embedding in the merged model where it has to, and there alone. */
    @ParameterizedTest
    @CsvSource({
        "bias-all,true,true",
        "lora-bias,false,false",
        "pissa,true,true",
        "vocabulary,true,false",
        "vocabulary-dora,true,false",
        "vocabulary-tied,true,true",
        "saved,true,false",
        "saved-embedding,true,false",
        "saved-tied,true,true",
        "tokens,true,true",
        "tokens,false,false"
    })
    void mergedIsUnmerged(String kind, boolean tied, boolean staysTied) {
        List<TokenRow> rows = TinyModels.rows(5, 9);
        Path whole = directory.resolve("whole");
        try (CausalLm lm = adapted(kind, tied);
                CausalLm merged = lm.merged()) {
            merged.save(whole, WeightType.F32);
            try (CausalLm read = CausalLm.load(whole, Device.CPU)) {
                assertThat(read.files().config().tiedHead()).isEqualTo(staysTied);
                assertThat(GoldenFixtures.largestGap(
                                read.logprobs(rows, 1).logprobs(),
                                lm.logprobs(rows, 1).logprobs()))
                        .isLessThan(1e-4);
            }
        }
    }

    @Test
    void whatCannotBeTakenOffIsSaid() {
        assertStays("pissa", "an adapter that began as a part of its base (init_lora_weights) cannot be taken off");
        assertStays("bias-all", "the adapter replaced model.layers.0.self_attn.q_proj.base_layer.bias whole");
        assertStays("tokens", "the adapter replaced model.embed_tokens.token_adapter.trainable_tokens_delta whole");
    }

    private void assertStays(String kind, String message) {
        Path adapter = directory.resolve(kind);
        try (CausalLm lm = adapted(kind, false);
                CausalLm merged = lm.merged()) {
            lm.save(adapter, WeightType.F32);
            assertThatThrownBy(() -> merged.unmerge(adapter))
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining(message)
                    .hasMessageEndingWith("; use the base model.");
        }
    }

    /** Low-rank updates of vocabulary matrices of an untied model come off again, and so do biases of B. */
    @ParameterizedTest
    @ValueSource(strings = {"vocabulary", "gaussian"})
    void comesOffAgain(String kind) {
        Path adapter = directory.resolve(kind);
        try (CausalLm lm = adapted(kind, false);
                CausalLm merged = lm.merged()) {
            lm.save(adapter, WeightType.F32);
            assertThat(merged.relativeChange(base(false))).isGreaterThan(1e-3);
            merged.unmerge(adapter);
            assertThat(merged.relativeChange(base(false))).isLessThan(1e-6);
        }
    }

    @Test
    void whatDoesNotFitTheModelIsRefused() {
        assertRefused(
                new LoraConfig(
                        4,
                        6.0,
                        0.0,
                        VOCABULARY,
                        null,
                        false,
                        false,
                        null,
                        null,
                        Initialisation.PISSA,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null),
                "init_lora_weights: pissa would take a part out of the embedding of");
        assertRefused(
                new LoraConfig(
                        5,
                        6.0,
                        0.0,
                        null,
                        null,
                        false,
                        false,
                        null,
                        null,
                        Initialisation.ORTHOGONAL,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null),
                "init_lora_weights: orthogonal needs even ranks, and that of model.layers.0.self_attn.q_proj is 5");
        assertRefused(
                new LoraConfig(
                        500,
                        6.0,
                        0.0,
                        null,
                        null,
                        false,
                        false,
                        null,
                        null,
                        Initialisation.MICA,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null),
                "init_lora_weights: mica has at most rank");
        assertRefused(
                new LoraConfig(
                        4,
                        6.0,
                        0.0,
                        VOCABULARY,
                        null,
                        false,
                        false,
                        null,
                        true,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null),
                "lora_bias: PEFT has none for embeddings; remove model.embed_tokens from target_modules.");
        assertRefused(
                new LoraConfig(
                        4,
                        6.0,
                        0.0,
                        null,
                        null,
                        false,
                        false,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        List.of(7),
                        null,
                        null),
                "layers_to_transform: there is no layer 7 in");
        assertRefused(
                new LoraConfig(
                        4,
                        6.0,
                        0.0,
                        VOCABULARY,
                        null,
                        false,
                        false,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        List.of(3),
                        null),
                "trainable_token_indices: target_modules or modules_to_save name the embedding");
        assertRefused(
                new LoraConfig(
                        4,
                        6.0,
                        0.0,
                        null,
                        null,
                        false,
                        false,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        List.of(TinyModels.VOCAB),
                        null),
                "trainable_token_indices holds " + TinyModels.VOCAB + ", which is no token");
        assertRefused(
                new LoraConfig(
                        4,
                        6.0,
                        0.0,
                        List.of("q_proj"),
                        null,
                        false,
                        false,
                        null,
                        null,
                        null,
                        null,
                        null,
                        List.of("q_proj"),
                        null,
                        null,
                        null),
                "target_modules: exclude_modules and layers_to_transform leave no module of");
    }

    private void assertRefused(LoraConfig config, String message) {
        Path base = base(true);
        assertThatThrownBy(() -> CausalLm.adapted(base, config, new Seeds(1), Device.CPU, Precision.FLOAT32))
                .isInstanceOf(UserError.class)
                .hasMessageContaining(message)
                .hasMessageEndingWith(".");
    }
}
