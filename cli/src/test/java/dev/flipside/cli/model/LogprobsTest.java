package dev.flipside.cli.model;

import static dev.flipside.cli.model.RowRun.doubles;
import static dev.flipside.cli.model.RowRun.ints;
import static dev.flipside.cli.model.RowRun.results;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.SharedFiles;
import dev.flipside.cli.CommandRun;
import java.util.List;
import org.junit.jupiter.api.Test;

class LogprobsTest {
    /** float32 sums of 260 thousand parameters in another order; the figures are rounded to five digits. */
    private static final double TRANSFORMERS = 1e-4;

    @Test
    void logprobsAreTransformersOnRawText() {
        String model = SharedFiles.require("models/stories260k").toString();
        CommandRun run = CommandRun.withInput(
                """
                {"id": "a", "prompt": "Once upon a time", "completion": ", there was a little girl named Lily."}
                {"id": 2, "prompt": "The dog", "completion": " was very happy."}
                """,
                "logprobs",
                "--model",
                model);

        List<JsonNode> results = results(run);
        assertThat(results.get(0).path("id").asText()).isEqualTo("a");
        assertThat(ints(results.get(0), "token_ids"))
                .containsExactly(432, 383, 286, 261, 376, 298, 315, 421, 395, 317, 426);
        assertThat(doubles(results.get(0), "logprobs"))
                .usingComparatorWithPrecision(TRANSFORMERS)
                .containsExactly(
                        -0.0317, -0.06842, -0.01595, -0.00078, -0.49398, -0.44587, -0.00489, -0.00066, -0.01879,
                        -0.0766, -0.07032);
        assertThat(results.get(1).path("id").isInt()).isTrue();
        assertThat(doubles(results.get(1), "logprobs"))
                .usingComparatorWithPrecision(TRANSFORMERS)
                .containsExactly(-0.74986, -3.74664, -4.1538, -7.47889, -9.80497, -15.48707, -1.28132);
    }

    @Test
    void bfloat16IsNearAndNotTheSame() {
        String model = SharedFiles.require("models/stories260k").toString();
        String row =
                """
                {"id": "a", "prompt": "Once upon a time", "completion": ", there was a little girl named Lily."}
                """;
        double[] plain = doubles(
                results(CommandRun.withInput(row, "logprobs", "--model", model)).get(0), "logprobs");
        double[] rounded = doubles(
                results(CommandRun.withInput(row, "logprobs", "--model", model, "--dtype", "bfloat16"))
                        .get(0),
                "logprobs");

        // RoundedGenerationTest has where the bound comes from.
        assertThat(rounded).usingComparatorWithPrecision(0.3).containsExactly(plain);
        assertThat(rounded).isNotEqualTo(plain);
        double[] explicit = doubles(
                results(CommandRun.withInput(row, "logprobs", "--model", model, "--dtype", "float32"))
                        .get(0),
                "logprobs");
        assertThat(explicit).isEqualTo(plain);
    }
}
