package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.config.RewardTrainingConfig;
import dev.flipside.model.ModelFiles;
import dev.flipside.model.ScoredRow;
import dev.flipside.text.Renderer;
import dev.flipside.text.Tokenizer;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PairRowsTest {
    private static final int EOS = 2;

    @TempDir
    Path folder;

    private final Recorder recorder = new Recorder();
    private TinyWorld world;

    @BeforeEach
    void writeWorld() {
        world = new TinyWorld(folder);
    }

    /** The only pair of a file as it is trained on, where it is. */
    private Optional<PairRows.Pair> only(String row, String... options) throws URISyntaxException {
        Path file = world.write(
                "only.jsonl",
                row.replace('`', '"') + "\n" + "{\"prompt\": \"cat\", \"chosen\": \"a\", \"rejected\": \"b\"}\n");
        String[] all = Arrays.copyOf(options, options.length + 2);
        all[options.length] = "data.preferences=" + file;
        all[options.length + 1] = "data.eval_preferences=" + file;
        RewardTrainingConfig config = world.rewardTraining("run", all);
        Path tiny = Path.of(PairRowsTest.class.getResource("/text/tiny-chatml").toURI());
        try (Renderer renderer = new Renderer(Tokenizer.load(tiny), Optional.empty(), EOS)) {
            PairRows.Split split = PairRows.read(config, renderer, ModelFiles.open(world.policy()), recorder);
            return split.train().size() == 2 ? Optional.of(split.train().get(0)) : Optional.empty();
        }
    }

    private static final String LONG = "{`prompt`: `12345`, `chosen`: `678`, `rejected`: `90`}"; // a digit is a token

    @Test
    void aPairThatIsTooLongIsDroppedOrCutOnTheSideThatIsAskedFor() throws URISyntaxException {
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
    void aCutPairKeepsATokenOfItsPromptAndOneOfItsReplyOrIsDropped() throws URISyntaxException {
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
    void aReplyThatMergesWithItsPromptIsSaidBeforeTraining() throws URISyntaxException {
        only("{`prompt`: `cat t`, `chosen`: `he`, `rejected`: `a`}");
        assertThat(recorder.warnings)
                .hasSize(2) // training and held-out pairs are the same file
                .allMatch(line -> line.contains("(pair 1 at character 3, \" t\""));
    }
}
