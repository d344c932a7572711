package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.engine.Device;
import dev.flipside.safetensors.Json;
import dev.flipside.safetensors.WeightType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Reward models against transformers' classifiers with one label: scores, where they are read, and values by the prefix
 * property.
 */
class GoldenRewardTest {
    /** As for log-probabilities: rounding stays below 1e-5 on these models. */
    private static final double TOLERANCE = 1e-4;

    @TempDir
    Path temp;

    @ParameterizedTest
    @ValueSource(strings = {"llama-reward", "mistral-reward", "qwen2-reward", "qwen3-reward"})
    void scoresLikeTransformers(String name) {
        assertScores(GoldenFixtures.directory(name), GoldenFixtures.numbers(name), TOLERANCE);
    }

    /** The fixtures hold texts that end in the pad id; there transformers reads an earlier token than the last. */
    @Test
    void theGoldensCoverTextsThatEndInThePadId() {
        JsonNode rewards = GoldenFixtures.numbers("qwen3-reward").get("rewards");
        int early = 0;
        for (JsonNode row : rewards) {
            double gap = Math.abs(
                    row.get("score").doubleValue() - row.get("score_at_end").doubleValue());
            if (row.get("position").intValue() < row.get("ids").size() - 1) {
                assertThat(gap).isGreaterThan(100 * TOLERANCE);
                early++;
            }
        }
        assertThat(early).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama-reward", "mistral-reward", "qwen2-reward", "qwen3-reward"})
    void withoutAPadIdTheLastTokenIsScored(String name) {
        Path edited = GoldenFixtures.copy(GoldenFixtures.directory(name), temp.resolve(name));
        GoldenFixtures.editConfig(edited, config -> config.putNull("pad_token_id"));
        JsonNode numbers = GoldenFixtures.numbers(name);
        try (RewardModel model = RewardModel.load(edited, Device.CPU)) {
            double[] found = model.score(GoldenFixtures.scoredRows(numbers)).rewards();
            assertThat(GoldenFixtures.largestGap(found, perText(numbers, "score_at_end")))
                    .isLessThan(TOLERANCE);
        }
    }

    /**
     * OpenRLHF saves its class RewardModel without a word of labels; transformers reads all of these with
     * {@code num_labels=1}.
     */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{'num_labels':1}",
                "{'num_labels':2}",
                "{'id2label':{}}",
                "{'id2label':{'0':'a','1':'b'}}",
                "{'num_labels':1,'id2label':{'0':'a','1':'b'}}",
                "{'problem_type':'regression','num_labels':1}",
                "{'problem_type':'single_label_classification'}",
                "{'architectures':['RewardModel'],'normalize_reward':true,'mean':0.5,'std':2,'value_head_prefix':'score'}",
                "{'architectures':['LlamaForRewardModel'],'auto_map':{'AutoModelForSequenceClassification':'modeling.LlamaForRewardModel'}}",
                "{'architectures':null}"
            })
    void theHeadDecidesWhateverConfigJsonSaysOfLabels(String config) throws Exception {
        Path edited = GoldenFixtures.copy(GoldenFixtures.directory("llama-reward"), temp.resolve("reward"));
        ObjectNode changes = (ObjectNode) GoldenFixtures.JSON.readTree(config.replace('\'', '"'));
        GoldenFixtures.editConfig(edited, c -> {
            c.remove(List.of("num_labels", "id2label", "label2id", "problem_type"));
            c.setAll(changes);
        });
        JsonNode numbers = GoldenFixtures.numbers("llama-reward");
        assertScores(edited, numbers, TOLERANCE);
        Path saved = temp.resolve("saved");
        try (RewardModel model = RewardModel.load(edited, Device.CPU)) {
            model.save(saved, WeightType.F32);
        }
        assertScores(saved, numbers, TOLERANCE);
        assertThat(Json.read(saved.resolve("config.json")).get("id2label")).hasSize(1);
        assertThat(Json.read(saved.resolve("config.json")).has("num_labels")).isFalse();
    }

    /**
     * With the reward head as value head, the value at the last prompt token is what the classifier gives the prompt
     * alone.
     */
    @ParameterizedTest
    @ValueSource(strings = {"llama-reward", "mistral-reward", "qwen2-reward", "qwen3-reward"})
    void theValueOfAPromptIsReadAtItsLastToken(String name) {
        JsonNode numbers = GoldenFixtures.numbers(name);
        double bias = 0.25;
        try (RewardModel model = RewardModel.load(GoldenFixtures.directory(name), Device.CPU)) {
            model.setValueHead(GoldenFixtures.weight(GoldenFixtures.directory(name), "score.weight"), bias);
            List<ScoredRow> rows = GoldenFixtures.scoredRows(numbers);
            double[] wanted = new double[rows.size()];
            for (int i = 0; i < wanted.length; i++) {
                JsonNode prefixScores = numbers.get("rewards").get(i).get("prefix_scores");
                wanted[i] = prefixScores.get(rows.get(i).promptLength() - 1).doubleValue() + bias;
            }
            assertThat(GoldenFixtures.largestGap(model.score(rows).values(), wanted))
                    .isLessThan(TOLERANCE);
        }
    }

    static void assertScores(Path directory, JsonNode numbers, double tolerance) {
        try (RewardModel model = RewardModel.load(directory, Device.CPU)) {
            assertThat(model.hasValueHead()).isFalse();
            double[] found = model.score(GoldenFixtures.scoredRows(numbers)).rewards();
            assertThat(GoldenFixtures.largestGap(found, perText(numbers, "score")))
                    .isLessThan(tolerance);
        }
    }

    private static double[] perText(JsonNode numbers, String key) {
        List<Double> values = new ArrayList<>();
        numbers.get("rewards").forEach(row -> values.add(row.get(key).doubleValue()));
        return values.stream().mapToDouble(Double::doubleValue).toArray();
    }
}
