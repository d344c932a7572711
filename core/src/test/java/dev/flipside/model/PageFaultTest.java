package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.flipside.ProcessMemory;
import dev.flipside.config.OptimiserConfig;
import dev.flipside.engine.AdamW;
import dev.flipside.engine.ParameterGroup;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What a pass frees stays with the process: the system clears no pages for the next one. */
@EnabledOnOs(OS.LINUX)
class PageFaultTest {
    /** Of the Java machine itself, which compiles and collects meanwhile. */
    private static final long OTHERS = 300;

    private static final int STEPS = 5;

    @TempDir
    Path folder;

    /** Scores of 2,000 tokens over a vocabulary of 4,096 are 32 MB, or 8,000 small pages, in each direction. */
    @Test
    void aSteadyStepOfTrainingTouchesNoNewMemory() {
        assumeThat(System.getenv("GLIBC_TUNABLES"))
                .as("the memory allocator's settings of the launcher")
                .contains("mmap_threshold");
        SplittableRandom random = new SplittableRandom(1);
        List<TokenRow> rows = IntStream.range(0, 32)
                .mapToObj(row -> new TokenRow(TinyModels.ids(random, 63), 1))
                .toList();
        try (CausalLm lm = TinyModels.llama()
                        .config(c -> c.put("vocab_size", 4096)
                                .put("hidden_size", 128)
                                .put("intermediate_size", 512))
                        .lm(folder.resolve("lm"));
                AdamW optimiser = new AdamW(
                        List.of(new ParameterGroup("policy", lm.parameters(), 0)),
                        OptimiserConfig.withLearningRate(1e-5))) {
            for (int i = 0; i < 3; i++) {
                step(lm, optimiser, rows);
            }
            long before = ProcessMemory.pageFaults();
            for (int i = 0; i < STEPS; i++) {
                step(lm, optimiser, rows);
            }
            assertThat((ProcessMemory.pageFaults() - before) / STEPS).isLessThan(OTHERS);
        }
    }

    private static void step(CausalLm lm, AdamW optimiser, List<TokenRow> rows) {
        optimiser.zeroGradient();
        try (LogprobPass pass = lm.pass(rows, 1, false)) {
            pass.backward(Arrays.stream(pass.logprobs())
                    .map(row -> Arrays.stream(row).map(x -> -1e-3).toArray())
                    .toArray(double[][]::new));
        }
        optimiser.step(1, 1e-5);
    }
}
