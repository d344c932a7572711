package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A checkpoint's state.json of another shape is a sentence, not a NullPointerException some steps later. */
class StateShapeTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "null",
                "{}",
                "[]",
                "7",
                "{\"start\": null}",
                "{\"start\": {}, \"optimiserSteps\": {}, \"gate\": null, \"firstAccuracy\": null, \"firstEvaluation\": null, \"tokensSeen\": 1}",
                "{\"start\": [1], \"optimiserSteps\": 5}",
            })
    void anotherShapeIsTold(String json) throws IOException {
        Files.writeString(folder.resolve("state.json"), json);
        assertThatThrownBy(() -> CheckpointFiles.readState(folder))
                .isInstanceOf(UserError.class)
                .hasMessageContaining(folder.resolve("state.json").toString());
    }
}
