package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A prompt that is computed once for its group gives what every row computed alone gives. */
class SharedPrefixTest {
    /** float32 sums in another order, of log-probabilities, rewards and relative gradients of size about 1. */
    private static final double ROUNDING = 1e-5;

    private static final int NO_WINDOW = 0;

    @TempDir
    Path directory;

    @BeforeAll
    static void load() {
        NativeLibrary.load();
    }

    /**
     * Groups of the given sizes, every prompt of another length unless {@code promptLength} is given; completions of 0
     * to 9 tokens.
     */
    private static List<TokenRow> groups(int[] sizes, int promptLength) {
        SplittableRandom random = new SplittableRandom(4);
        List<TokenRow> rows = new ArrayList<>();
        for (int size : sizes) {
            int[] prompt = TinyModels.ids(random, promptLength > 0 ? promptLength : 7 + random.nextInt(9));
            for (int i = 0; i < size; i++) {
                int[] completion = TinyModels.ids(random, i == 1 ? 0 : 3 + random.nextInt(7));
                int[] whole = Arrays.copyOf(prompt, prompt.length + completion.length);
                System.arraycopy(completion, 0, whole, prompt.length, completion.length);
                rows.add(new TokenRow(whole, prompt.length));
            }
        }
        return rows;
    }

    private Path model(String family, int window) {
        return TinyModels.of(family)
                .config(c -> {
                    c.put("initializer_range", 0.3);
                    if (window != NO_WINDOW) {
                        c.put("sliding_window", window)
                                .put("use_sliding_window", true)
                                .put("max_window_layers", 1);
                    }
                })
                .write(directory.resolve(family + window));
    }

    private static float[] gradient(Parameters parameters) {
        try (PointerScope scope = new PointerScope()) {
            return Tensors.toFloats(parameters.gradient());
        }
    }

    private static void requireShared(List<int[]> rows, int[] prefixes) {
        assertThat(RowBatch.split(rows, prefixes, Batches.TOKENS))
                .anyMatch(b -> b.layout() instanceof SharedPrefixLayout);
    }

    @ParameterizedTest
    @CsvSource({
        "llama,0,0,false",
        "llama,0,12,false",
        "llama,0,0,true",
        "mistral,5,0,false",
        "mistral,11,12,false",
        "mistral,11,0,true",
        "qwen2,5,0,false",
        "qwen3,0,12,false"
    })
    void logprobsAndGradientsEqualThoseOfRowsAlone(
            String family, int window, int promptLength, boolean gradientCheckpointing) {
        for (int[] sizes : new int[][] {{4, 4, 4}, {5, 3, 1}}) {
            List<TokenRow> rows = groups(sizes, promptLength);
            requireShared(
                    rows.stream().map(TokenRow::ids).toList(),
                    rows.stream().mapToInt(TokenRow::promptLength).toArray());
            try (CausalLm lm = CausalLm.load(model(family, window), Device.CPU)) {
                double[][] alone = new double[rows.size()][];
                double[][] weights = new double[rows.size()][];
                SplittableRandom random = new SplittableRandom(8);
                lm.parameters().train();
                for (int r = 0; r < rows.size(); r++) {
                    try (LogprobPass pass = lm.pass(List.of(rows.get(r)), 0.8, false)) {
                        alone[r] = pass.logprobs()[0];
                        weights[r] = random.doubles(alone[r].length, -1, 1).toArray();
                        pass.backward(new double[][] {weights[r]});
                    }
                }
                float[] expected = gradient(lm.parameters());
                lm.parameters().zeroGradient();
                try (LogprobPass pass = lm.pass(rows, 0.8, gradientCheckpointing)) {
                    pass.backward(weights);
                    assertEqual(pass.logprobs(), alone);
                }
                assertThat(GoldenFixtures.relativeGap(gradient(lm.parameters()), expected))
                        .isLessThan(ROUNDING);
                assertEqual(lm.logprobs(rows, 0.8).logprobs(), alone);
            }
        }
    }

    private static void assertEqual(double[][] actual, double[][] expected) {
        for (int r = 0; r < expected.length; r++) {
            assertThat(actual[r]).containsExactly(expected[r], within(ROUNDING));
        }
    }

    @ParameterizedTest
    @CsvSource({"llama,0", "mistral,5", "qwen2,0", "qwen3,0"})
    void rewardsValuesAndGradientsEqualThoseOfRowsAlone(String family, int window) {
        List<ScoredRow> rows = groups(new int[] {4, 2, 3, 1}, 0).stream()
                .map(r -> new ScoredRow(r.ids(), r.promptLength()))
                .toList();
        requireShared(
                rows.stream().map(ScoredRow::ids).toList(),
                rows.stream().mapToInt(ScoredRow::promptLength).toArray());
        try (RewardModel model = RewardModel.fromBackbone(model(family, window), Device.CPU, new Seeds(1))) {
            SplittableRandom random = new SplittableRandom(9);
            model.setValueHead(random.doubles(TinyModels.D, -0.5, 0.5).toArray(), 0.25);
            double[] gradRewards = random.doubles(rows.size(), -1, 1).toArray();
            double[] gradValues = random.doubles(rows.size(), -1, 1).toArray();
            double[] rewards = new double[rows.size()];
            double[] values = new double[rows.size()];
            model.trunk().train();
            for (int r = 0; r < rows.size(); r++) {
                try (RewardPass pass = model.pass(List.of(rows.get(r)), false)) {
                    rewards[r] = pass.rewards()[0];
                    values[r] = pass.values()[0];
                    pass.backward(new double[] {gradRewards[r]}, new double[] {gradValues[r]}, 0.3);
                }
            }
            float[] trunk = gradient(model.trunk());
            float[] head = gradient(model.valueHead());
            model.trunk().zeroGradient();
            model.valueHead().zeroGradient();
            try (RewardPass pass = model.pass(rows, false)) {
                pass.backward(gradRewards, gradValues, 0.3);
            }
            assertThat(GoldenFixtures.relativeGap(gradient(model.trunk()), trunk))
                    .isLessThan(ROUNDING);
            assertThat(GoldenFixtures.relativeGap(gradient(model.valueHead()), head))
                    .isLessThan(ROUNDING);
            Scores scores = model.score(rows);
            assertThat(scores.rewards()).containsExactly(rewards, within(ROUNDING));
            assertThat(scores.values()).containsExactly(values, within(ROUNDING));
        }
    }

    @Test
    void sharingIsChosenWhereItSparesTokens() {
        int[] prompt = new int[100];
        List<int[]> group = IntStream.range(0, 8)
                .mapToObj(i -> {
                    int[] row = Arrays.copyOf(prompt, 110);
                    row[105] = i;
                    return row;
                })
                .toList();
        int[] known = new int[8];
        Arrays.fill(known, 100);
        assertThat(RowBatch.tokens(RowBatch.split(group, known, Batches.TOKENS)))
                .isEqualTo(100 + 8 * 10);
        // Nobody says what is shared.
        assertThat(RowBatch.tokens(RowBatch.split(group, new int[8], Batches.TOKENS)))
                .isEqualTo(8 * 110);
        // One token in eleven spared is not worth the copied keys.
        int[] little = new int[8];
        Arrays.fill(little, 10);
        assertThat(RowBatch.split(group.subList(0, 2), little, Batches.TOKENS))
                .isNotEmpty()
                .allMatch(b -> b.layout() instanceof PaddedLayout);
    }

    @Test
    void everyRowIsInOneBatchAndLargeGroupsAreCut() {
        int[] prompt = new int[500];
        List<int[]> rows = new ArrayList<>();
        int[] prefixes = new int[45];
        for (int i = 0; i < 45; i++) {
            boolean alone = i % 9 == 8;
            int[] row = alone ? new int[30] : Arrays.copyOf(prompt, 900);
            Arrays.fill(row, alone ? 0 : 500, row.length, 1 + i);
            rows.add(row);
            prefixes[i] = alone ? 20 : 500;
        }
        List<RowBatch> batches = RowBatch.split(rows, prefixes, Batches.TOKENS);
        int[] seen = batches.stream()
                .flatMapToInt(b -> IntStream.of(b.rows()))
                .sorted()
                .toArray();
        assertThat(seen).containsExactly(IntStream.range(0, 45).toArray());
        assertThat(batches).allMatch(b -> b.layout().tokens() <= Batches.TOKENS);
        for (RowBatch batch : batches) {
            try (PointerScope scope = new PointerScope()) {
                long[] ids = Tensors.toLongs(batch.layout().ids(Device.CPU));
                assertThat(ids).hasSize((int) batch.layout().tokens());
                for (int b = 0; b < batch.rows().length; b++) {
                    int[] row = rows.get(batch.rows()[b]);
                    for (int t = 0; t < row.length; t++) {
                        assertThat(ids[(int) batch.layout().place(b, t)]).isEqualTo(row[t]);
                    }
                }
            }
        }
    }
}
