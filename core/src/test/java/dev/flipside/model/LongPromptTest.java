package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.flipside.ProcessMemory;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Prompts and completions of thousands of tokens. */
class LongPromptTest {
    @TempDir
    Path folder;

    private CausalLm lm() {
        return TinyModels.llama()
                .config(c -> c.put("max_position_embeddings", 8192).put("num_hidden_layers", 1))
                .lm(folder.resolve("lm"));
    }

    /**
     * Four completions as long as their prompt, forward and backward: of L = 2,048 tokens each, one table of the scores
     * of a key head would be 4 x 2,048 x 2 x 4,096 numbers of 4 bytes, 268 MB, its gradient as much and the mask 33 MB;
     * of 4,096 four times that.
     */
    @EnabledOnOs(OS.LINUX)
    @Test
    void memoryOfAttentionGrowsWithTheTokens() throws IOException {
        assumeThat(Files.isWritable(Path.of("/proc/self/clear_refs")))
                .as("the system's count of the highest memory can be begun anew")
                .isTrue();
        try (CausalLm lm = lm()) {
            Decoder decoder = lm.decoder();
            lm.parameters().train();
            run(decoder, 256);
            long once = highest(decoder, 2048);
            long twice = highest(decoder, 4096);
            // Bounds, not a ratio: what a pass finds free in huge pages differs from run to run by 20 MB.
            assertThat(once).as("kB of 2,048").isLessThan(150_000 + kernels(2048));
            assertThat(twice).as("kB of 4,096").isLessThan(300_000 + kernels(4096));
        }
    }

    /**
     * kB of oneDNN's kernels for the six products of each block of 128 tokens, whose keys are as many as no other's:
     * 0.2 to 1.2 MB each with AVX-512, nothing to speak of without.
     */
    private static long kernels(int tokens) throws IOException {
        boolean wide = Files.readString(Path.of("/proc/cpuinfo")).contains("avx512f");
        return wide ? tokens / 128 * 6 * 1200L : 0;
    }

    private static long highest(Decoder decoder, int tokens) throws IOException {
        Pointer.trimMemory();
        Files.writeString(Path.of("/proc/self/clear_refs"), "5");
        long before = ProcessMemory.residentKilobytes();
        run(decoder, tokens);
        return ProcessMemory.highestKilobytes() - before;
    }

    private static void run(Decoder decoder, int tokens) {
        SplittableRandom random = new SplittableRandom(1);
        RowLayout layout = new SharedPrefixLayout(
                new int[][] {TinyModels.ids(random, tokens)},
                new int[4],
                IntStream.range(0, 4)
                        .mapToObj(r -> TinyModels.ids(random, tokens))
                        .toArray(int[][]::new));
        try (Scopes.Frozen scope = Scopes.frozen();
                PlannedAttention attention = new PlannedAttention(decoder, layout)) {
            int width = decoder.config().fusedHeads() * TinyModels.HEAD_DIM;
            Tensor qkv = torch.ones(layout.tokens(), width);
            try (PlannedAttention.Pass pass = attention.pass(qkv)) {
                float[] gradient = Tensors.toFloats(
                        pass.backward(torch.ones_like(pass.mixed())).narrow(0, 0, 1));
                // The first token is seen by all; equal keys take equal shares of equal values.
                assertThat(gradient[gradient.length - 1]).isGreaterThan(1);
            }
        }
    }

    /** A row that alone is too long for a pass is not computed once for every completion of its prompt. */
    @Test
    void aGroupOfALongPromptStaysTogether() {
        int[] prompt = new int[3000];
        Arrays.fill(prompt, 5);
        List<int[]> rows = IntStream.range(0, 4)
                .mapToObj(r -> IntStream.concat(Arrays.stream(prompt), IntStream.of(r, r, r))
                        .toArray())
                .toList();
        int[] prefixes = {3000, 3000, 3000, 3000};

        assertThat(RowBatch.split(rows, prefixes, 1000))
                .singleElement()
                .satisfies(batch -> assertThat(batch.layout().tokens()).isEqualTo(3012));
        // Where a row fits, the bound holds.
        assertThat(RowBatch.split(rows, prefixes, 3007)).hasSize(2);
    }

    /** What is counted for a pass of a long row is what it has. */
    @Test
    void aLongRowIsAPassOfItsOwn() {
        try (CausalLm lm = lm()) {
            DecoderPlan plan = lm.decoder().plan();
            PassSize size = new PassSize(1, false);
            int fitting = size.tokens(plan);

            assertThat(size.tokensAtMost(plan, fitting)).isEqualTo(fitting);
            assertThat(size.tokensAtMost(plan, 4L * fitting)).isEqualTo(5L * fitting);
        }
    }
}
