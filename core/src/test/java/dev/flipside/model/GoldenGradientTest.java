package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.engine.Device;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Gradients of log-probabilities and scores, in every weight, against transformers with PyTorch's autograd. */
class GoldenGradientTest {
    /** Of the gradient's norm in the weight; float32 sums over some fifty tokens round at about 1e-6. */
    private static final double RELATIVE_TOLERANCE = 1e-4;

    @ParameterizedTest
    @CsvSource({"llama,false", "llama,true", "qwen3,false", "qwen3,true"})
    void logprobGradient(String name, boolean gradientCheckpointing) {
        JsonNode numbers = GoldenFixtures.numbers(name);
        JsonNode gradient = numbers.get("gradient");
        double temperature = gradient.get("temperature").doubleValue();
        double[][] coefficients = GoldenFixtures.JSON.convertValue(gradient.get("coefficients"), double[][].class);
        try (CausalLm lm = CausalLm.load(GoldenFixtures.directory(name), Device.CPU)) {
            lm.parameters().train();
            try (LogprobPass pass = lm.pass(GoldenFixtures.rows(numbers), temperature, gradientCheckpointing)) {
                // The bound of GoldenModelsTest: float32 sums in another order than transformers'.
                assertThat(GoldenFixtures.largestGap(
                                pass.logprobs(), GoldenFixtures.perToken(numbers, "logprobs", temperature)))
                        .isLessThan(1e-4);
                pass.backward(coefficients);
            }
            WeightLayout layout = WeightLayout.causalLm(lm.files().config());
            assertGradient(layout, lm.parameters(), gradient.get("parameters"));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "llama-reward,false",
        "llama-reward,true",
        "mistral-reward,false",
        "qwen2-reward,false",
        "qwen3-reward,false",
        "qwen3-reward,true"
    })
    void scoreGradient(String name, boolean gradientCheckpointing) {
        JsonNode numbers = GoldenFixtures.numbers(name);
        JsonNode gradient = numbers.get("gradient");
        double[] coefficients = GoldenFixtures.doubles(gradient.get("coefficients"));
        List<ScoredRow> rows = GoldenFixtures.scoredRows(numbers).subList(0, coefficients.length);
        try (RewardModel model = RewardModel.load(GoldenFixtures.directory(name), Device.CPU)) {
            model.trunk().train();
            model.valueHead().train();
            try (RewardPass pass = model.pass(rows, gradientCheckpointing)) {
                pass.backward(coefficients, new double[rows.size()], 0);
            }
            WeightLayout layout = WeightLayout.rewardModel(model.files().config());
            assertGradient(layout, model.trunk(), gradient.get("parameters"));
        }
    }

    /** The gradient of every tensor of a file against what transformers' parameters got. */
    static void assertGradient(WeightLayout layout, Parameters parameters, JsonNode wanted) {
        try (Parameters gradients = parameters.copy();
                Scopes.Frozen scope = Scopes.frozen()) {
            gradients.flat().copy_(parameters.gradient());
            Map<String, Tensor> found = layout.tensors(gradients);
            assertThat(wanted.properties()).hasSameSizeAs(found.keySet());
            wanted.properties()
                    .forEach(entry -> assertWeight(entry.getKey(), found.get(entry.getKey()), entry.getValue()));
        }
    }

    private static void assertWeight(String name, Tensor found, JsonNode wanted) {
        float[] flat = Tensors.toFloats(found.contiguous().view(-1));
        double norm = wanted.get("norm").doubleValue();
        int[] indices = GoldenFixtures.ints(wanted.get("indices"));
        double[] values = GoldenFixtures.doubles(wanted.get("values"));
        double sum = 0;
        for (float g : flat) {
            sum += (double) g * g;
        }
        if (norm == 0 && name.contains(".experts.")) {
            assertThat(sum).as("%s, an expert that no token chose", name).isZero();
            return;
        }
        assertThat(norm).as("a gradient that could vanish unseen in %s", name).isGreaterThan(1e-3);
        assertThat(Math.abs(Math.sqrt(sum) - norm)).as("norm of %s", name).isLessThan(RELATIVE_TOLERANCE * norm);
        for (int i = 0; i < indices.length; i++) {
            assertThat(Math.abs(flat[indices[i]] - values[i]))
                    .as("%s[%d]", name, indices[i])
                    .isLessThan(RELATIVE_TOLERANCE * norm);
        }
    }
}
