package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.SharedFiles;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import dev.flipside.safetensors.Json;
import dev.flipside.safetensors.WeightType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RewardModelTest {
    /** float32 sums in another order, of rewards of size about 1. */
    private static final double ROUNDING = 1e-5;

    @TempDir
    Path directory;

    @BeforeAll
    static void load() {
        NativeLibrary.load();
    }

    private RewardModel model() {
        return model("llama");
    }

    /** A model whose heads are as wide as its other weights. */
    private RewardModel model(String modelType) {
        Path dir = TinyModels.of(modelType)
                .config(c -> c.put("initializer_range", 0.3))
                .write(directory.resolve("lm-" + modelType));
        RewardModel model = RewardModel.fromBackbone(dir, Device.CPU, new Seeds(1));
        model.setValueHead(
                new SplittableRandom(9).doubles(TinyModels.D, -0.5, 0.5).toArray(), 0.25);
        return model;
    }

    private static List<ScoredRow> rows(int count, int longest) {
        return TinyModels.rows(count, longest).stream()
                .map(r -> new ScoredRow(r.ids(), r.promptLength()))
                .toList();
    }

    private static float[] gradient(Parameters parameters) {
        try (PointerScope scope = new PointerScope()) {
            return Tensors.toFloats(parameters.gradient());
        }
    }

    private static double[] numbers(int n, long seed) {
        return new SplittableRandom(seed).doubles(n, -1, 1).toArray();
    }

    @Test
    void rewardsAndValuesDependOnTheirPrefixOnly() {
        try (RewardModel model = model()) {
            List<ScoredRow> rows = rows(6, 20);
            Scores together = model.score(rows);
            List<int[]> prompts = rows.stream()
                    .map(r -> Arrays.copyOf(r.ids(), r.promptLength()))
                    .toList();
            // The value of a conversation's prompt is the value of the prompt alone.
            assertThat(model.values(prompts)).containsExactly(together.values(), within(ROUNDING));
            List<ScoredRow> reversed = new ArrayList<>(rows);
            Collections.reverse(reversed);
            for (int r = 0; r < rows.size(); r++) {
                assertThat(model.score(List.of(rows.get(r))).rewards()[0])
                        .isCloseTo(together.rewards()[r], within(ROUNDING));
                assertThat(model.score(reversed).rewards()[rows.size() - 1 - r])
                        .isCloseTo(together.rewards()[r], within(ROUNDING));
            }
            assertThat(Arrays.stream(together.rewards()).distinct().count()).isEqualTo(rows.size());
        }
    }

    @Test
    void valuesAreLinearInPromptFeatures() {
        try (RewardModel model = model()) {
            List<int[]> prompts = rows(5, 12).stream().map(ScoredRow::ids).toList();
            double[][] features = model.promptFeatures(prompts);
            double[] weight = numbers(TinyModels.D, 4);
            model.setValueHead(weight, -0.5);
            double[] values = model.values(prompts);
            for (int p = 0; p < values.length; p++) {
                double expected = -0.5;
                for (int d = 0; d < weight.length; d++) {
                    expected += weight[d] * features[p][d];
                }
                assertThat(values[p]).isCloseTo(expected, within(ROUNDING));
            }
        }
    }

    @Test
    void aRowWithoutKnownPromptHasNoValue() {
        try (RewardModel model = model()) {
            Scores scores =
                    model.score(List.of(new ScoredRow(new int[] {5, 6}, 0), new ScoredRow(new int[] {5, 6}, 1)));
            assertThat(scores.values()[0]).isNaN();
            assertThat(scores.values()[1]).isFinite();
            // A product may sum two rows of a batch in another order.
            assertThat(scores.rewards()[0]).isCloseTo(scores.rewards()[1], within(ROUNDING));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "qwen3"})
    void gradientsEqualAutograd(String modelType) {
        try (RewardModel model = model(modelType)) {
            List<ScoredRow> rows = rows(5, 12);
            double[] gradRewards = numbers(5, 1);
            double[] gradValues = numbers(5, 2);
            double lambda = 0.3;
            float[] trunk = backward(model, rows, gradRewards, gradValues, lambda, false);
            float[] head = gradient(model.valueHead());
            float[] checkpointed = backward(model, rows, gradRewards, gradValues, lambda, true);
            // The same products once more: at most float32 sums in another order.
            assertThat(GoldenFixtures.relativeGap(checkpointed, trunk)).isLessThan(1e-6);
            model.trunk().zeroGradient();
            model.valueHead().zeroGradient();
            for (int r = 0; r < rows.size(); r++) {
                autograd(model, rows.get(r), gradRewards[r], gradValues[r], lambda);
            }
            assertThat(GoldenFixtures.relativeGap(trunk, gradient(model.trunk())))
                    .isLessThan(ROUNDING);
            assertThat(GoldenFixtures.relativeGap(head, gradient(model.valueHead())))
                    .isLessThan(ROUNDING);
        }
    }

    private static float[] backward(
            RewardModel model, List<ScoredRow> rows, double[] rewards, double[] values, double lambda, boolean check) {
        try (RewardPass pass = model.pass(rows, check)) {
            model.trunk().zeroGradient();
            model.valueHead().zeroGradient();
            Scores scores = model.score(rows);
            assertThat(pass.rewards()).containsExactly(scores.rewards(), within(ROUNDING));
            assertThat(pass.values()).containsExactly(scores.values(), within(ROUNDING));
            pass.backward(rewards, values, lambda);
        }
        return gradient(model.trunk());
    }

    /**
     * gradReward r + gradValue v by torch's own graph; the value's way into the backbone is scaled by splitting h =
     * lambda h + (1 - lambda) stop(h).
     */
    private static void autograd(RewardModel model, ScoredRow row, double gradReward, double gradValue, double lambda) {
        try (PointerScope scope = new PointerScope()) {
            Tensor ids = Tensors.padded(new int[][] {row.ids()}, Device.CPU);
            Tensor hidden = model.decoder().hidden(ids).select(0, 0);
            Tensor reward = hidden.select(0, row.ids().length - 1L)
                    .dot(model.trunk().get("score.weight").view(-1));
            Tensor last = hidden.select(0, row.promptLength() - 1L);
            Tensor scaled = last.mul(Tensors.scalar(lambda)).add(last.detach().mul(Tensors.scalar(1 - lambda)));
            Tensor value = scaled.dot(model.valueHead().get("weight").view(-1))
                    .add(model.valueHead().get("bias"));
            reward.mul(Tensors.scalar(gradReward))
                    .add(value.mul(Tensors.scalar(gradValue)))
                    .sum()
                    .backward();
        }
    }

    @Test
    void valuesTeachTheBackboneOnlyAsMuchAsAsked() {
        try (RewardModel model = model()) {
            List<ScoredRow> rows = rows(4, 12);
            double[] none = new double[4];
            double[] some = numbers(4, 2);
            float[] stopped = backward(model, rows, none, some, 0, false);
            assertThat(stopped).containsOnly(0);
            float[] head = gradient(model.valueHead());
            float[] tenth = backward(model, rows, none, some, 0.1, false);
            float[] whole = backward(model, rows, none, some, 1, false);
            assertThat(gradient(model.valueHead())).containsExactly(head);
            for (int i = 0; i < whole.length; i++) {
                whole[i] *= 0.1f;
            }
            assertThat(GoldenFixtures.relativeGap(tenth, whole)).isLessThan(ROUNDING);
        }
    }

    @Test
    void gradientsDoNotDependOnTheSplit() {
        try (RewardModel model = model()) {
            List<ScoredRow> rows = rows(7, 20);
            double[] rewards = numbers(7, 1);
            double[] values = numbers(7, 2);
            float[] together = backward(model, rows, rewards, values, 1, false);
            model.trunk().zeroGradient();
            for (int r = rows.size() - 1; r >= 0; r--) {
                try (RewardPass pass = model.pass(List.of(rows.get(r)), true)) {
                    pass.backward(new double[] {rewards[r]}, new double[] {values[r]}, 1);
                }
            }
            assertThat(GoldenFixtures.relativeGap(gradient(model.trunk()), together))
                    .isLessThan(ROUNDING);
        }
    }

    @Test
    void scoredPositions() throws Exception {
        JsonNode cases = Json.MAPPER
                .readTree(SharedFiles.require("conformance/losses.json").toFile())
                .get("scored_position");
        int compared = 0;
        for (JsonNode test : cases) {
            int[] padded = Json.MAPPER.convertValue(test.get("ids"), int[].class);
            int pad = test.get("pad").asInt();
            int from = test.path("left_pad").asInt();
            int[] ids = Arrays.copyOfRange(
                    padded, from, from == 0 ? test.get("length").asInt() : padded.length);
            assertThat(from + ScoredPosition.of(ids, OptionalInt.empty()))
                    .isEqualTo(test.get("ours").asInt());
            assertThat(from + ScoredPosition.of(ids, OptionalInt.of(pad)))
                    .isEqualTo(test.get("hf_rule").asInt());
            if (test.has("first_pad_minus_1_rule")) {
                assertThat(ScoredPosition.of(ids, OptionalInt.empty()))
                        .isNotEqualTo(test.get("first_pad_minus_1_rule").asInt());
            }
            compared++;
        }
        assertThat(compared).isEqualTo(4);
        // All padding: transformers' argmax over zeros is position 0.
        assertThat(ScoredPosition.of(new int[] {7, 7}, OptionalInt.of(7))).isZero();
    }

    @Test
    void aForeignPaddingTokenMovesTheScoredPositionAndIsCounted() {
        Path saved = directory.resolve("foreign");
        try (RewardModel model = model()) {
            // Id 6 ends the rows below: a directory that names it as padding was made by someone else.
            model.save(saved, WeightType.F32, 6);
            List<ScoredRow> rows =
                    List.of(new ScoredRow(new int[] {5, 7, 6}, 1), new ScoredRow(new int[] {5, 6, 7}, 1));
            assertThat(model.rowsEndingInPadding(rows)).isZero();
            try (RewardModel foreign = RewardModel.load(saved, Device.CPU)) {
                assertThat(foreign.rowsEndingInPadding(rows)).isEqualTo(1);
                double shorter =
                        model.score(List.of(new ScoredRow(new int[] {5, 7}, 1))).rewards()[0];
                assertThat(foreign.score(rows).rewards()[0]).isCloseTo(shorter, within(ROUNDING));
                assertThat(foreign.score(rows).rewards()[1])
                        .isEqualTo(model.score(rows).rewards()[1]);
            }
        }
    }

    @Test
    void savedAndLoadedIsTheSameToTheBit() {
        Path saved = directory.resolve("saved");
        List<ScoredRow> rows = rows(5, 12);
        try (RewardModel model = model("qwen2")) {
            model.save(saved, WeightType.F32);
            Scores before = model.score(rows);
            try (RewardModel loaded = RewardModel.load(saved, Device.CPU)) {
                assertThat(loaded.hasValueHead()).isTrue();
                Scores after = loaded.score(rows);
                assertThat(after.rewards()).containsExactly(before.rewards());
                assertThat(after.values()).containsExactly(before.values());
            }
            try (RewardModel copy = model.copy()) {
                model.setValueHead(new double[TinyModels.D], 0);
                assertThat(copy.score(rows).values()).containsExactly(before.values());
            }
        }
        ObjectNode config = Json.read(saved.resolve("config.json"));
        assertThat(config.at("/architectures/0").asText()).isEqualTo("Qwen2ForSequenceClassification");
        assertThat(config.get("id2label")).isEqualTo(Json.MAPPER.valueToTree(Map.of("0", "LABEL_0")));
        assertThat(config.get("label2id")).isEqualTo(Json.MAPPER.valueToTree(Map.of("LABEL_0", 0)));
        assertThat(config.get("pad_token_id").asInt()).isZero();
    }

    @Test
    void withoutAValueHeadFileValuesAreUndefined() throws Exception {
        Path saved = directory.resolve("saved");
        try (RewardModel model = model()) {
            model.save(saved, WeightType.F32);
        }
        Files.delete(saved.resolve("value_head.safetensors"));
        try (RewardModel loaded = RewardModel.load(saved, Device.CPU)) {
            assertThat(loaded.hasValueHead()).isFalse();
            assertThat(loaded.values(List.of(new int[] {3, 4}))).containsExactly(0);
            loaded.save(saved, WeightType.BF16);
            assertThat(saved.resolve("value_head.safetensors")).doesNotExist();
        }
    }

    @Test
    void newHeadsAreDrawnFromTheSeed() {
        Path dir = TinyModels.llama().write(directory.resolve("lm"));
        try (RewardModel one = RewardModel.fromBackbone(dir, Device.CPU, new Seeds(1));
                RewardModel same = RewardModel.fromBackbone(dir, Device.CPU, new Seeds(1));
                RewardModel other = RewardModel.fromBackbone(dir, Device.CPU, new Seeds(2));
                PointerScope scope = new PointerScope()) {
            float[] head = Tensors.toFloats(one.trunk().get("score.weight"));
            assertThat(Tensors.toFloats(same.trunk().get("score.weight"))).containsExactly(head);
            assertThat(Tensors.toFloats(other.trunk().get("score.weight"))).isNotEqualTo(head);
            double square = 0;
            for (float w : head) {
                square += (double) w * w / head.length;
            }
            // 24 draws with standard deviation 0.02: three standard errors (0.0029 each) around it.
            assertThat(Math.sqrt(square)).isCloseTo(0.02, within(0.009));
            assertThat(one.values(List.of(new int[] {3, 4}))).containsExactly(0);
            assertThat(one.hasValueHead()).isTrue();
        }
    }

    @Test
    void whatIsNotARewardModelIsRefused() {
        Path lm = TinyModels.llama().write(directory.resolve("lm"));
        assertThatThrownBy(() -> RewardModel.load(lm, Device.CPU))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("has no score.weight")
                .hasMessageContaining("train-rm");
        Path two = TinyModels.llama()
                .classifier()
                .config(c -> c.putObject("id2label").put("0", "a").put("1", "b"))
                .tensors(shapes -> shapes.put("score.weight", new long[] {2, TinyModels.D}))
                .write(directory.resolve("two"));
        assertThatThrownBy(() -> RewardModel.load(two, Device.CPU))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("2 labels");
    }

    @Test
    void thePaddingTokenNeverEndsARendering() throws Exception {
        Path dir = TinyModels.llama().config(c -> c.put("pad_token_id", 2)).write(directory.resolve("pad"));
        ModelFiles files = ModelFiles.open(dir);
        assertThat(PadToken.choose(files, Set.of())).isEqualTo(1);
        assertThatThrownBy(() -> PadToken.choose(files, Set.of(1)))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("no special token that never ends a text");
        Files.writeString(
                dir.resolve("tokenizer.json"),
                "{\"added_tokens\":[{\"id\":2,\"content\":\"</s>\",\"special\":true},{\"id\":9,\"content\":\"<unk>\",\"special\":true}]}");
        Files.writeString(dir.resolve("tokenizer_config.json"), "{\"unk_token\":\"<unk>\",\"pad_token\":\"</s>\"}");
        assertThat(PadToken.choose(ModelFiles.open(dir), Set.of(1))).isEqualTo(9);
        Path saved = directory.resolve("rm");
        try (RewardModel model = RewardModel.fromBackbone(dir, Device.CPU, new Seeds(1))) {
            model.save(saved, WeightType.F32, 9);
        }
        // The tokenizer must pad with the token that the model takes for padding.
        assertThat(Json.read(saved.resolve("tokenizer_config.json"))
                        .get("pad_token")
                        .asText())
                .isEqualTo("<unk>");
        assertThat(Json.read(saved.resolve("config.json")).get("pad_token_id").asInt())
                .isEqualTo(9);
    }
}
