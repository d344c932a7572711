package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.Scopes;
import dev.flipside.model.CausalLm;
import dev.flipside.model.RewardModel;
import dev.flipside.run.RunDirectory;
import dev.flipside.run.RunSettings;
import dev.flipside.safetensors.WeightType;
import java.nio.file.Path;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A number that is none stops the run before it reaches the weights, and the message says where it is. */
class NonFiniteTest {
    private static final String BAD = "model.layers.1.mlp.down_proj.weight";

    @TempDir
    static Path folder;

    private static TinyWorld world;

    @BeforeAll
    static void writeWorld() {
        world = new TinyWorld(folder);
    }

    private static void poison(Tensor weight) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            weight.detach().view(-1).narrow(0, 3, 1).fill_(new Scalar(Double.NaN));
        }
    }

    @Test
    void aPolicyFileWithANaN() {
        try (CausalLm lm = CausalLm.load(world.policy(), Device.CPU)) {
            poison(lm.parameters().get(BAD));
            lm.save(folder.resolve("bad-policy"), WeightType.F32);
        }
        assertThatThrownBy(() -> new SaveTrainer(
                                world.config("policy-nan", "policy.model=" + folder.resolve("bad-policy")))
                        .run())
                .isInstanceOf(NonFiniteException.class)
                .hasMessageContaining(BAD);
        assertThat(folder.resolve("policy-nan/policy")).doesNotExist();
    }

    @Test
    void aRewardModelFileWithANaN() {
        try (RewardModel model = RewardModel.load(world.rewardModel(), Device.CPU)) {
            poison(model.trunk().get(BAD));
            model.save(folder.resolve("bad-model"), WeightType.F32);
        }
        assertThatThrownBy(() -> new SaveTrainer(
                                world.config("model-nan", "reward_model.model=" + folder.resolve("bad-model")))
                        .run())
                .isInstanceOf(NonFiniteException.class)
                .hasMessageContaining(BAD);
        assertThatThrownBy(() -> new RewardTrainer(world.rewardTraining(
                                "rm-nan",
                                "reward_model.model=" + folder.resolve("bad-model"),
                                "!data.eval_preferences"))
                        .run())
                .isInstanceOf(NonFiniteException.class)
                .hasMessageContaining("step 1");
        assertThat(folder.resolve("rm-nan/final")).doesNotExist();
    }

    /** The weights overflow in the middle of a run: what was saved before is whole and finite. */
    @Test
    void theLastCheckpointIsUnharmed() {
        // The first update multiplies the weights by about a million: they are still finite, and saved, when the next
        // ones overflow.
        assertThatThrownBy(() -> new SaveTrainer(world.config(
                                "diverges",
                                "run.max_steps=12",
                                "run.save_steps=1",
                                "policy.learning_rate=1000",
                                "policy.weight_decay=1000"))
                        .run())
                // Whichever meets it first, a loss or the logits of the next generation.
                .isInstanceOfAny(NonFiniteException.class, UserError.class)
                .hasMessageContaining("finite");
        assertThat(folder.resolve("diverges/policy")).doesNotExist();
        Path checkpoint = RunFiles.newestCheckpoint(folder.resolve("diverges"));
        try (CausalLm lm = CausalLm.load(checkpoint.resolve("policy"), Device.CPU);
                RunDirectory verified = RunDirectory.resume(folder.resolve("diverges"), RunSettings.of(2, false))) {
            assertThat(verified.resumedFrom().orElseThrow().folder()).isEqualTo(checkpoint);
            assertThat(lm.parameters().firstNonFiniteWeight()).isEmpty();
        }
    }

    @Test
    void nothingThatGradesIsAMistake() {
        assertThatThrownBy(() -> new SaveTrainer(world.functionsOnly("nothing")).run())
                .isInstanceOf(UserError.class)
                .hasMessageContaining("nothing grades");
    }
}
