package dev.flipside.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.ComparisonConfig;
import dev.flipside.config.ConfigReader;
import dev.flipside.config.UserError;
import dev.flipside.run.FileHash;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ComparisonDirectoryTest {
    @TempDir
    Path temp;

    private Path folder;
    private Path base;
    private ComparisonConfig config;

    @BeforeEach
    void registered() throws IOException {
        folder = temp.resolve("comparison");
        base = Files.writeString(temp.resolve("train.yaml"), "run:\n  max_steps: 3\n");
        config = config();
        try (ComparisonDirectory directory = ComparisonDirectory.open(folder, config)) {
            assertThat(ComparisonDirectory.holdsComparison(folder)).isFalse();
            directory.register(config, List.of(base));
        }
    }

    private ComparisonConfig config(String... change) throws IOException {
        String yaml =
                """
                comparison:
                  seeds: [1, 2]
                  baseline: frozen
                  criterion: It helps.
                  detectable_effect: 0.1
                  outcomes: [{metric: eval_gold, role: primary}]
                base: {train: %s}
                arms: {frozen: {overrides: [save.preset=off]}, save: {overrides: {}}}
                """
                        .formatted(base);
        return ConfigReader.comparison(Files.writeString(temp.resolve("compare.yaml"), yaml), List.of(change));
    }

    @Test
    void theQuestionIsWrittenDownWithItsHashAndTime() {
        Registration registered = ComparisonDirectory.read(folder);
        assertThat(registered.config()).isEqualTo(config);
        assertThat(registered.time()).endsWith("Z");
        assertThat(registered.hash())
                .isEqualTo(FileHash.of(folder.resolve("comparison.yaml")).get(0).sha256());
        assertThat(registered.entries().at("/files/0/path").asText()).isEqualTo(base.toString());
    }

    @Test
    void registeringAgainChangesNothing() throws IOException {
        String first = Files.readString(folder.resolve("registration.json"));
        try (ComparisonDirectory directory = ComparisonDirectory.open(folder, config("comparison.workers=2"))) {
            directory.register(config("comparison.workers=2"), List.of(base));
        }
        assertThat(Files.readString(folder.resolve("registration.json"))).isEqualTo(first);
    }

    @Test
    void anotherQuestionIsRefused() throws IOException {
        ComparisonConfig other = config("comparison.criterion=It hurts.");
        assertThatThrownBy(() -> ComparisonDirectory.open(folder, other))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("comparison.criterion: 'It hurts.' differs from the 'It helps.'");
        // The refusal leaves the folder free.
        ComparisonDirectory.open(folder, config).close();
    }

    @Test
    void aBaseFileThatChangedIsRefused() throws IOException {
        Files.writeString(base, "run:\n  max_steps: 4\n");
        assertThatThrownBy(() -> ComparisonDirectory.open(folder, config))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("train.yaml has changed since the comparison");
    }

    @Test
    void aQuestionThatWasEditedInPlaceIsRefused() throws IOException {
        Path file = folder.resolve("comparison.yaml");
        Files.writeString(file, Files.readString(file).replace("0.1", "0.2"));
        assertThatThrownBy(() -> ComparisonDirectory.read(folder))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("is not what was registered before the first run");
    }

    @Test
    void oneProcessAtATime() {
        try (ComparisonDirectory held = ComparisonDirectory.open(folder, config)) {
            assertThatThrownBy(() -> ComparisonDirectory.open(held.folder(), config))
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining("is being written by");
        }
    }

    @Test
    void judgementsAreReadBack() throws IOException {
        assertThat(ComparisonDirectory.judged(folder, 1, "save")).isEmpty();
        Files.createDirectories(ComparisonDirectory.seed(folder, 1));
        ComparisonDirectory.writeJudgement(folder, 1, "save", Map.of("mean", 0.25));
        assertThat(ComparisonDirectory.judged(folder, 1, "save")).contains(0.25);
    }

    @Test
    void aFolderWithoutARegistrationIsNamed() {
        assertThatThrownBy(() -> ComparisonDirectory.read(temp))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("holds no comparison");
    }
}
