package dev.flipside.cli.machine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.cli.CommandRun;
import org.junit.jupiter.api.Test;

class DoctorTest {
    @Test
    void printsOneJsonObject() throws Exception {
        CommandRun run = CommandRun.of("doctor", "--json", "--device", "cpu");

        assertThat(run.out().lines()).hasSize(1);
        JsonNode object = run.json();
        assertThat(object.path("libtorch").asText()).startsWith("2.1");
        assertThat(object.path("matrix_product").asDouble()).isPositive();
        assertThat(object.path("device_in_use").asText()).isEqualTo("cpu");
        // The tests' JVM has every flag that the launcher sets.
        assertThat(object.path("flags").asText()).isEqualTo("all set");
        assertThat(run.exitCode()).isEqualTo(object.path("problems").isEmpty() ? 0 : 1);
    }
}
