package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.engine.Device;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/**
 * In every family neither padding nor a shared prompt nor a cache changes a number. Texts are longer than sliding
 * windows and than the original context of LongRoPE.
 */
class FamilyInvarianceTest {
    /**
     * float32 sums in another order; relative for gradients. Random weights of this size make intermediate numbers of
     * some tens.
     */
    private static final double ROUNDING = 5e-5;

    private static final int VOCABULARY = 128;
    private static final int NEW_TOKENS = 9;

    static final List<String> NAMES = GoldenFamiliesTest.NAMES;

    static final List<String> ALIKE_THROUGH_A_CACHE = NAMES.stream()
            .filter(name -> !GoldenFamiliesTest.GROWING.contains(name))
            .toList();

    /** Groups that begin alike, with prompts and completions of different lengths, up to 43 tokens. */
    private static List<TokenRow> groups() {
        SplittableRandom random = new SplittableRandom(4);
        List<TokenRow> rows = new ArrayList<>();
        for (int size : new int[] {4, 3, 1, 4}) {
            int[] prompt = ids(random, 10 + random.nextInt(12));
            for (int i = 0; i < size; i++) {
                int[] completion = ids(random, i == 1 ? 0 : 3 + random.nextInt(20));
                int[] whole = Arrays.copyOf(prompt, prompt.length + completion.length);
                System.arraycopy(completion, 0, whole, prompt.length, completion.length);
                rows.add(new TokenRow(whole, prompt.length));
            }
        }
        return rows;
    }

    private static int[] ids(SplittableRandom random, int length) {
        return random.ints(length, 3, VOCABULARY).toArray();
    }

    @ParameterizedTest
    @FieldSource("NAMES")
    void sharedPromptsAndPaddingChangeNothing(String name) {
        List<TokenRow> rows = groups();
        try (CausalLm lm = CausalLm.load(GoldenFixtures.directory(name), Device.CPU)) {
            assertThat(CompletionBatch.split(rows, lm.files().config(), Batches.TOKENS))
                    .anyMatch(b -> b.layout() instanceof SharedPrefixLayout);
            double[][] alone = new double[rows.size()][];
            double[][] weights = new double[rows.size()][];
            SplittableRandom random = new SplittableRandom(8);
            lm.parameters().train();
            for (int r = 0; r < rows.size(); r++) {
                try (LogprobPass pass = lm.pass(List.of(rows.get(r)), 0.8, false)) {
                    alone[r] = pass.logprobs()[0];
                    weights[r] = random.doubles(alone[r].length, -1, 1).toArray();
                    pass.backward(new double[][] {weights[r]}, 0);
                }
            }
            float[] expected = gradient(lm.parameters());
            for (boolean checkpointing : new boolean[] {false, true}) {
                lm.parameters().zeroGradient();
                try (LogprobPass pass = lm.pass(rows, 0.8, checkpointing)) {
                    assertEqual(pass.logprobs(), alone);
                    pass.backward(weights, 0);
                }
                assertThat(GoldenFixtures.relativeGap(gradient(lm.parameters()), expected))
                        .isLessThan(ROUNDING);
            }
            assertEqual(lm.logprobs(rows, 0.8).logprobs(), alone);
            assertPaddingChangesNothing(lm, rows);
        }
    }

    /** The same texts as rows that share nothing: padded, in one batch. */
    private static void assertPaddingChangesNothing(CausalLm lm, List<TokenRow> rows) {
        List<TokenRow> whole = rows.stream().map(r -> new TokenRow(r.ids(), 1)).toList();
        double[][] alone = whole.stream()
                .map(row -> lm.logprobs(List.of(row), 1).logprobs()[0])
                .toArray(double[][]::new);
        assertEqual(lm.logprobs(whole, 1).logprobs(), alone);
    }

    static float[] gradient(Parameters parameters) {
        try (PointerScope scope = new PointerScope()) {
            return Tensors.toFloats(parameters.gradient());
        }
    }

    private static void assertEqual(double[][] actual, double[][] expected) {
        for (int r = 0; r < expected.length; r++) {
            assertThat(actual[r]).containsExactly(expected[r], within(ROUNDING));
        }
    }

    /** Rows of three prompts go their own ways from one cache; some end early. */
    @ParameterizedTest
    @FieldSource("ALIKE_THROUGH_A_CACHE")
    void cachedEqualsUncached(String name) {
        SplittableRandom random = new SplittableRandom(5);
        assertCachedEqualsUncached(name, List.of(ids(random, 3), ids(random, 17), ids(random, 1)), NEW_TOKENS);
    }

    /** Every prompt and what follows is longer than LongRoPE's original context of 32 tokens. */
    @ParameterizedTest
    @FieldSource("ALIKE_THROUGH_A_CACHE")
    void soItIsInLongTexts(String name) {
        SplittableRandom random = new SplittableRandom(6);
        assertCachedEqualsUncached(name, List.of(ids(random, 33), ids(random, 40), ids(random, 36)), NEW_TOKENS);
    }

    private static void assertCachedEqualsUncached(String name, List<int[]> prompts, int newTokens) {
        SplittableRandom random = new SplittableRandom(7);
        int[] copies = {2, 1, 3};
        try (CausalLm lm = CausalLm.load(GoldenFixtures.directory(name), Device.CPU);
                KvCache cache = lm.decoder().prefill(prompts, copies, newTokens)) {
            List<int[]> texts = new ArrayList<>();
            for (int p = 0; p < copies.length; p++) {
                assertLogits(lm, prompts.get(p), cache.promptHidden(), p);
                for (int i = 0; i < copies[p]; i++) {
                    texts.add(prompts.get(p));
                }
            }
            for (int n = 0; n < newTokens; n++) {
                if (n == 4) {
                    cache.keepRows(new int[] {0, 2, 5});
                    texts = new ArrayList<>(List.of(texts.get(0), texts.get(2), texts.get(5)));
                }
                try (Scopes.Frozen scope = Scopes.frozen()) {
                    long[] next = random.longs(texts.size(), 3, VOCABULARY).toArray();
                    Tensor hidden = lm.decoder().step(Tensors.ofLongs(next, Device.CPU, next.length), cache);
                    for (int r = 0; r < next.length; r++) {
                        int[] longer = Arrays.copyOf(texts.get(r), texts.get(r).length + 1);
                        longer[longer.length - 1] = (int) next[r];
                        texts.set(r, longer);
                        assertLogits(lm, longer, hidden, r);
                    }
                }
            }
        }
    }

    private static void assertLogits(CausalLm lm, int[] text, Tensor hidden, int row) {
        float[] expected = Greedy.lastLogits(lm, text);
        try (Scopes.Frozen scope = Scopes.frozen()) {
            float[] actual = Tensors.toFloats(lm.decoder().logits(hidden.select(0, row)));
            assertThat(actual).usingComparatorWithPrecision(1e-4f).containsExactly(expected);
        }
    }
}
