package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.UserError;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pairs that the reward model reads alike are in no loss, no gate and no evaluation. */
class AlikePairsTest {
    private static final String LONG = "abcdefghijklmnopqrstuvwxyz";
    private static final String ROW = "{\"prompt\": \"ab\", \"chosen\": \"%s\", \"rejected\": \"%s\"}\n";
    private static final String ALIKE = ROW.formatted(LONG + "a", LONG + "b");
    private static final String APART = ROW.formatted("aa", "bb");
    private static final String ANOTHER = ROW.formatted("aa", "cb");

    @TempDir
    Path folder;

    private final Recorder recorder = new Recorder();
    private TinyWorld world;

    @BeforeEach
    void writeWorld() {
        world = new TinyWorld(folder);
    }

    private void train(String replay, String heldOut) {
        new SaveTrainer(world.config(
                        "run",
                        "reward_model.max_length=24",
                        "save.preset=guarded",
                        "save.value_warmup_prompts=8",
                        "data.preferences=" + world.write("replay.jsonl", replay),
                        "data.eval_preferences=" + world.write("held-out.jsonl", heldOut)))
                .listener(recorder)
                .run();
    }

    @Test
    void replayTheGateAndTheEvaluationDropThemAndSayHowMany() {
        train(ALIKE + APART + APART, ANOTHER + ALIKE + ANOTHER + ALIKE + ANOTHER + ANOTHER);
        assertThat(recorder.messages)
                .contains(
                        "data.preferences: 1 of 3 pairs dropped, both replies are the same tokens once they are rendered and cut",
                        "data.eval_preferences: 2 of 6 pairs dropped, both replies are the same tokens once they are rendered and cut")
                .anyMatch(line -> line.startsWith("gate: 4 labelled pairs"));
        assertThat(recorder.metric(0, "data/preferences/pairs")).isEqualTo(2);
        assertThat(recorder.metric(0, "data/preferences/alike")).isEqualTo(1);
        assertThat(recorder.metric(0, "data/eval_preferences/pairs")).isEqualTo(4);
        assertThat(recorder.metric(0, "data/eval_preferences/alike")).isEqualTo(2);
        assertThat(recorder.metric(1, "save/gate_pairs")).isEqualTo(4);
    }

    @Test
    void aFileOfWhichNoneIsLeftIsRefused() {
        assertThatThrownBy(() -> train(APART, ALIKE + ALIKE))
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith("data.eval_preferences: of each of the 2 pairs of ")
                .hasMessageContaining("so none is left");
        assertThat(folder.resolve("run")).doesNotExist();
        assertThatThrownBy(() -> train(ALIKE, APART))
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith("data.preferences: of each of the 1 pairs of ");
    }
}
