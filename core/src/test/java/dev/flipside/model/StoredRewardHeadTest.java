package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import dev.flipside.safetensors.SafeTensors;
import dev.flipside.safetensors.WeightType;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Reward models whose head transformers' classifiers would not read as it is. */
class StoredRewardHeadTest {
    @TempDir
    Path directory;

    @BeforeAll
    static void load() {
        NativeLibrary.load();
    }

    /** Heads of other trainers and of models with code of their own, by the names of their public weights. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "score.bias | score.weight | holds score.bias, a bias that transformers' classifiers do not have",
                "value_head.weight | | holds value_head.weight, a reward head that transformers' classifiers would not read",
                "v_head.summary.weight | | holds v_head.summary.weight, a part of a reward head",
                "v_head.weight | | holds v_head.weight",
                "score.0.weight | | holds score.0.weight",
                "score.2.bias | score.weight | holds score.2.bias",
                "regression_head.weight | | holds regression_head.weight",
                "regression_layer.weight | score.weight | holds regression_layer.weight",
                "gating.layers.0.weight | score.weight | holds gating.layers.0.weight",
                "reward_head.weight | | holds reward_head.weight",
                "score_head.weight | | holds score_head.weight",
                "out_proj.weight | | holds out_proj.weight"
            })
    void anotherHeadIsNamedAndNeverDropped(String name, String beside, String message) {
        Path dir = TinyModels.llama()
                .config(c -> c.put("num_labels", 1))
                .tensors(shapes -> {
                    shapes.put(name, name.endsWith("bias") ? new long[] {1} : new long[] {1, TinyModels.D});
                    if (beside != null) {
                        shapes.put(beside, new long[] {1, TinyModels.D});
                    }
                })
                .write(directory.resolve("other"));
        assertThatThrownBy(() -> RewardModel.load(dir, Device.CPU))
                .isInstanceOf(UserError.class)
                .hasMessageContaining(dir.toString())
                .hasMessageContaining(message.trim());
        // A new head in its place would throw the model's own away.
        assertThatThrownBy(() -> RewardModel.fromBackbone(dir, Device.CPU, new Seeds(1)))
                .isInstanceOf(UserError.class)
                .hasMessageContaining(message.trim());
    }

    @Test
    void aHeadOfAnotherShapeIsNamed() {
        long[][] wrong = {{}, {TinyModels.D}, {1, TinyModels.D + 1}, {1, TinyModels.D, 1}, {0, TinyModels.D}};
        for (int i = 0; i < wrong.length; i++) {
            long[] shape = wrong[i];
            Path dir = TinyModels.llama()
                    .config(c -> c.put("num_labels", 1))
                    .tensors(shapes -> shapes.put("score.weight", shape))
                    .write(directory.resolve("shape" + i));
            assertThatThrownBy(() -> RewardModel.load(dir, Device.CPU))
                    .isInstanceOf(UserError.class)
                    .hasMessageMatching("(?s).*(score.weight has the shape|score head has 0 labels).*");
        }
    }

    /** LLaMA-Factory's reward models are language models with TRL's value head in a file of the name of ours. */
    @Test
    void aValueHeadOfALanguageModelIsNoRewardHead() {
        Path dir = TinyModels.llama().write(directory.resolve("factory"));
        try (Scopes.Frozen scope = Scopes.frozen()) {
            SafeTensors.write(
                    dir.resolve("value_head.safetensors"),
                    Map.of(
                            "v_head.summary.weight",
                            Tensors.ofFloats(new float[TinyModels.D], Device.CPU, 1, TinyModels.D)),
                    WeightType.F32);
        }
        assertThatThrownBy(() -> RewardModel.load(dir, Device.CPU))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("as LLaMA-Factory writes it");
    }
}
