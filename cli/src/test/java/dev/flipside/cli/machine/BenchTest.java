package dev.flipside.cli.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.cli.CommandRun;
import dev.flipside.cli.TinyModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BenchTest {
    @TempDir
    static Path folder;

    private static Path model;

    @BeforeAll
    static void writeModel() throws IOException {
        model = TinyModel.policy(folder.resolve("model"));
    }

    private static CommandRun bench(String... arguments) {
        List<String> all = new ArrayList<>(List.of("bench"));
        all.addAll(List.of(arguments));
        all.addAll(List.of("--model", model.toString(), "--device", "cpu", "--prompts", "2", "--group", "3"));
        all.addAll(List.of("--prompt-len", "6", "--new", "5", "--warmup", "1"));
        if (!all.contains("--steps")) {
            all.addAll(List.of("--steps", "2"));
        }
        return CommandRun.of(all.toArray(String[]::new));
    }

    @ParameterizedTest
    @CsvSource({"generate,30", "forward,66", "train,66", "score,66", "policy-step,30", "save-step,30"})
    void everyPhaseSaysWhatItDidAndHowFast(String phase, int tokens) throws IOException {
        CommandRun run = bench(phase, "--json");

        assertThat(run.exitCode()).as(run.err()).isZero();
        JsonNode result = run.json();
        assertThat(result.path("phase").asText()).isEqualTo(phase);
        assertThat(result.path("tokens").asInt()).isEqualTo(tokens);
        double median = result.path("seconds_median").asDouble();
        assertThat(median)
                .isBetween(
                        result.path("seconds_min").asDouble(),
                        result.path("seconds_max").asDouble());
        assertThat(result.path("tokens_per_s").asDouble())
                .isCloseTo(tokens / median, org.assertj.core.data.Percentage.withPercentage(1e-6));
        assertThat(result.path("matrix_product_gflops").asDouble()).isPositive();
        assertThat(result.path("memory_copy_gbps").asDouble()).isPositive();
        assertThat(result.at("/processor/name").asText()).isNotBlank();
        assertThat(result.path("page_faults").asLong(-1)).isNotNegative();
        assertThat(result.path("seconds_in_system").asDouble(-1)).isNotNegative();
        assertThat(result.path("peak_rss_mb").asDouble()).isGreaterThan(50);
        assertThat(result.has("gflops")).isEqualTo(!phase.endsWith("step"));
        assertThat(result.has("seconds_generate")).isEqualTo(phase.endsWith("step"));
        assertThat(result.has("seconds_rm_update")).isEqualTo(phase.equals("save-step"));
    }

    @ParameterizedTest
    @CsvSource({"generate", "forward", "train", "score", "policy-step"})
    void everyPhaseRunsInBfloat16(String phase) throws IOException {
        CommandRun run = bench(phase, "--json", "--dtype", "bfloat16");

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.json().path("dtype").asText()).isEqualTo("bfloat16");
        assertThat(bench(phase, "--dtype", "bf16").err()).contains("--dtype is bf16, it must be float32 or bfloat16");
    }

    @Test
    void overridesReachTheStep() throws IOException {
        CommandRun run = bench("save-step", "save.preset=off", "--json");

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.json().has("seconds_rm_update")).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"train", "policy-step"})
    void aProfileSaysWhereTheTimeGoes(String phase) throws IOException {
        CommandRun run = bench(phase, "--profile", "--json", "--steps", "40");

        assertThat(run.exitCode()).as(run.err()).isZero();
        JsonNode profile = run.json().path("profile");
        assertThat(profile.path("samples").asInt()).isPositive();
        double all = profile.path("products").asDouble()
                + profile.path("other_native").asDouble()
                + profile.path("java").asDouble();
        assertThat(all).isCloseTo(1, within(1e-9));
        double places = 0;
        for (JsonNode place : profile.path("places")) {
            places += place.path("share").asDouble();
            assertThat(place.path("products").asDouble())
                    .isLessThanOrEqualTo(place.path("share").asDouble());
        }
        assertThat(places).isCloseTo(1, within(1e-9));
    }

    @Test
    void distinctPromptsAreAnOptionOfPlainPhases() {
        assertThat(bench("train", "--distinct-prompts").out()).contains("train").contains("matrix product");
        assertThat(bench("policy-step", "--distinct-prompts").err())
                .contains("--distinct-prompts has no effect on policy-step");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "decode                          | 'decode' is not a phase; choose one of generate, forward",
                "forward save.preset=off         | save.preset=off has no effect on forward",
                "forward --new 500               | are more than the 96 tokens of the model's context",
                "forward --group 0               | --group is 0, it must be at least 1",
            })
    void mistakesAreOneSentence(String arguments, String sentence) {
        List<String> all = new ArrayList<>(List.of("bench"));
        all.addAll(List.of(arguments.trim().split(" ")));
        all.addAll(List.of("--model", model.toString(), "--device", "cpu"));
        CommandRun run = CommandRun.of(all.toArray(String[]::new));

        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains(sentence);
        assertThat(run.err().lines()).hasSize(1);
    }
}
