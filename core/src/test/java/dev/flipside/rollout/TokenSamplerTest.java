package dev.flipside.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.TestResources;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.commons.math3.distribution.ChiSquaredDistribution;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TokenSamplerTest {
    private static final double LARGEST_UNIFORM = 1 - 0x1.0p-53;

    @BeforeAll
    static void load() {
        NativeLibrary.load();
    }

    /** One set of options of the fixture that make_sampling_goldens.py wrote with transformers 5.17. */
    record Golden(JsonNode fixture, JsonNode options, JsonNode scores) {
        @Override
        public String toString() {
            return options.toString();
        }

        SamplingOptions sampling(boolean greedy) {
            return new SamplingOptions(
                    options.path("temperature").asDouble(1),
                    options.path("top_p").asDouble(1),
                    options.path("top_k").asInt(0),
                    options.path("min_p").asDouble(0),
                    options.path("repetition_penalty").asDouble(1),
                    8,
                    greedy,
                    List.of());
        }

        List<Integer> suppressed() {
            return StreamSupport.stream(options.path("suppressed").spliterator(), false)
                    .map(JsonNode::asInt)
                    .toList();
        }

        int rows() {
            return fixture.get("logits").size();
        }

        int vocabulary() {
            return fixture.get("logits").get(0).size();
        }

        Tensor logits() {
            return Tensors.ofDoubles(numbers(fixture.get("logits")), Device.CPU, rows(), vocabulary());
        }

        Optional<RepetitionPenalty> penalty() {
            double penalty = options.path("repetition_penalty").asDouble(1);
            if (penalty == 1) {
                return Optional.empty();
            }
            List<int[]> seen = new ArrayList<>();
            fixture.get("seen")
                    .forEach(row -> seen.add(
                            Arrays.stream(numbers(row)).mapToInt(x -> (int) x).toArray()));
            return Optional.of(new RepetitionPenalty(penalty, seen, vocabulary(), Device.CPU));
        }
    }

    static Stream<Golden> goldens() {
        JsonNode fixture = TestResources.json("rollout/sampling.json");
        return StreamSupport.stream(fixture.get("cases").spliterator(), false)
                .map(c -> new Golden(fixture, c.get("options"), c.get("scores")));
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void scoresAreTransformers(Golden golden) {
        try (PointerScope scope = new PointerScope()) {
            TokenSampler sampler = new TokenSampler(golden.sampling(false), golden.suppressed(), Device.CPU);
            float[] ours = Tensors.toFloats(sampler.scores(golden.logits(), golden.penalty()));
            double[] theirs = numbers(golden.scores());
            for (int i = 0; i < theirs.length; i++) {
                // The same float32 operations; a product and a quotient may differ by one unit in the last place.
                if (Double.isInfinite(theirs[i])) {
                    assertThat(ours[i]).as("score %d", i).isEqualTo(Float.NEGATIVE_INFINITY);
                } else {
                    assertThat((double) ours[i])
                            .as("score %d", i)
                            .isCloseTo(theirs[i], within(1e-6 * Math.max(1, Math.abs(theirs[i]))));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void logprobsAreOfTheUnfilteredDistribution(Golden golden) {
        try (PointerScope scope = new PointerScope()) {
            SamplingOptions options = golden.sampling(false);
            TokenSampler sampler = new TokenSampler(options, golden.suppressed(), Device.CPU);
            double[] uniforms = {0.0, 0.3, 0.8, LARGEST_UNIFORM};
            TokenSampler.Choices choices = sampler.choose(golden.logits(), uniforms, golden.penalty());
            double[] scores = numbers(golden.scores());
            for (int r = 0; r < golden.rows(); r++) {
                double[] logits = numbers(golden.fixture().get("logits").get(r));
                double[] row = Arrays.copyOfRange(scores, r * golden.vocabulary(), (r + 1) * golden.vocabulary());
                double total = 0;
                double kept = 0;
                for (int v = 0; v < row.length; v++) {
                    double mass = Math.exp(logits[v] / options.temperature());
                    total += mass;
                    kept += Double.isInfinite(row[v]) ? 0 : mass;
                }
                int token = choices.tokens()[r];
                assertThat(row[token]).as("a filtered token was chosen").isFinite();
                // float32 logits up to 30: one unit in the last place is 2e-6.
                assertThat(choices.logprobs()[r])
                        .isCloseTo(logits[token] / options.temperature() - Math.log(total), within(1e-5));
                assertThat(choices.logKeptMass()[r]).isCloseTo(Math.log(kept / total), within(1e-5));
            }
        }
    }

    /** Where two tokens share the highest score, top_p may keep either, so those options have no one answer. */
    static Stream<Golden> goldensWithoutTopP() throws IOException {
        return goldens().filter(golden -> !golden.options().has("top_p"));
    }

    @ParameterizedTest
    @MethodSource("goldensWithoutTopP")
    void greedyTakesTheHighestScore(Golden golden) {
        try (PointerScope scope = new PointerScope()) {
            TokenSampler sampler = new TokenSampler(golden.sampling(true), golden.suppressed(), Device.CPU);
            TokenSampler.Choices choices = sampler.choose(golden.logits(), new double[golden.rows()], golden.penalty());
            double[] scores = numbers(golden.scores());
            for (int r = 0; r < golden.rows(); r++) {
                double[] row = Arrays.copyOfRange(scores, r * golden.vocabulary(), (r + 1) * golden.vocabulary());
                assertThat(row[choices.tokens()[r]])
                        .isEqualTo(Arrays.stream(row).max().orElseThrow());
                assertThat(choices.logKeptMass()[r]).isZero();
            }
        }
    }

    @Test
    void frequenciesAreTheProbabilities() {
        int vocabulary = 40;
        int rows = 2_000;
        int steps = 20;
        double[] probabilities = new double[vocabulary];
        double[] logits = new double[vocabulary];
        double total = 0;
        for (int v = 0; v < vocabulary; v++) {
            // From 0.3 down to about 1e-3, every seventh token impossible; expected counts stay above 40.
            logits[v] = v % 7 == 3 ? Double.NEGATIVE_INFINITY : -0.15 * v;
            probabilities[v] = Math.exp(logits[v]);
            total += probabilities[v];
        }
        long[] counts = new long[vocabulary];
        try (PointerScope scope = new PointerScope()) {
            TokenSampler sampler = new TokenSampler(SamplingOptions.plain(1), List.of(), Device.CPU);
            Tensor batch = Tensors.ofDoubles(logits, Device.CPU, 1, vocabulary).expand(rows, vocabulary);
            Seeds seeds = new Seeds(11);
            for (int step = 0; step < steps; step++) {
                double[] uniforms = new double[rows];
                for (int r = 0; r < rows; r++) {
                    uniforms[r] = Seeds.uniform(seeds.key(Seeds.Stream.ROLLOUT, 0, 0, r), step);
                }
                for (int token : sampler.choose(batch, uniforms).tokens()) {
                    counts[token]++;
                }
            }
        }
        double statistic = 0;
        int possible = 0;
        for (int v = 0; v < vocabulary; v++) {
            double expected = rows * steps * probabilities[v] / total;
            if (expected == 0) {
                assertThat(counts[v]).isZero();
            } else {
                statistic += (counts[v] - expected) * (counts[v] - expected) / expected;
                possible++;
            }
        }
        // The seed is fixed, so this either always passes or never; 1e-3 in each tail is not a lucky seed.
        ChiSquaredDistribution chiSquared = new ChiSquaredDistribution(possible - 1);
        assertThat(statistic)
                .isBetween(
                        chiSquared.inverseCumulativeProbability(1e-3),
                        chiSquared.inverseCumulativeProbability(1 - 1e-3));
    }

    @Test
    void theEdgesOfTheUnitIntervalNeverChooseWhatIsImpossible() {
        int vocabulary = 50_000;
        float[] logits = new float[vocabulary];
        for (int v = 0; v < vocabulary; v++) {
            // Impossible tokens at both ends and everywhere between possible ones, some of which underflow to zero.
            logits[v] = v % 3 == 1 && v < vocabulary - 100 ? (v % 2) * -200f : Float.NEGATIVE_INFINITY;
        }
        try (PointerScope scope = new PointerScope()) {
            TokenSampler sampler = new TokenSampler(SamplingOptions.plain(1), List.of(), Device.CPU);
            double[] uniforms = {0, Double.MIN_VALUE, 0x1.0p-53, 0.5, 1 - 0x1.0p-24, LARGEST_UNIFORM};
            Tensor batch = Tensors.ofFloats(logits, Device.CPU, 1, vocabulary).expand(uniforms.length, vocabulary);
            TokenSampler.Choices choices = sampler.choose(batch, uniforms);
            for (int token : choices.tokens()) {
                assertThat(logits[token]).isZero();
            }
            assertThat(choices.tokens()[0]).isEqualTo(4);
            assertThat(choices.tokens()[5]).isEqualTo(lastWithZero(logits));
            assertThat(choices.tokens()).isSorted();
        }
    }

    private static int lastWithZero(float[] logits) {
        int last = logits.length - 1;
        while (logits[last] != 0) {
            last--;
        }
        return last;
    }

    @Test
    void aRowsChoiceDoesNotDependOnTheOthers() {
        try (PointerScope scope = new PointerScope()) {
            Tensor logits = org.bytedeco.pytorch.global.torch.randn(9, 300);
            double[] uniforms = new double[9];
            for (int r = 0; r < 9; r++) {
                uniforms[r] = Seeds.uniform(5, r);
            }
            SamplingOptions options = new SamplingOptions(0.8, 0.9, 50, 0.01, 1, 8, false, List.of());
            TokenSampler sampler = new TokenSampler(options, List.of(7), Device.CPU);
            TokenSampler.Choices together = sampler.choose(logits, uniforms);
            for (int r = 0; r < 9; r++) {
                TokenSampler.Choices alone = sampler.choose(logits.narrow(0, r, 1), new double[] {uniforms[r]});
                assertThat(alone.tokens()[0]).isEqualTo(together.tokens()[r]);
                // Vector lanes may be reduced in another order: a few units in the last place.
                assertThat(alone.logprobs()[0]).isCloseTo(together.logprobs()[r], within(1e-6));
            }
        }
    }

    @Test
    void logitsThatAreNotNumbersAreRefused() {
        try (PointerScope scope = new PointerScope()) {
            TokenSampler sampler = new TokenSampler(SamplingOptions.plain(1), List.of(), Device.CPU);
            for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
                Tensor logits = Tensors.ofFloats(new float[] {0, bad, 1, 0, 1, 2}, Device.CPU, 2, 3);
                assertThatThrownBy(() -> sampler.choose(logits, new double[] {0.99, 0.5}))
                        .isInstanceOf(UserError.class)
                        .hasMessageContaining("not finite")
                        .hasMessageContaining("row 1");
            }
        }
    }

    @Test
    void thePenaltyFollowsItsRows() {
        try (PointerScope scope = new PointerScope();
                RepetitionPenalty penalty =
                        new RepetitionPenalty(2, List.of(new int[] {0}, new int[] {1, 1}), 3, Device.CPU)) {
            Tensor logits = Tensors.ofFloats(new float[] {4, -4, 1, 4, -4, 1}, Device.CPU, 2, 3);
            assertThat(Tensors.toFloats(penalty.apply(logits))).containsExactly(2, -4, 1, 4, -8, 1);
            penalty.add(new int[] {2, 0});
            assertThat(Tensors.toFloats(penalty.apply(logits))).containsExactly(2, -4, 0.5f, 2, -8, 1);
            penalty.keepRows(new int[] {1});
            assertThat(Tensors.toFloats(penalty.apply(logits.narrow(0, 0, 1)))).containsExactly(2, -8, 1);
        }
    }

    @Test
    void optionsOutOfRangeNameTheirKey() {
        assertRefused("rollout.temperature", () -> options(0, 1, 0, 0, 1, 8, List.of()));
        assertRefused("rollout.temperature", () -> options(Double.NaN, 1, 0, 0, 1, 8, List.of()));
        assertRefused("rollout.top_p", () -> options(1, 0, 0, 0, 1, 8, List.of()));
        assertRefused("rollout.top_p", () -> options(1, 1.01, 0, 0, 1, 8, List.of()));
        assertRefused("rollout.top_k", () -> options(1, 1, -1, 0, 1, 8, List.of()));
        assertRefused("rollout.min_p", () -> options(1, 1, 0, 1.5, 1, 8, List.of()));
        assertRefused("rollout.repetition_penalty", () -> options(1, 1, 0, 0, 0, 8, List.of()));
        assertRefused("rollout.max_completion_length", () -> options(1, 1, 0, 0, 1, 0, List.of()));
        assertRefused("rollout.stop", () -> options(1, 1, 0, 0, 1, 8, List.of("")));
    }

    private static SamplingOptions options(
            double temperature, double topP, int topK, double minP, double penalty, int length, List<String> stop) {
        return new SamplingOptions(temperature, topP, topK, minP, penalty, length, false, stop);
    }

    private static void assertRefused(String key, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOf(UserError.class).hasMessageStartingWith(key);
    }

    /** The numbers of a (nested) list; null is minus infinity. */
    private static double[] numbers(JsonNode node) {
        if (!node.isArray()) {
            return new double[] {node.isNull() ? Double.NEGATIVE_INFINITY : node.asDouble()};
        }
        return StreamSupport.stream(node.spliterator(), false)
                .flatMapToDouble(child -> Arrays.stream(numbers(child)))
                .toArray();
    }
}
