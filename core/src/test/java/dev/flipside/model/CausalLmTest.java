package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.ProcessMemory;
import dev.flipside.SharedFiles;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import dev.flipside.safetensors.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CausalLmTest {
    /**
     * float32 sums in another order: a few units in the last place of log-probabilities and gradients of size about 1.
     */
    private static final double ROUNDING = 1e-5;

    @TempDir
    Path directory;

    @BeforeAll
    static void load() {
        NativeLibrary.load();
    }

    private CausalLm lm(String modelType) {
        return TinyModels.of(modelType).lm(directory.resolve(modelType));
    }

    /** Weights of a loss: one number per completion token. */
    private static double[][] weights(double[][] like) {
        SplittableRandom random = new SplittableRandom(3);
        double[][] weights = new double[like.length][];
        for (int r = 0; r < like.length; r++) {
            weights[r] = random.doubles(like[r].length, -1, 1).toArray();
        }
        return weights;
    }

    private static float[] gradient(CausalLm lm, List<TokenRow> rows, double temperature, boolean checkpointing) {
        lm.parameters().train();
        lm.parameters().zeroGradient();
        try (LogprobPass pass = lm.pass(rows, temperature, checkpointing)) {
            pass.backward(weights(pass.logprobs()));
        }
        return inScope(() -> lm.parameters().gradient());
    }

    private static float[] inScope(java.util.function.Supplier<Tensor> tensor) {
        try (PointerScope scope = new PointerScope()) {
            return Tensors.toFloats(tensor.get());
        }
    }

    @ParameterizedTest
    @CsvSource({"llama,false", "llama,true", "mistral,false", "qwen2,true", "qwen3,false"})
    void handMadeHeadGradientEqualsAutograd(String modelType, boolean tied) {
        Path dir = directory.resolve("tied-" + tied + modelType);
        try (CausalLm lm = TinyModels.of(modelType)
                .config(c -> c.put("tie_word_embeddings", tied))
                .lm(dir)) {
            List<TokenRow> rows = TinyModels.rows(5, 12);
            double temperature = 0.7;
            float[] ours = gradient(lm, rows, temperature, false);
            lm.parameters().zeroGradient();
            double loss = 0;
            try (PointerScope scope = new PointerScope()) {
                for (int r = 0; r < rows.size(); r++) {
                    Tensor logprobs = autogradLogprobs(lm, rows.get(r), temperature);
                    double[] weight = weights(lm.logprobs(rows, temperature).logprobs())[r];
                    if (weight.length > 0) {
                        Tensor weighted = logprobs.mul(Tensors.ofDoubles(weight, Device.CPU, weight.length));
                        weighted.sum().backward();
                        loss += weighted.sum().item_double();
                    }
                }
                float[] theirs = Tensors.toFloats(lm.parameters().gradient());
                assertThat(loss).isNotZero();
                assertThat(GoldenFixtures.relativeGap(ours, theirs)).isLessThan(ROUNDING);
            }
        }
    }

    /** The completion's log-probabilities by torch's own log_softmax, one row at a time, as an autograd graph. */
    private static Tensor autogradLogprobs(CausalLm lm, TokenRow row, double temperature) {
        Tensor ids = Tensors.padded(new int[][] {row.ids()}, Device.CPU);
        Tensor logits = lm.decoder().logits(lm.decoder().hidden(ids)).div(Tensors.scalar(temperature));
        Tensor all = torch.log_softmax(logits.select(0, 0), -1);
        Tensor predicted = all.narrow(0, row.promptLength() - 1L, row.completionLength());
        Tensor targets = ids.select(0, 0).narrow(0, row.promptLength(), row.completionLength());
        return predicted.gather(1, targets.unsqueeze(1)).squeeze(1);
    }

    @Test
    void gradientEqualsFiniteDifferences() {
        try (CausalLm lm = lm("qwen3")) {
            List<TokenRow> rows = TinyModels.rows(4, 10);
            double[][] weights = weights(lm.logprobs(rows, 1).logprobs());
            float[] gradient = gradient(lm, rows, 1, false);
            SplittableRandom random = new SplittableRandom(1);
            int checked = 0;
            for (int trial = 0; trial < 60; trial++) {
                int at = random.nextInt(gradient.length);
                double step = 1e-2;
                double up = loss(lm, rows, weights, at, step);
                double down = loss(lm, rows, weights, at, -step);
                // float32 losses of size 10 carry 1e-6, divided by the step of 2e-2; curvature adds step^2.
                assertThat((up - down) / (2 * step))
                        .isCloseTo(gradient[at], within(3e-3 + 1e-2 * Math.abs(gradient[at])));
                checked += gradient[at] != 0 ? 1 : 0;
            }
            assertThat(checked).isGreaterThan(30);
        }
    }

    private static double loss(CausalLm lm, List<TokenRow> rows, double[][] weights, int at, double change) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            lm.parameters().flat().narrow(0, at, 1).add_(Tensors.scalar(change));
        }
        double[][] logprobs = lm.logprobs(rows, 1).logprobs();
        try (Scopes.Frozen scope = Scopes.frozen()) {
            lm.parameters().flat().narrow(0, at, 1).add_(Tensors.scalar(-change));
        }
        double loss = 0;
        for (int r = 0; r < weights.length; r++) {
            for (int t = 0; t < weights[r].length; t++) {
                loss += weights[r][t] * logprobs[r][t];
            }
        }
        return loss;
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "mistral", "qwen2", "qwen3"})
    void checkpointingChangesNothing(String modelType) {
        try (CausalLm lm = lm(modelType)) {
            List<TokenRow> rows = TinyModels.rows(6, 20);
            float[] plain = gradient(lm, rows, 1.3, false);
            // The same products once more: at most float32 sums in another order.
            assertThat(GoldenFixtures.relativeGap(gradient(lm, rows, 1.3, true), plain))
                    .isLessThan(1e-6);
        }
    }

    @Test
    void gradientsAddUp() {
        try (CausalLm lm = lm("llama")) {
            List<TokenRow> rows = TinyModels.rows(3, 9);
            float[] once = gradient(lm, rows, 1, false);
            try (LogprobPass pass = lm.pass(rows, 1, true)) {
                pass.backward(weights(pass.logprobs()));
                assertThatThrownBy(() -> pass.backward(weights(pass.logprobs())))
                        .isInstanceOf(IllegalStateException.class);
            }
            float[] twice = inScope(() -> lm.parameters().gradient());
            for (int i = 0; i < once.length; i++) {
                once[i] *= 2;
            }
            assertThat(GoldenFixtures.relativeGap(twice, once)).isLessThan(ROUNDING);
        }
    }

    @Test
    void paddingOrderAndSplittingDoNotMatter() {
        try (CausalLm lm = lm("llama")) {
            // More tokens than one batch takes, so the call is split inside.
            List<TokenRow> rows = TinyModels.rows(150, 60);
            assertThat(rows.stream().mapToInt(r -> r.ids().length).sum()).isGreaterThan(Batches.TOKENS);
            TokenLogprobs together = lm.logprobs(rows, 1);
            List<TokenRow> reversed = new ArrayList<>(rows);
            java.util.Collections.reverse(reversed);
            TokenLogprobs backwards = lm.logprobs(reversed, 1);
            for (int r = 0; r < rows.size(); r++) {
                TokenLogprobs alone = lm.logprobs(List.of(rows.get(r)), 1);
                assertThat(together.logprobs()[r]).containsExactly(alone.logprobs()[0], within(ROUNDING));
                assertThat(together.entropies()[r]).containsExactly(alone.entropies()[0], within(ROUNDING));
                assertThat(backwards.logprobs()[rows.size() - 1 - r])
                        .containsExactly(alone.logprobs()[0], within(ROUNDING));
            }
        }
    }

    /**
     * However large a batch: every row once, no pass above its size but for a single longer row, and groups whole where
     * they fit.
     */
    @Test
    void passesAreOfBoundedSize() {
        try (CausalLm lm = TinyModels.llama().lm(directory.resolve("passes"))) {
            List<TokenRow> rows = TinyModels.rows(3000, 20);
            PassSize size = new PassSize(1, false);
            int most = size.tokens(lm.decoder().plan());
            assertThat(most).isBetween(100, 2000);
            List<CausalLm.Rows> passes = lm.passes(rows, size);
            assertThat(passes.stream()
                            .flatMapToInt(p -> Arrays.stream(p.numbers()))
                            .sorted()
                            .toArray())
                    .isEqualTo(IntStream.range(0, rows.size()).toArray());
            assertThat(passes).allMatch(p -> p.tokens() <= most);
            assertThat(passes.size()).isGreaterThan(5);
            assertThat(lm.passes(rows, new PassSize(768, false)).size()).isLessThan(passes.size());
        }
    }

    @Test
    void softmaxNumbers() throws Exception {
        JsonNode golden = Json.MAPPER
                .readTree(SharedFiles.require("conformance/losses.json").toFile())
                .get("softmax");
        try (PointerScope scope = new PointerScope()) {
            Tensor logits = Tensors.ofFloats(new float[] {1, 2, 3, 4}, Device.CPU, 1, 4);
            VocabularyHead.Softmax plain = softmax(logits);
            VocabularyHead.Softmax cold = softmax(logits.div(Tensors.scalar(0.7)));
            // Float32 logits of at most 4 / 0.7: one unit in the last place is 5e-7.
            for (int target = 0; target < 4; target++) {
                Tensor score = logits.select(1, target);
                assertThat(plain.logprobs(score).item_double())
                        .isCloseTo(golden.get("logp_T1").get(target).asDouble(), within(1e-6));
                assertThat(cold.logprobs(score.div(Tensors.scalar(0.7))).item_double())
                        .isCloseTo(golden.get("logp_T0.7").get(target).asDouble(), within(1e-6));
            }
            assertThat(plain.entropies().item_double())
                    .isCloseTo(golden.get("entropy_T1").asDouble(), within(1e-6));
            // A softmax entry this small is 0 in float32; its logarithm is not minus infinity.
            Tensor extreme = Tensors.ofFloats(new float[] {0, 300}, Device.CPU, 1, 2);
            VocabularyHead.Softmax unlikely = softmax(extreme);
            assertThat(unlikely.logprobs(extreme.select(1, 0)).item_double()).isCloseTo(-300, within(1e-4));
            assertThat(unlikely.entropies().item_double()).isCloseTo(0, within(1e-4));
        }
    }

    /** In two parts, as a vocabulary larger than a block is computed. */
    private static VocabularyHead.Softmax softmax(Tensor scores) {
        long half = scores.size(1) / 2;
        return VocabularyHead.Softmax.merge(List.of(
                VocabularyHead.Softmax.of(scores.narrow(1, 0, half).clone()),
                VocabularyHead.Softmax.of(
                        scores.narrow(1, half, scores.size(1) - half).clone())));
    }

    @Test
    void temperatureDividesTheScores() {
        try (CausalLm lm = lm("llama")) {
            List<TokenRow> rows = TinyModels.rows(1, 9);
            TokenRow row = rows.get(0);
            try (Scopes.Frozen scope = Scopes.frozen()) {
                float[] expected = Tensors.toFloats(autogradLogprobs(lm, row, 0.7));
                double[] actual = lm.logprobs(rows, 0.7).logprobs()[0];
                for (int t = 0; t < expected.length; t++) {
                    assertThat(actual[t]).isCloseTo(expected[t], within(ROUNDING));
                }
            }
        }
    }

    @Test
    void aCopyIsIndependent() {
        try (CausalLm lm = lm("llama");
                CausalLm copy = lm.copy()) {
            List<TokenRow> rows = TinyModels.rows(2, 9);
            double[][] before = lm.logprobs(rows, 1).logprobs();
            try (Scopes.Frozen scope = Scopes.frozen()) {
                lm.parameters().flat().mul_(Tensors.scalar(1.1));
            }
            assertThat(copy.logprobs(rows, 1).logprobs()).isDeepEqualTo(before);
            assertThat(lm.logprobs(rows, 1).logprobs()[0]).isNotEqualTo(before[0]);
        }
    }

    @Test
    void theSlidingWindowHidesOldTokens() {
        try (CausalLm wide = lm("mistral");
                CausalLm narrow = TinyModels.of("mistral")
                        .config(c -> c.put("sliding_window", 4))
                        .lm(directory.resolve("narrow"))) {
            int[] ids = TinyModels.ids(new SplittableRandom(2), 12);
            List<TokenRow> rows = List.of(new TokenRow(ids, 1));
            double[] all = wide.logprobs(rows, 1).logprobs()[0];
            double[] banded = narrow.logprobs(rows, 1).logprobs()[0];
            // Token t + 1 is predicted from tokens 0..t: with a window of 4 the first four predictions see everything.
            for (int t = 0; t < 4; t++) {
                assertThat(banded[t]).isCloseTo(all[t], within(ROUNDING));
            }
            assertThat(Math.abs(banded[4] - all[4])).isGreaterThan(1e-3);
            // Two layers of window 4 reach back 6 tokens: token 0 cannot reach the prediction at position 7 or later.
            int[] changed = ids.clone();
            changed[0] = ids[0] == 5 ? 6 : 5;
            double[] after =
                    narrow.logprobs(List.of(new TokenRow(changed, 1)), 1).logprobs()[0];
            assertThat(after[7]).isEqualTo(banded[7]);
            assertThat(after[5]).isNotEqualTo(banded[5]);
        }
    }

    @Test
    void qwensWindowIsOnlyOnItsLayers() {
        Consumer<ObjectNode> upper =
                c -> c.put("use_sliding_window", true).put("sliding_window", 3).put("max_window_layers", 1);
        try (CausalLm lm = TinyModels.of("qwen2").config(upper).lm(directory.resolve("upper"))) {
            assertThat(lm.decoder().config().attention().slidingLayers()).containsExactly(false, true);
        }
        Consumer<ObjectNode> typed = c -> c.put("use_sliding_window", true)
                .put("sliding_window", 3)
                .putArray("layer_types")
                .add("sliding_attention")
                .add("full_attention");
        try (CausalLm lm = TinyModels.of("qwen3").config(typed).lm(directory.resolve("typed"))) {
            assertThat(lm.decoder().config().attention().slidingLayers()).containsExactly(true, false);
        }
        try (CausalLm lm =
                TinyModels.of("qwen2").config(c -> c.put("sliding_window", 3)).lm(directory.resolve("off"))) {
            assertThat(lm.decoder().config().attention().slidingLayers()).containsExactly(false, false);
        }
    }

    @Test
    void tokensOutsideTheVocabularyAreNamed() {
        try (CausalLm lm = lm("llama")) {
            TokenRow row = new TokenRow(new int[] {1, TinyModels.VOCAB}, 1);
            assertThatThrownBy(() -> lm.logprobs(List.of(row), 1))
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining("Token id 37 is outside the model's vocabulary of 37");
        }
    }

    @Test
    void memoryStaysFlat() {
        try (CausalLm lm = lm("llama")) {
            List<TokenRow> rows = TinyModels.rows(10, 40);
            long before = 0;
            for (int i = 0; i < 200; i++) {
                if (i == 50) {
                    before = ProcessMemory.residentKilobytes();
                }
                try (LogprobPass pass = lm.pass(rows, 1, i % 2 == 0)) {
                    pass.backward(weights(pass.logprobs()));
                }
            }
            // A pass holds about 10 MB of activations: leaking a tenth of each would add 150 MB. Java's heap may move
            // some.
            assertThat(ProcessMemory.residentKilobytes() - before).isLessThan(50_000);
        }
    }

    @Test
    void storiesContinue() {
        try (CausalLm lm = CausalLm.load(SharedFiles.require("models/stories260k"), Device.CPU)) {
            assertThat(lm.files().eosIds()).containsExactly(2);
            assertThat(lm.files().bosId()).hasValue(1);
            int[] prompt = {1, 403, 407, 261, 378};
            // transformers 5.17, greedy: ", there was a little girl named Lily. She loved to play outside in the p"
            assertThat(Greedy.uncached(lm, prompt, 24))
                    .containsExactly(
                            432, 383, 286, 261, 376, 298, 315, 421, 395, 317, 426, 338, 401, 396, 267, 337, 410, 408,
                            419, 292, 411, 322, 265, 282);
        }
    }
}
