package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import dev.flipside.safetensors.WeightType;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * New adapters of every kind, on tied and untied models: what they begin as, what they learn, and that decoding reads
 * them.
 */
class LoraKindsTest {
    /** Of logits of size 10; float32 and other orders of sums. */
    private static final double ROUNDING = 2e-3;

    @TempDir
    Path directory;

    private LoraKinds kinds;

    @BeforeEach
    void load() {
        NativeLibrary.load();
        kinds = new LoraKinds(directory);
    }

    /**
     * But for rounding, where a part of the weights is taken out and put back. What learns has gradients; what does not
     * is saved and read all the same, to the bit.
     */
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
        try (CausalLm lm = kinds.fresh(kind, tied);
                CausalLm base = CausalLm.load(kinds.base(tied), Device.CPU)) {
            double[][] plain = base.logprobs(rows, 1).logprobs();
            // PiSSA and OLoRA take a part out of the weights and add it again: float32 rounding of log-probabilities of
            // size 10.
            assertThat(GoldenFixtures.largestGap(lm.logprobs(rows, 1).logprobs(), plain))
                    .isLessThan(2e-5);
            assertThat(lm.relativeChange(kinds.base(tied))).isLessThan(1e-6);
            LoraKinds.disturb(lm.parameters());
            wanted = lm.logprobs(rows, 1).logprobs();
            assertThat(GoldenFixtures.largestGap(wanted, plain)).isGreaterThan(0.01);
            assertThat(lm.relativeChange(kinds.base(tied))).isGreaterThan(1e-4);
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

    /**
     * Derivatives of the sum of log-probabilities along a direction, against differences; the norms of DoRA are
     * constants in gradients, so that only the rest moves there.
     */
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
        try (CausalLm lm = kinds.adapted(kind, tied);
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
            // One in a hundred for the curvature, and float32 noise of 4e-5 in the sums, over twice the step.
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
        try (CausalLm lm = kinds.adapted(kind, tied);
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
                        .isLessThan(ROUNDING);
            }
        }
    }
}
