package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.ProcessMemory;
import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KvCacheTest {
    @TempDir
    Path directory;

    @BeforeAll
    static void load() {
        NativeLibrary.load();
    }

    private static List<int[]> prompts(int... lengths) {
        SplittableRandom random = new SplittableRandom(4);
        return Arrays.stream(lengths).mapToObj(n -> TinyModels.ids(random, n)).toList();
    }

    /** A window of 5 is shorter than the longest prompt, so prefill and steps both slide. */
    private static Consumer<ObjectNode> window(String modelType) {
        return switch (modelType) {
            case "mistral" -> c -> c.put("sliding_window", 5);
            case "llama" -> c -> {};
            default ->
                c -> c.put("use_sliding_window", true).put("sliding_window", 5).put("max_window_layers", 1);
        };
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "mistral", "qwen2", "qwen3"})
    void cachedEqualsUncached(String modelType) {
        try (CausalLm lm = TinyModels.of(modelType).config(window(modelType)).lm(directory)) {
            List<int[]> prompts = prompts(3, 9, 1);
            int newTokens = 14;
            SplittableRandom random = new SplittableRandom(8);
            // Every copy of a prompt goes its own way.
            int[] copies = {2, 1, 3};
            List<int[]> texts = new ArrayList<>();
            try (KvCache cache = lm.decoder().prefill(prompts, copies, newTokens)) {
                for (int p = 0; p < copies.length; p++) {
                    assertLogits(
                            lm,
                            prompts.get(p),
                            Scopes.scoped(() -> cache.promptHidden().clone()),
                            p);
                    for (int g = 0; g < copies[p]; g++) {
                        texts.add(prompts.get(p));
                    }
                }
                for (int n = 0; n < newTokens; n++) {
                    if (n == 6) {
                        int[] kept = {0, 2, 3, 5};
                        cache.keepRows(kept);
                        List<int[]> remaining = new ArrayList<>();
                        for (int row : kept) {
                            remaining.add(texts.get(row));
                        }
                        texts = remaining;
                    }
                    step(lm, cache, texts, random);
                }
                assertThat(cache.rows()).isEqualTo(4);
                List<int[]> full = texts;
                assertThatThrownBy(() -> step(lm, cache, full, random)).isInstanceOf(IllegalStateException.class);
            }
        }
    }

    private static void step(CausalLm lm, KvCache cache, List<int[]> texts, SplittableRandom random) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            long[] next = random.longs(texts.size(), 3, TinyModels.VOCAB).toArray();
            Tensor hidden = lm.decoder().step(Tensors.ofLongs(next, Device.CPU, next.length), cache);
            for (int r = 0; r < next.length; r++) {
                int[] longer = Arrays.copyOf(texts.get(r), texts.get(r).length + 1);
                longer[longer.length - 1] = (int) next[r];
                texts.set(r, longer);
                assertLogits(lm, longer, hidden, r);
            }
        }
    }

    private static void assertLogits(CausalLm lm, int[] text, Tensor hidden, int row) {
        float[] expected = Greedy.lastLogits(lm, text);
        try (Scopes.Frozen scope = Scopes.frozen()) {
            float[] actual = Tensors.toFloats(lm.decoder().logits(hidden.select(0, row)));
            // The bound for the gap between sampling and training; float32 sums in another order leave about
            // 1e-6.
            assertThat(actual).usingComparatorWithPrecision(1e-4f).containsExactly(expected);
        }
    }

    @Test
    void greedyTokensAreTheSameWithAndWithoutCache() {
        try (CausalLm lm = TinyModels.llama().lm(directory)) {
            List<int[]> prompts = prompts(4, 7);
            int newTokens = 20;
            List<List<Integer>> cached = List.of(new ArrayList<>(), new ArrayList<>());
            try (KvCache cache = lm.decoder().prefill(prompts, new int[] {1, 1}, newTokens)) {
                long[] next = best(lm, cache.promptHidden());
                for (int n = 0; n < newTokens; n++) {
                    cached.get(0).add((int) next[0]);
                    cached.get(1).add((int) next[1]);
                    try (Scopes.Frozen scope = Scopes.frozen()) {
                        next = best(lm, lm.decoder().step(Tensors.ofLongs(next, Device.CPU, 2, 1), cache));
                    }
                }
            }
            assertThat(cached.get(0)).isEqualTo(Greedy.uncached(lm, prompts.get(0), newTokens));
            assertThat(cached.get(1)).isEqualTo(Greedy.uncached(lm, prompts.get(1), newTokens));
            // Not one token repeated, which any cache would get right.
            assertThat(new java.util.HashSet<>(cached.get(0))).hasSizeGreaterThan(4);
        }
    }

    private static long[] best(CausalLm lm, Tensor hidden) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            return Tensors.toLongs(
                    lm.decoder().logits(hidden).argmax(new org.bytedeco.pytorch.LongOptional(-1), false));
        }
    }

    @Test
    void wrongUseIsRefused() {
        try (CausalLm lm = TinyModels.llama().lm(directory);
                KvCache cache = lm.decoder().prefill(prompts(3), new int[] {2}, 2)) {
            assertThatThrownBy(() -> cache.keepRows(new int[] {1, 0})).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> cache.keepRows(new int[] {2})).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> lm.decoder().prefill(List.of(new int[0]), new int[] {1}, 2))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void memoryStaysFlat() throws Exception {
        try (CausalLm lm = TinyModels.llama().lm(directory)) {
            List<int[]> prompts = prompts(40, 50);
            long before = 0;
            for (int i = 0; i < 40; i++) {
                if (i == 10) {
                    before = ProcessMemory.residentKilobytes();
                }
                try (KvCache cache = lm.decoder().prefill(prompts, new int[] {32, 32}, 14)) {
                    for (int n = 0; n < 2; n++) {
                        try (Scopes.Frozen scope = Scopes.frozen()) {
                            lm.decoder().step(Tensors.ofLongs(new long[64], Device.CPU, 64), cache);
                        }
                    }
                }
            }
            // One cache takes 2.1 MB here: 30 leaked ones would be 63 MB.
            assertThat(ProcessMemory.residentKilobytes() - before).isLessThan(30_000);
        }
    }
}
