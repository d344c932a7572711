package dev.flipside.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The page is brought up to date by {@code mvn -pl core test -Dtest=ConfigReferenceTest -Dflipside.updateDocs}. */
class ConfigReferenceTest {
    /** Surefire runs in the module's folder. */
    private static final Path PAGE = Path.of("../docs/configuration.md");

    @Test
    void thePageInDocsIsUpToDate() throws IOException {
        if (System.getProperty("flipside.updateDocs") != null) {
            Files.createDirectories(PAGE.getParent());
            Files.writeString(PAGE, ConfigReference.markdown());
        }

        assertThat(PAGE)
                .as("run: mvn -pl core test -Dtest=ConfigReferenceTest -Dflipside.updateDocs")
                .hasContent(ConfigReference.markdown());
    }

    @Test
    void everyKeyOfTheConfigurationIsOnThePage() {
        String page = ConfigReference.markdown();

        for (Record defaults : new Record[] {TrainConfig.defaults(), RewardTrainingConfig.defaults()}) {
            ConfigReader.tree(defaults).properties().forEach(section -> {
                assertThat(page).contains("\n## " + section.getKey() + "\n");
                section.getValue().fieldNames().forEachRemaining(key -> assertThat(page)
                        .contains("\n| `" + key + "` |"));
            });
        }
    }

    @Test
    void aRowHasTypeDefaultAndMeaning() {
        assertThat(ConfigReference.markdown())
                .contains("| `gate` | `off` `mcnemar` | `off` | `mcnemar`: an update that makes the model worse")
                .contains("| `learning_rate` | number | `1e-6` | Peak learning rate. |")
                .contains("| `epsilon` | number | - | Lower clip range")
                .contains("| `stop` | list of texts | - |")
                .contains(
                        "- `guarded` sets `guard: replay`, `centering: 0.01`, `label_smoothing: 0.05`, `gate: mcnemar`.");
    }

    @Test
    void keysOfSectionSaveStandUnderWhatTheyAreFor() {
        String page = ConfigReference.markdown();

        assertThat(page.substring(page.indexOf("\n## save\n"), page.indexOf("\n## eval\n")))
                .containsSubsequence(
                        "### Everyday keys\n",
                        "| key |",
                        "| `preset` |",
                        "| `filter` |",
                        "### Anchor, contrast and value head\n",
                        "| key |",
                        "| `anchor` |",
                        "### Guards\n",
                        "| key |",
                        "| `guard` |",
                        "| `centering` |",
                        "| `gate` |",
                        "### Controls\n",
                        "| key |",
                        "| `labels` |",
                        "| `anchor_noise` |",
                        "### Presets of section save\n");
    }
}
