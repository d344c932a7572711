package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.config.TrainConfig;
import dev.flipside.data.PromptExample;
import dev.flipside.engine.Device;
import dev.flipside.engine.Seeds;
import dev.flipside.model.Precision;
import dev.flipside.rollout.Completion;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Samples of two streams that are decoded together are those that two calls draw. */
class SideBySideTest {
    private static final List<Seeds.Stream> STREAMS = List.of(Seeds.Stream.ROLLOUT, Seeds.Stream.FRESH_ROLLOUT);

    @TempDir
    static Path folder;

    /** Room for all, for one group of each stream, for some groups of one stream, and for less than a group. */
    @ParameterizedTest
    @ValueSource(ints = {128, 8, 7, 1})
    void everyStreamHasItsOwnSamples(int maxRows) {
        TinyWorld world = new TinyWorld(folder);
        TrainConfig config = world.config("side-by-side", "rollout.max_rows=" + maxRows);
        int group = config.rollout().numGenerations();
        assertThat(group).as("the cases above are for groups of").isEqualTo(4);
        try (PolicyModel policy =
                PolicyModel.load(world.policy(), config.policy(), new Seeds(1), Device.CPU, Precision.FLOAT32)) {
            List<PromptExample> prompts =
                    TrainingData.read(config, policy, TrainListener.SILENT).prompts();
            Rollouts rollouts = new Rollouts(policy, config.rollout(), new Seeds(1), Ranks.ALONE);
            List<RolloutBatch> together = rollouts.sample(prompts, group, STREAMS, 3);
            for (int s = 0; s < STREAMS.size(); s++) {
                assertSame(together.get(s), rollouts.sample(prompts, group, STREAMS.get(s), 3));
            }
            assertThat(together.get(0).texts()).isNotEqualTo(together.get(1).texts());
        }
    }

    private static void assertSame(RolloutBatch actual, RolloutBatch expected) {
        assertThat(actual.prompts()).isEqualTo(expected.prompts());
        assertThat(actual.texts()).isEqualTo(expected.texts());
        for (int r = 0; r < expected.completions().size(); r++) {
            Completion one = actual.completions().get(r);
            Completion other = expected.completions().get(r);
            assertThat(one.ids()).isEqualTo(other.ids());
            assertThat(one.finishReason()).isEqualTo(other.finishReason());
            // Products of more rows round in another order.
            assertThat(one.logprobs()).containsExactly(other.logprobs(), within(1e-5));
        }
    }
}
