package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.TestResources;
import dev.flipside.config.RewardTrainingConfig;
import dev.flipside.config.UserError;
import dev.flipside.model.ModelFiles;
import dev.flipside.model.ScoredRow;
import dev.flipside.text.Renderer;
import dev.flipside.text.Tokenizer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PairRowsTest {
    private static final int EOS = 2;
    private static final String CAT = "{\"prompt\": \"cat\", \"chosen\": \"a\", \"rejected\": \"b\"}\n";

    @TempDir
    Path folder;

    private final Recorder recorder = new Recorder();
    private TinyWorld world;
    private Map<String, Double> figures = Map.of();

    @BeforeEach
    void writeWorld() {
        world = new TinyWorld(folder);
    }

    /** The only pair of a file as it is trained on, where it is. */
    private Optional<PairRows.Pair> only(String row, String... options) {
        PairRows.Split split = read(row.replace('`', '"') + "\n" + CAT, options);
        return split.train().size() == 2 ? Optional.of(split.train().get(0)) : Optional.empty();
    }

    private PairRows.Split read(String rows, String... options) {
        Path file = world.write("only.jsonl", rows);
        // With a pair that is not trained on.
        String another = "{\"prompt\": \"cats\", \"chosen\": \"a\", \"rejected\": \"b\"}\n";
        Path heldOut =
                world.write("held-out.jsonl", rows.contains(CAT) ? rows.replace(CAT, another) : rows + "\n" + another);
        String[] all = Arrays.copyOf(options, options.length + 2);
        all[options.length] = "data.preferences=" + file;
        all[options.length + 1] = "data.eval_preferences=" + heldOut;
        RewardTrainingConfig config = world.rewardTraining("run", all);
        Path tiny = TestResources.path("text/tiny-chatml");
        try (Renderer renderer = new Renderer(Tokenizer.load(tiny), Optional.empty(), EOS)) {
            PairRows.Split split = PairRows.read(config, renderer, ModelFiles.open(world.policy()), recorder);
            figures = split.figures();
            return split;
        }
    }

    private static final String LONG = "{`prompt`: `12345`, `chosen`: `678`, `rejected`: `90`}"; // a digit is a token

    @Test
    void aPairThatIsTooLongIsDroppedOrCutOnTheSideThatIsAskedFor() {
        ScoredRow whole = only(LONG).orElseThrow().rows().chosen();
        assertThat(whole.ids()).hasSize(9); // 12345 678 EOS
        assertThat(only(LONG, "data.max_length=7")).isEmpty();

        ScoredRow start = only(LONG, "data.max_length=7", "data.long_pairs=truncate")
                .orElseThrow()
                .rows()
                .chosen();
        assertThat(start.ids()).isEqualTo(Arrays.copyOf(whole.ids(), 7));
        assertThat(start.promptLength()).isEqualTo(5);

        PairRows.Pair end = only(LONG, "data.max_length=7", "data.long_pairs=truncate", "data.truncation_mode=keep_end")
                .orElseThrow();
        assertThat(end.rows().chosen().ids()).isEqualTo(Arrays.copyOfRange(whole.ids(), 2, 9));
        assertThat(end.rows().chosen().promptLength()).isEqualTo(3);
        assertThat(end.rows().rejected().promptLength())
                .as("5 + 3 tokens, cut by one")
                .isEqualTo(4);
        assertThat(recorder.messages).anyMatch(line -> line.endsWith("cut on the left"));
    }

    @Test
    void aCutPairKeepsATokenOfItsPromptAndOneOfItsReplyOrIsDropped() {
        assertThat(only(LONG, "data.max_length=5", "data.long_pairs=truncate")).isEmpty();
        assertThat(only(LONG, "data.max_length=4", "data.long_pairs=truncate", "data.truncation_mode=keep_end"))
                .isEmpty();
        assertThat(only(LONG, "data.max_length=5", "data.long_pairs=truncate", "data.truncation_mode=keep_end")
                        .orElseThrow()
                        .rows()
                        .chosen()
                        .promptLength())
                .isEqualTo(1);
    }

    @Test
    void aReplyThatMergesWithItsPromptIsReadAsItIsAndCounted() {
        ScoredRow row = only("{`prompt`: `cat t`, `chosen`: `he`, `rejected`: `a`}")
                .orElseThrow()
                .rows()
                .chosen();
        assertThat(recorder.messages)
                .filteredOn(line -> line.contains(
                        "1 of 4 replies merge with their prompt's last tokens (pair 1 at character 3, \" t\""))
                .hasSize(2); // training and held-out pairs have the same row
        assertThat(row.mergedPrompt()).isPresent();
        assertThat(row.promptTokens()).isEqualTo(row.promptLength() + 2);
    }

    @Test
    void aMergedPromptIsCutWithItsConversation() {
        String merging = "{`prompt`: `12 t`, `chosen`: `he34`, `rejected`: `567`}"; // 1 2 " " t, and 1 2 " the" 3 4 EOS
        ScoredRow whole = only(merging).orElseThrow().rows().chosen();
        assertThat(whole.ids()).hasSize(6);
        assertThat(whole.promptLength()).isEqualTo(2);
        assertThat(whole.mergedPrompt().orElseThrow()).hasSize(4);
        ScoredRow end = only(merging, "data.max_length=7", "data.long_pairs=truncate", "data.truncation_mode=keep_end")
                .orElseThrow()
                .rows()
                .chosen();
        assertThat(end.ids()).as("fits, the other is cut").isEqualTo(whole.ids());
        end = only(merging, "data.max_length=5", "data.long_pairs=truncate", "data.truncation_mode=keep_end")
                .orElseThrow()
                .rows()
                .chosen();
        assertThat(end.ids()).isEqualTo(Arrays.copyOfRange(whole.ids(), 1, 6));
        assertThat(end.promptLength()).isEqualTo(1);
        assertThat(end.mergedPrompt().orElseThrow())
                .isEqualTo(Arrays.copyOfRange(whole.mergedPrompt().orElseThrow(), 1, 4));
    }

    private static final String EQUAL_BEGINNINGS = "{`prompt`: `12`, `chosen`: `3456`, `rejected`: `3478`}";

    @Test
    void aPairThatIsEqualOnceItIsCutIsDroppedAndCounted() {
        assertThat(only(EQUAL_BEGINNINGS)).isPresent();
        assertThat(only(EQUAL_BEGINNINGS, "data.max_length=5", "data.long_pairs=truncate"))
                .isPresent();
        recorder.messages.clear();
        assertThat(only(EQUAL_BEGINNINGS, "data.max_length=4", "data.long_pairs=truncate"))
                .isEmpty();
        assertThat(recorder.messages)
                .contains(
                        "data.preferences: 1 of 2 pairs dropped, both replies are the same tokens once they are rendered and cut",
                        "data.eval_preferences: 1 of 2 pairs dropped, both replies are the same tokens once they are rendered and cut");
        assertThat(figures)
                .containsEntry("data/preferences/pairs", 1.0)
                .containsEntry("data/preferences/alike", 1.0)
                .containsEntry("data/eval_preferences/alike", 1.0);
    }

    @Test
    void pairsOfWhichNoneIsLeftAreRefused() {
        assertThatThrownBy(
                        () -> read(EQUAL_BEGINNINGS.replace('`', '"'), "data.max_length=4", "data.long_pairs=truncate"))
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith("data.preferences: of each of the 1 pairs of ")
                .hasMessageContaining(
                        "both replies are the same tokens once they are rendered and cut, so none is left");
    }
}
