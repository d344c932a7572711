package dev.flipside.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The scripts of bench/ that need Python's standard library alone; skipped where there is no Python. */
class BenchScriptsTest {
    private static final Path SCALING = Path.of("../bench/scaling.py").toAbsolutePath();

    @TempDir
    Path folder;

    private record Run(int exitCode, String output) {}

    private static Run python(String... arguments) throws IOException, InterruptedException {
        List<String> command = new java.util.ArrayList<>(List.of("python3"));
        command.addAll(List.of(arguments));
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Run(process.waitFor(), output);
        } catch (IOException e) {
            assumeTrue(false, "there is no python3: " + e.getMessage());
            throw e;
        }
    }

    @Test
    void itsExamplesAreTrue() throws IOException, InterruptedException {
        assertThat(python("-m", "doctest", SCALING.toString())).isEqualTo(new Run(0, ""));
    }

    /** Equal completions and a network without cost: twice the ranks, half the time of everything that is divided. */
    @Test
    void aStepIsDividedAndOneRankIsWhatWasMeasured() throws IOException, InterruptedException {
        Files.writeString(
                folder.resolve("config.yaml"), "  generation_batch_size: 32\n  num_generations: 4\n  save_steps: 0\n");
        Files.writeString(
                folder.resolve("metrics.jsonl"),
                "{\"step\":1,\"step_time\":4,\"timing_s/generate\":1,\"timing_s/score\":0.5,\"timing_s/rm_update\":1,"
                        + "\"timing_s/policy_update\":1.5,\"policy/optimiser_steps\":1,\"save/rm_steps\":2}\n");
        Files.writeString(folder.resolve("samples.jsonl"), "{\"token_ids\":[1,2,3]}\n");
        for (String model : List.of("policy", "reward_model")) {
            Path file = Files.createDirectories(folder.resolve(model)).resolve("model.safetensors");
            byte[] header = "{\"w\":{\"dtype\":\"F32\",\"shape\":[10,3],\"data_offsets\":[0,120]}}"
                    .getBytes(StandardCharsets.UTF_8);
            java.nio.ByteBuffer bytes = java.nio.ByteBuffer.allocate(8 + header.length)
                    .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                    .putLong(header.length)
                    .put(header);
            Files.write(file, bytes.array());
        }
        Run run = python(SCALING.toString(), folder.toString(), "--latency", "0", "--decode-floor", "0");
        assertThat(run.exitCode()).as(run.output()).isZero();
        assertThat(run.output()).contains("8 prompts x 4, 30 + 30 weights, 1 + 2 updates a step");
        List<String[]> rows = run.output()
                .lines()
                .filter(line -> line.strip().matches("\\d+ .*"))
                .filter(line -> !line.contains("prompts"))
                .map(line -> line.strip().split(" +"))
                .collect(Collectors.toList());
        assertThat(rows.stream().map(row -> row[0])).containsExactly("1", "2", "4", "8");
        IntStream.range(0, 4)
                .forEach(i -> assertThat(Double.parseDouble(rows.get(i)[9])).isEqualTo(4.0 / (1 << i)));
    }
}
