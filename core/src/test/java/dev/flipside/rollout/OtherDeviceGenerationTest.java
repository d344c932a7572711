package dev.flipside.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.OperatorLog;
import dev.flipside.engine.Seeds;
import dev.flipside.model.CausalLm;
import dev.flipside.model.GoldenFixtures;
import dev.flipside.model.Precision;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Generation on a processor that counts as another device ({@link OperatorLog#DEVICE}): what a GPU would be asked to do
 * for a token, and the samples of the CPU.
 */
class OtherDeviceGenerationTest {
    private static final Seeds SEEDS = new Seeds(23);
    private static final int NEW = 9;

    /** float32 sums in another order, of numbers of some tens. */
    private static final double ROUNDING = 1e-4;

    @BeforeAll
    static void load() {
        NativeLibrary.load();
    }

    private static List<int[]> prompts(CausalLm lm) {
        SplittableRandom random = new SplittableRandom(3);
        int vocabulary = lm.decoder().config().vocabSize();
        return List.of(
                random.ints(7, 3, vocabulary).toArray(),
                random.ints(12, 3, vocabulary).toArray(),
                random.ints(1, 3, vocabulary).toArray());
    }

    private static List<Group> generate(CausalLm lm, SamplingOptions options) {
        GenerationSettings settings = new GenerationSettings(32, List.of(5), ids -> "");
        try (Generator generator = new Generator(lm, settings)) {
            return generator.generate(prompts(lm), 2, options, (p, s) -> SEEDS.key(Seeds.Stream.GENERATE, 0, p, s));
        }
    }

    private static SamplingOptions options(String kind, int tokens) {
        return switch (kind) {
            case "plain" -> new SamplingOptions(1, 1, 0, 0, 1, tokens, false, List.of());
            case "greedy" -> new SamplingOptions(1, 1, 0, 0, 1, tokens, true, List.of());
            case "filters" -> new SamplingOptions(0.7, 0.9, 20, 0.02, 1.1, tokens, false, List.of());
            default -> throw new IllegalArgumentException(kind);
        };
    }

    /** Kernels, reads and uploads of one more token, of models of two blocks and of four of Gemma's. */
    @ParameterizedTest
    @CsvSource({
        "llama, FLOAT32, plain, 57, 1",
        "llama, FLOAT32, filters, 84, 1",
        "llama, BFLOAT16, plain, 66, 1",
        "qwen3, BFLOAT16, plain, 72, 1",
        "gemma2, BFLOAT16, plain, 139, 1",
        "gpt2, FLOAT32, plain, 56, 1",
        "mixtral, FLOAT32, plain, 113, 3"
    })
    void launchesOfAToken(String name, Precision precision, String kind, int launches, int reads) {
        try (OperatorLog log = new OperatorLog();
                CausalLm lm = CausalLm.constant(GoldenFixtures.directory(name), OperatorLog.DEVICE, precision)) {
            List<List<OperatorLog.Call>> calls = new ArrayList<>();
            long[] counts = new long[2];
            for (int more = 0; more < 2; more++) {
                log.forget();
                generate(lm, options(kind, NEW + more));
                counts[more] = log.launches();
                calls.add(log.outer(c -> true));
                assertThat(log.outer(OperatorLog.Call::mixes)).isEmpty();
                assertThat(log.outer(OperatorLog.Call::onHost)).isEmpty();
            }
            assertThat(counts[1] - counts[0]).as("kernels").isLessThanOrEqualTo(launches);
            // The token itself, and in a model with experts how many tokens each has, once a block.
            assertThat(count(calls.get(1), OperatorLog.Call::reads) - count(calls.get(0), OperatorLog.Call::reads))
                    .isEqualTo(reads);
            // The random numbers.
            assertThat(count(calls.get(1), OperatorLog.Call::uploads) - count(calls.get(0), OperatorLog.Call::uploads))
                    .isEqualTo(1);
        }
    }

    private static long count(List<OperatorLog.Call> calls, Predicate<OperatorLog.Call> which) {
        return calls.stream().filter(which).count();
    }

    /** The planned steps of the CPU and the functional ones of a GPU draw the same tokens. */
    @ParameterizedTest
    @CsvSource({
        "llama, plain",
        "llama, filters",
        "qwen3, greedy",
        "gemma2, plain",
        "gpt2, filters",
        "phi3, plain",
        "mixtral, plain"
    })
    void samplesAreThoseOfTheCpu(String name, String kind) {
        Path directory = GoldenFixtures.directory(name);
        try (CausalLm cpu = CausalLm.load(directory, Device.CPU);
                CausalLm device = CausalLm.load(directory, OperatorLog.DEVICE)) {
            assertThat(device.decoder().plan().decoding()).isFalse();
            List<Group> wanted = generate(cpu, options(kind, NEW));
            List<Group> found = generate(device, options(kind, NEW));
            for (int g = 0; g < wanted.size(); g++) {
                for (int s = 0; s < wanted.get(g).completions().size(); s++) {
                    Completion expected = wanted.get(g).completions().get(s);
                    Completion actual = found.get(g).completions().get(s);
                    assertThat(actual.ids()).isEqualTo(expected.ids());
                    assertThat(actual.logprobs()).containsExactly(expected.logprobs(), within(ROUNDING));
                    assertThat(actual.logKeptMass()).isCloseTo(expected.logKeptMass(), within(ROUNDING));
                }
            }
        }
    }
}
