package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.TestResources;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import dev.flipside.safetensors.SafeTensors;
import dev.flipside.safetensors.WeightType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Adapters that PEFT wrote ({@code adapters/make_adapters.py}), against the numbers that PEFT computes with them. */
class LoraGoldenTest {
    /** Of log-probabilities and scores of two layers of float32 with weights of 0.25. */
    private static final double TOLERANCE = 1e-4;

    /** Of a gradient's norm; float32 sums over some thirty tokens round at about 1e-6. */
    private static final double RELATIVE_TOLERANCE = 1e-4;

    @TempDir
    Path temp;

    static List<String> languageModels() {
        return adapters("CAUSAL_LM");
    }

    static List<String> rewardModels() {
        return adapters("SEQ_CLS");
    }

    /** All that lie in the resources. */
    private static List<String> adapters(String task) {
        try (Stream<Path> files = Files.list(directory("lora-qv").getParent())) {
            List<String> names = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".json"))
                    .map(name -> name.substring(0, name.length() - ".json".length()))
                    .filter(name -> numbers(name).get("task").asText().equals(task))
                    .sorted()
                    .toList();
            assertThat(names).isNotEmpty();
            return names;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @MethodSource("languageModels")
    void logprobsAreThoseOfPeft(String name) {
        JsonNode numbers = numbers(name);
        try (CausalLm lm = CausalLm.load(directory(name), Device.CPU)) {
            assertThat(GoldenFixtures.largestGap(lm.logprobs(rows(numbers), 1).logprobs(), outputs(numbers)))
                    .isLessThan(TOLERANCE);
            if (numbers.get("merged").isNull()) {
                assertThatThrownBy(lm::merged)
                        .isInstanceOf(UserError.class)
                        .hasMessageContaining("so that it cannot be merged (PEFT refuses it too)");
                return;
            }
            try (CausalLm merged = lm.merged()) {
                double[][] ofMerged =
                        merged.logprobs(rows(numbers).subList(0, 1), 1).logprobs();
                assertThat(GoldenFixtures.largestGap(ofMerged[0], GoldenFixtures.doubles(numbers.get("merged"))))
                        .isLessThan(TOLERANCE);
                Path saved = temp.resolve("merged");
                merged.save(saved, WeightType.F32);
                try (CausalLm again = CausalLm.load(saved, Device.CPU)) {
                    assertThat(again.logprobs(rows(numbers), 1).logprobs())
                            .isDeepEqualTo(merged.logprobs(rows(numbers), 1).logprobs());
                }
            }
        }
    }

    /** Token by token, with the weights packed and merged where the processor has such a way, the same is predicted. */
    @ParameterizedTest
    @MethodSource("languageModels")
    void decodingPredictsTheSame(String name) {
        JsonNode numbers = numbers(name);
        int[] ids = rows(numbers).get(0).ids();
        try (CausalLm lm = CausalLm.load(directory(name), Device.CPU);
                Scopes.Frozen scope = Scopes.frozen()) {
            float[] whole = Tensors.toFloats(lm.decoder()
                    .logits(lm.decoder().hidden(Tensors.padded(new int[][] {ids}, Device.CPU)))
                    .select(1, ids.length - 1L));
            try (KvCache cache = lm.decoder().prefill(List.of(Arrays.copyOf(ids, ids.length - 1)), new int[] {1}, 1)) {
                Tensor step =
                        lm.decoder().step(Tensors.ofLongs(new long[] {ids[ids.length - 1]}, Device.CPU, 1), cache);
                assertClose(Tensors.toFloats(lm.decoder().logits(step)), whole);
            }
        }
    }

    private static void assertClose(float[] found, float[] wanted) {
        assertThat(found).hasSameSizeAs(wanted);
        for (int i = 0; i < found.length; i++) {
            assertThat(Math.abs(found[i] - wanted[i])).as("score %d", i).isLessThan((float) TOLERANCE);
        }
    }

    @ParameterizedTest
    @MethodSource("languageModels")
    void gradientsAreThoseOfPeft(String name) {
        assertGradients(name, false);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"lora-qv", "dora-biases", "lora-ranks", "gpt_neox-dora", "bias-all", "lora-bias-all", "tokens"})
    void gradientsOfRecomputedLayersAreThoseOfPeft(String name) {
        assertGradients(name, true);
    }

    private void assertGradients(String name, boolean gradientCheckpointing) {
        JsonNode numbers = numbers(name);
        double[][] coefficients =
                GoldenFixtures.JSON.convertValue(numbers.at("/gradient/coefficients"), double[][].class);
        try (CausalLm lm = CausalLm.load(directory(name), Device.CPU)) {
            lm.parameters().train();
            try (LogprobPass pass = lm.pass(rows(numbers), 1, gradientCheckpointing)) {
                // Without the balance loss, which PEFT leaves out too.
                pass.backward(coefficients, 0);
            }
            assertGradient(lm.decoder(), numbers.at("/gradient/parameters"));
        }
    }

    @ParameterizedTest
    @MethodSource("rewardModels")
    void scoresAndTheirGradientsAreThoseOfPeft(String name) {
        JsonNode numbers = numbers(name);
        List<ScoredRow> rows = new ArrayList<>();
        rows(numbers).forEach(row -> rows.add(new ScoredRow(row.ids(), row.promptLength())));
        double[] coefficients = new double[rows.size()];
        for (int i = 0; i < coefficients.length; i++) {
            coefficients[i] = numbers.at("/gradient/coefficients").get(i).get(0).doubleValue();
        }
        double[] wanted = new double[rows.size()];
        for (int i = 0; i < wanted.length; i++) {
            wanted[i] = outputs(numbers)[i][0];
        }
        assertThat(RewardModel.hasRewardHead(directory(name))).isTrue();
        try (RewardModel model = RewardModel.load(directory(name), Device.CPU);
                RewardModel merged = model.merged()) {
            assertThat(GoldenFixtures.largestGap(model.score(rows).rewards(), wanted))
                    .isLessThan(TOLERANCE);
            assertThat(GoldenFixtures.largestGap(merged.score(rows).rewards(), wanted))
                    .isLessThan(TOLERANCE);
            model.trunk().train();
            try (RewardPass pass = model.pass(rows, false)) {
                pass.backward(coefficients, new double[rows.size()], 0);
            }
            assertGradient(model.decoder(), numbers.at("/gradient/parameters"));
        }
    }

    /**
     * Saved and read again an adapter is the same to the bit, and its configuration keeps what PEFT said beyond what is
     * understood here.
     */
    @ParameterizedTest
    @MethodSource("languageModels")
    void savedAdaptersAreTheSame(String name) throws IOException {
        Path saved = temp.resolve(name);
        JsonNode numbers = numbers(name);
        double[][] before;
        try (CausalLm lm = CausalLm.load(directory(name), Device.CPU)) {
            before = lm.logprobs(rows(numbers), 1).logprobs();
            lm.save(saved, WeightType.F32);
        }
        assertThat(saved.resolve("model.safetensors")).doesNotExist();
        JsonNode config = GoldenFixtures.JSON.readTree(
                saved.resolve("adapter_config.json").toFile());
        assertThat(config.get("peft_version").asText()).isEqualTo("0.21.2");
        assertThat(Path.of(config.get("base_model_name_or_path").asText()))
                .isAbsolute()
                .isDirectory();
        assertThat(SafeTensors.header(saved.resolve("adapter_model.safetensors"))
                        .keySet())
                .containsAll(SafeTensors.header(directory(name).resolve("adapter_model.safetensors")).keySet().stream()
                        .filter(weight -> !savedTwice(weight))
                        .toList());
        try (CausalLm lm = CausalLm.load(saved, Device.CPU)) {
            assertThat(lm.logprobs(rows(numbers), 1).logprobs()).isDeepEqualTo(before);
        }
    }

    /** What PEFT writes of a tied matrix and of a bias a second time. */
    private static boolean savedTwice(String weight) {
        return weight.endsWith("lm_head.weight")
                || weight.endsWith("lm_head.base_layer.weight")
                || weight.endsWith(".original_module.bias")
                || weight.endsWith(".modules_to_save.bias");
    }

    private static void assertGradient(Decoder decoder, JsonNode wanted) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Map<String, Tensor> gradients =
                    AdapterFiles.tensors(decoder.weights().lora().orElseThrow(), Tensor::grad);
            assertThat(wanted.fieldNames()).toIterable().containsExactlyInAnyOrderElementsOf(gradients.keySet());
            for (Map.Entry<String, Tensor> entry : gradients.entrySet()) {
                String name = entry.getKey();
                JsonNode numbers = wanted.get(name);
                Tensor gradient = entry.getValue();
                double norm = numbers.get("norm").doubleValue();
                assertThat(norm)
                        .as("a gradient that could vanish unseen in %s", name)
                        .isGreaterThan(1e-4);
                assertThat(Math.abs(gradient.norm().item_double() - norm))
                        .as("norm of %s", name)
                        .isLessThan(RELATIVE_TOLERANCE * norm);
                float[] flat = Tensors.toFloats(gradient.contiguous().view(-1));
                int[] indices = GoldenFixtures.ints(numbers.get("indices"));
                double[] values = GoldenFixtures.doubles(numbers.get("values"));
                for (int i = 0; i < indices.length; i++) {
                    assertThat(Math.abs(flat[indices[i]] - values[i]))
                            .as("%s[%d]", name, indices[i])
                            .isLessThan(RELATIVE_TOLERANCE * norm);
                }
            }
        }
    }

    private static List<TokenRow> rows(JsonNode numbers) {
        return GoldenFixtures.rows(numbers);
    }

    private static double[][] outputs(JsonNode numbers) {
        List<double[]> all = new ArrayList<>();
        numbers.get("rows").forEach(row -> all.add(GoldenFixtures.doubles(row.get("outputs"))));
        return all.toArray(double[][]::new);
    }

    static Path directory(String name) {
        return TestResources.path("adapters/" + name);
    }

    private static JsonNode numbers(String name) {
        return TestResources.json("adapters/" + name + ".json");
    }
}
