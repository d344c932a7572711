package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.engine.Device;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import dev.flipside.safetensors.SafeTensors;
import dev.flipside.safetensors.WeightType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every family beyond Llama, Mistral and Qwen against transformers 5.17: its directory of small random weights in
 * bfloat16, read as float32, and the same backbone as a reward model. {@code check_exports.py} reads what
 * {@link #aSavedModelKeepsItsNumbers} writes in transformers.
 */
class GoldenFamiliesTest {
    private static final double TOLERANCE = 1e-4;

    static final List<String> NAMES = List.of(
            "gpt_neox",
            "gpt_neox-sequential",
            "gemma3_text",
            "gpt2",
            "gemma2",
            "olmo2",
            "phi3",
            "phi3-longrope",
            "smollm3",
            "granite",
            "starcoder2",
            "stablelm",
            "stablelm-parallel",
            "mixtral",
            "qwen3_moe",
            "qwen3_moe-unnormalised",
            "stablelm-qk",
            "gpt2-inverse",
            "llama-yarn",
            "qwen2-yarn",
            "qwen3-yarn",
            "gpt_neox-yarn",
            "gemma3_text-yarn",
            "llama-dynamic",
            "gpt_neox-dynamic");

    /** Models whose tokens are rotated otherwise as a text grows than in a pass over the whole. */
    static final List<String> GROWING = List.of("llama-dynamic", "gpt_neox-dynamic");

    @TempDir
    Path temp;

    @ParameterizedTest
    @FieldSource("NAMES")
    void logprobsAndGreedyTokens(String name) {
        JsonNode numbers = GoldenFixtures.numbers(name);
        try (CausalLm lm = CausalLm.load(GoldenFixtures.directory(name), Device.CPU)) {
            GoldenModelsTest.assertLogprobs(lm, numbers);
            GoldenModelsTest.assertGreedy(lm, numbers.get("greedy"));
            for (TokenRow other : GoldenFixtures.rows(numbers)) {
                GoldenModelsTest.assertCachedGreedy(lm, numbers.get("greedy"), other.ids());
            }
        }
    }

    /**
     * Through the cache beside a row of another length, whose length does not matter here; in transformers one text at
     * a time.
     */
    @ParameterizedTest
    @FieldSource("GROWING")
    void textsThatGrowBeyondTheContextGrowAsInTransformers(String name) {
        JsonNode numbers = GoldenFixtures.numbers(name);
        List<TokenRow> rows = GoldenFixtures.rows(numbers);
        double largest = 0;
        try (CausalLm lm = CausalLm.load(GoldenFixtures.directory(name), Device.CPU)) {
            for (int r = 0; r < rows.size(); r++) {
                JsonNode row = numbers.get("rows").get(r);
                double[] wanted = GoldenFixtures.doubles(row.get("cached_logprobs"));
                double[] found = cachedLogprobs(lm, rows.get(r));
                assertThat(GoldenFixtures.largestGap(found, wanted)).isLessThan(TOLERANCE);
                double[] whole = GoldenFixtures.doubles(row.get("logprobs").get("1.0"));
                largest = Math.max(largest, GoldenFixtures.largestGap(found, whole));
            }
        }
        assertThat(largest).as("what the cache changes").isGreaterThan(100 * TOLERANCE);
    }

    private static double[] cachedLogprobs(CausalLm lm, TokenRow row) {
        int[] prompt = Arrays.copyOf(row.ids(), row.promptLength());
        double[] found = new double[row.completionLength()];
        try (Scopes.Frozen scope = Scopes.frozen();
                KvCache cache =
                        lm.decoder().prefill(List.of(prompt, new int[] {5, 6}), new int[] {1, 1}, found.length)) {
            Tensor hidden = cache.promptHidden();
            for (int i = 0; i < found.length; i++) {
                int token = row.ids()[row.promptLength() + i];
                Tensor logprobs = lm.decoder().logits(hidden.select(0, 0)).log_softmax(-1);
                found[i] = logprobs.select(0, token).item_double();
                hidden = lm.decoder().step(Tensors.ofLongs(new long[] {token, 7}, Device.CPU, 2), cache);
            }
        }
        return found;
    }

    @ParameterizedTest
    @FieldSource("NAMES")
    void gradientOfLogprobs(String name) {
        JsonNode numbers = GoldenFixtures.numbers(name);
        for (boolean checkpointing : new boolean[] {false, true}) {
            assertLogprobGradient(name, numbers, numbers.get("gradient"), checkpointing);
        }
    }

    private static void assertLogprobGradient(
            String name, JsonNode numbers, JsonNode gradient, boolean gradientCheckpointing) {
        double temperature = numbers.get("gradient").get("temperature").doubleValue();
        double[][] coefficients =
                GoldenFixtures.JSON.convertValue(numbers.get("gradient").get("coefficients"), double[][].class);
        try (CausalLm lm = CausalLm.load(GoldenFixtures.directory(name), Device.CPU)) {
            lm.parameters().train();
            try (LogprobPass pass = lm.pass(GoldenFixtures.rows(numbers), temperature, gradientCheckpointing)) {
                pass.backward(coefficients, 0);
            }
            WeightLayout layout = WeightLayout.causalLm(lm.files().config());
            GoldenGradientTest.assertGradient(layout, lm.parameters(), gradient.get("parameters"));
        }
    }

    /**
     * {@code router_aux_loss_coef} times the load-balancing loss, over rows that are padded and over rows that share a
     * prompt.
     */
    @ParameterizedTest
    @ValueSource(strings = {"mixtral", "qwen3_moe"})
    void loadBalancingLossAndItsGradient(String name) {
        JsonNode numbers = GoldenFixtures.numbers(name);
        JsonNode wanted = numbers.get("gradient_balanced");
        double[][] coefficients = GoldenFixtures.JSON.convertValue(wanted.get("coefficients"), double[][].class);
        List<TokenRow> rows = GoldenFixtures.rows(numbers);
        for (boolean checkpointing : new boolean[] {false, true}) {
            try (CausalLm lm = CausalLm.load(GoldenFixtures.directory(name), Device.CPU)) {
                lm.parameters().train();
                try (LogprobPass pass = lm.pass(rows, wanted.get("temperature").doubleValue(), checkpointing)) {
                    assertThat(pass.balanceLoss())
                            .isCloseTo(wanted.get("balance_loss").doubleValue(), within(TOLERANCE));
                    pass.backward(coefficients);
                }
                WeightLayout layout = WeightLayout.causalLm(lm.files().config());
                GoldenGradientTest.assertGradient(layout, lm.parameters(), wanted.get("parameters"));
            }
        }
    }

    /** A prompt that is computed once for four rows counts four times. */
    @ParameterizedTest
    @ValueSource(strings = {"mixtral", "qwen3_moe"})
    void sharedPromptsDoNotChangeTheBalance(String name) {
        int[] prompt =
                GoldenFixtures.ints(GoldenFixtures.numbers(name).get("greedy").get("prompt"));
        List<TokenRow> shared = new ArrayList<>();
        List<TokenRow> apart = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            int[] row = Arrays.copyOf(prompt, prompt.length + 2 + i);
            Arrays.fill(row, prompt.length, row.length, 20 + i);
            shared.add(new TokenRow(row, prompt.length));
            apart.add(new TokenRow(row, 1));
        }
        try (CausalLm lm = CausalLm.load(GoldenFixtures.directory(name), Device.CPU)) {
            lm.parameters().train();
            double[][] zero =
                    shared.stream().map(r -> new double[r.completionLength()]).toArray(double[][]::new);
            double[][] zeroApart =
                    apart.stream().map(r -> new double[r.completionLength()]).toArray(double[][]::new);
            try (LogprobPass together = lm.pass(shared, 1, false);
                    LogprobPass padded = lm.pass(apart, 1, false)) {
                // The same shares of experts; float32 sums in another order, of a loss about 1.
                assertThat(together.balanceLoss()).isCloseTo(padded.balanceLoss(), within(1e-6));
                together.backward(zero);
                float[] gradient = FamilyInvarianceTest.gradient(lm.parameters());
                lm.parameters().zeroGradient();
                padded.backward(zeroApart);
                assertThat(GoldenFixtures.relativeGap(gradient, FamilyInvarianceTest.gradient(lm.parameters())))
                        .isLessThan(TOLERANCE);
            }
        }
    }

    @ParameterizedTest
    @FieldSource("NAMES")
    void scoresAndValues(String name) {
        JsonNode numbers = GoldenFixtures.numbers(name);
        Path classifier = classifier(name);
        GoldenRewardTest.assertScores(classifier, numbers, TOLERANCE);
        try (RewardModel model = RewardModel.load(classifier, Device.CPU)) {
            model.setValueHead(GoldenFixtures.sineHead(model.files().config().hiddenSize()), 0);
            List<ScoredRow> rows = GoldenFixtures.scoredRows(numbers);
            double[] wanted = new double[rows.size()];
            for (int i = 0; i < wanted.length; i++) {
                JsonNode prefixScores = numbers.get("rewards").get(i).get("prefix_scores");
                wanted[i] = prefixScores.get(rows.get(i).promptLength() - 1).doubleValue();
            }
            assertThat(GoldenFixtures.largestGap(model.score(rows).values(), wanted))
                    .isLessThan(TOLERANCE);
        }
    }

    /** Texts 0 and 2 chosen, 1 and 3 rejected; with TRL's centring term. */
    @ParameterizedTest
    @FieldSource("NAMES")
    void gradientOfARewardLoss(String name) {
        JsonNode numbers = GoldenFixtures.numbers(name);
        JsonNode wanted = numbers.get("reward_gradient");
        List<ScoredRow> rows = GoldenFixtures.scoredRows(numbers).subList(0, 4);
        try (RewardModel model = RewardModel.load(classifier(name), Device.CPU)) {
            model.trunk().train();
            try (RewardPass pass = model.pass(rows, false)) {
                double loss = 0;
                double[] gradient = new double[4];
                for (int chosen = 0; chosen < 4; chosen += 2) {
                    double margin = pass.rewards()[chosen] - pass.rewards()[chosen + 1];
                    double sum = pass.rewards()[chosen] + pass.rewards()[chosen + 1];
                    loss += Math.log1p(Math.exp(-margin)) + sum * sum / 2;
                    gradient[chosen] = sum - 1 / (1 + Math.exp(margin));
                    gradient[chosen + 1] = sum + 1 / (1 + Math.exp(margin));
                }
                assertThat(Math.abs(loss - wanted.get("loss").doubleValue())).isLessThan(TOLERANCE);
                pass.backward(gradient, new double[4], 0);
            }
            WeightLayout layout = WeightLayout.rewardModel(model.files().config());
            GoldenGradientTest.assertGradient(layout, model.trunk(), wanted.get("parameters"));
        }
    }

    @ParameterizedTest
    @FieldSource("NAMES")
    void aSavedModelKeepsItsNumbers(String name) {
        Path saved = temp.resolve("saved");
        Path again = temp.resolve("reward-model");
        JsonNode numbers = GoldenFixtures.numbers(name);
        try (CausalLm lm = CausalLm.load(GoldenFixtures.directory(name), Device.CPU)) {
            lm.save(saved, WeightType.BF16);
        }
        // The weights were bfloat16 before, so nothing was lost.
        try (CausalLm lm = CausalLm.load(saved, Device.CPU)) {
            GoldenModelsTest.assertLogprobs(lm, numbers);
            assertThat(lm.relativeChange(GoldenFixtures.directory(name))).isZero();
        }
        try (RewardModel model = RewardModel.load(classifier(name), Device.CPU)) {
            model.save(again, WeightType.F32);
        }
        GoldenRewardTest.assertScores(again, numbers, TOLERANCE);
        assertThat(namesAndShapes(saved)).isEqualTo(namesAndShapes(GoldenFixtures.directory(name)));
    }

    private static List<String> namesAndShapes(Path directory) {
        List<String> all = new ArrayList<>();
        SafeTensors.header(directory.resolve("model.safetensors"))
                .forEach((name, info) -> all.add(name + info.shape()));
        return all.stream().sorted().toList();
    }

    private Path classifier(String name) {
        Path classifier = GoldenFixtures.copy(GoldenFixtures.directory(name), temp.resolve("classifier"));
        GoldenFixtures.addSineHead(classifier, 32);
        return classifier;
    }
}
