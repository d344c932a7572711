package dev.flipside.hub;

import static dev.flipside.hub.TestHub.MODEL;
import static dev.flipside.hub.TestHub.NAME;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where a path or a name is taken, and what a path in the cache was. */
class HubInputsTest {
    @TempDir
    Path folder;

    private TestHub server;
    private String commit;

    @BeforeEach
    void start() throws IOException {
        server = new TestHub();
        commit = server.commit(MODEL, "main", TestHub.modelFiles());
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Hub hub() {
        return server.client(folder.resolve("cache"));
    }

    @Test
    void aPathInTheCacheTellsWhereItIsFrom() {
        Path model = hub().pull(NAME, Patterns.NONE, Optional.empty()).folder();
        assertThat(HubSource.of(model.resolve("config.json"))).contains(new HubSource("org/tiny", "model", commit));
        assertThat(HubSource.of(folder)).isEmpty();
    }

    @Test
    void pathsAreTakenBeforeNames() throws IOException {
        HubInputs inputs = new HubInputs(this::hub);
        assertThat(inputs.model("--model", "org/tiny")).isEqualTo(hub().model(NAME));
        assertThat(inputs.model("--model", folder.toString())).isEqualTo(folder);
        // What has no form of a name is a path, of which its reader says what is wrong.
        Stream.of("tiny", "./org/tiny", "/org/tiny", "a/b/c", "org/tiny/", "data/rows.jsonl")
                .forEach(text -> {
                    int before = server.requests().size();
                    assertThat(inputs.data("--input", text)).isEqualTo(Path.of(text));
                    assertThat(server.requests()).hasSize(before);
                });
        assertThatThrownBy(() -> inputs.model("policy.model", "org/none"))
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith("policy.model: there is no directory org/none")
                .hasMessageContaining("There is no model org/none at " + server.url());
        assertThatThrownBy(() -> inputs.model("policy.model", "org/tiny:train"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("a model has no split");
    }
}
