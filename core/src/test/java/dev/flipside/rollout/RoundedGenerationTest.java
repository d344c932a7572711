package dev.flipside.rollout;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.SharedFiles;
import dev.flipside.engine.Device;
import dev.flipside.engine.Seeds;
import dev.flipside.gguf.GgufImport;
import dev.flipside.model.CausalLm;
import dev.flipside.model.Precision;
import dev.flipside.model.TokenRow;
import dev.flipside.safetensors.WeightType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real models in bfloat16 on the CPU: how far from float32, and samples against what a trainer recomputes of them. */
class RoundedGenerationTest {
    /** As in float32 (GeneratorWithModelTest): the same weights on both sides, sums in another order. */
    private static final double SAME_WEIGHTS = 1e-4;

    private static final Seeds SEEDS = new Seeds(5);

    @Test
    void stories() {
        // Five blocks. A weight is off by at most 2^-9 of itself, 2^-9 / sqrt(3) in the mean square, and so is the sum
        // of
        // a product's many terms, whose errors are independent. Twenty products in a row and a head make about sqrt(22)
        // 2^-9 / sqrt(3) = 0.5 % of scores whose spread is about 4: hundredths.
        assertNearFloat32(SharedFiles.require("models/stories260k"), 0.02, 0.3, 0.9);
    }

    @Test
    @Tag("slow")
    void smolLm(@TempDir Path temp) throws IOException {
        Path gguf = SharedFiles.require("models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf");
        GgufImport.open(gguf).write(temp.resolve("smollm2"), WeightType.F32, written -> {});
        // Thirty blocks: sqrt(121) 2^-9 / sqrt(3) = 1.2 % of scores.
        assertNearFloat32(temp.resolve("smollm2"), 0.05, 1, 0.8);
    }

    /**
     * @param mean the mean difference of log-probabilities of sampled tokens, at most
     * @param most the largest one, at most
     * @param greedy the share of greedy tokens that are alike until two answers part, at least
     */
    private static void assertNearFloat32(Path model, double mean, double most, double greedy) {
        try (CausalLm rounded = CausalLm.load(model, Device.CPU, Precision.BFLOAT16);
                CausalLm constant = CausalLm.constant(model, Device.CPU, Precision.BFLOAT16);
                CausalLm plain = CausalLm.load(model, Device.CPU)) {
            List<int[]> prompts = prompts(rounded);
            List<Group> groups = generate(rounded, prompts, 4, SamplingOptions.plain(32));
            double gap = 0;
            double sum = 0;
            double largest = 0;
            int tokens = 0;
            for (Group group : groups) {
                List<TokenRow> rows = group.completions().stream()
                        .map(c -> new TokenRow(concat(group.promptIds(), c.ids()), group.promptIds().length))
                        .toList();
                double[][] recomputed = rounded.logprobs(rows, 1).logprobs();
                double[][] exact = plain.logprobs(rows, 1).logprobs();
                for (int s = 0; s < rows.size(); s++) {
                    double[] sampled = group.completions().get(s).logprobs();
                    for (int t = 0; t < sampled.length; t++) {
                        gap = Math.max(gap, Math.abs(sampled[t] - recomputed[s][t]));
                        double off = Math.abs(recomputed[s][t] - exact[s][t]);
                        sum += off;
                        largest = Math.max(largest, off);
                        tokens++;
                    }
                }
            }
            assertThat(gap).isLessThan(SAME_WEIGHTS);
            assertThat(tokens).isGreaterThan(200);
            // A weight that nobody rounded would leave 1e-6.
            assertThat(sum / tokens).isBetween(1e-4, mean);
            assertThat(largest).isLessThan(most);
            List<int[]> answers = greedy(rounded, prompts);
            assertThat(greedy(constant, prompts)).usingRecursiveComparison().isEqualTo(answers);
            assertThat(alike(answers, greedy(plain, prompts))).isGreaterThan(greedy);
        }
    }

    private static List<int[]> prompts(CausalLm lm) {
        SplittableRandom random = new SplittableRandom(9);
        int vocabulary = lm.files().config().vocabSize();
        return IntStream.range(0, 4)
                .mapToObj(p -> random.ints(4 + 3L * p, 3, vocabulary).toArray())
                .toList();
    }

    private static List<Group> generate(CausalLm lm, List<int[]> prompts, int samples, SamplingOptions options) {
        try (Generator generator = new Generator(lm, new GenerationSettings(16, List.of(), ids -> ""))) {
            return generator.generate(prompts, samples, options, (p, s) -> SEEDS.key(Seeds.Stream.ROLLOUT, p, s, 0));
        }
    }

    private static List<int[]> greedy(CausalLm lm, List<int[]> prompts) {
        return generate(lm, prompts, 1, SamplingOptions.greedy(24)).stream()
                .map(group -> group.completions().get(0).ids())
                .toList();
    }

    /** Of all tokens, those before the first that differs. */
    private static double alike(List<int[]> left, List<int[]> right) {
        int same = IntStream.range(0, left.size())
                .map(i -> {
                    int first = Arrays.mismatch(left.get(i), right.get(i));
                    return first < 0 ? left.get(i).length : first;
                })
                .sum();
        return same / (double) left.stream().mapToInt(ids -> ids.length).sum();
    }

    private static int[] concat(int[] left, int[] right) {
        return Stream.of(left, right).flatMapToInt(Arrays::stream).toArray();
    }
}
