package dev.flipside.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResumedConfigTest {
    @TempDir
    Path folder;

    private Path file;
    private Path stored;

    @BeforeEach
    void storeARun() throws IOException {
        file = Files.writeString(
                folder.resolve("train.yaml"),
                """
                run: {output_dir: here, max_steps: 10}
                policy: {model: m}
                reward_model: {model: r}
                data: {prompts: p}
                """);
        stored = folder.resolve("config.yaml");
        Files.writeString(stored, ResumedConfig.stored(read("run.resume=true")));
    }

    private TrainConfig read(String... overrides) {
        return ConfigReader.train(file, List.of(overrides));
    }

    @Test
    void theSameConfigurationContinues() {
        assertThatCode(() -> ResumedConfig.requireContinues(stored, read("run.resume=true"), 10))
                .doesNotThrowAnyException();
        assertThat(stored).content().contains("resume: false");
    }

    @Test
    void whatChangesNoNumberMayChange() {
        for (String override : List.of(
                "run.output_dir=moved", "run.save_steps=1", "policy.gradient_checkpointing=true", "run.max_steps=20")) {
            assertThatCode(() -> ResumedConfig.requireContinues(stored, read(override), 10))
                    .doesNotThrowAnyException();
        }
    }

    @Test
    void theFirstOtherDifferenceIsNamedWithBothValues() {
        assertThatThrownBy(() -> ResumedConfig.requireContinues(
                        stored, read("save.learning_rate=0.5", "policy.learning_rate=0.25", "run.save_steps=1"), 5))
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith("policy.learning_rate: '0.25' differs from the '1e-6' that the run")
                .hasMessageContaining("config.yaml");
    }

    /** A server that has moved gives the same rewards. */
    @Test
    void whereRewardsAreComputedMayChangeAndWhatTheyWeighMayNot() throws IOException {
        String begun =
                "reward_model.functions=[{name: http, url: 'http://a/'}, {name: process, command: [x], weight: 2}]";
        Files.writeString(stored, ResumedConfig.stored(read(begun)));

        assertThatCode(() -> ResumedConfig.requireContinues(
                        stored,
                        read(
                                "reward_model.functions=[{name: http, url: 'http://b/', timeout: 5}, {name: process, command: [y, z], weight: 2}]"),
                        5))
                .doesNotThrowAnyException();
        for (String other : List.of(
                begun.replace("weight: 2", "weight: 3"),
                begun.replace("url", "messages: true, url"),
                begun.replace("process", "length"))) {
            assertThatThrownBy(() -> ResumedConfig.requireContinues(stored, read(other), 5))
                    .isInstanceOf(UserError.class)
                    .hasMessageStartingWith("reward_model.functions: ");
        }
    }

    @Test
    void aRunCannotBecomeShorterThanItIs() {
        assertThatThrownBy(() -> ResumedConfig.requireContinues(stored, read("run.max_steps=4"), 5))
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith("run.max_steps: 4 is less than the 5 steps");
    }

    @Test
    void severalRoundsKeepTheirLength() throws IOException {
        Files.writeString(stored, ResumedConfig.stored(read("run.rounds=2")));

        assertThatThrownBy(() -> ResumedConfig.requireContinues(stored, read("run.rounds=2", "run.max_steps=20"), 5))
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith("run.max_steps: '20' differs from the '10'");
    }
}
