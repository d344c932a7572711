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
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Generation on a processor that counts as another device ({@link OperatorLog#DEVICE}): what a GPU would be asked to do
 * for a token, and the samples of the CPU.
 */
class OtherDeviceGenerationTest {
    private static final Seeds SEEDS = new Seeds(23);
    private static final int NEW = 9;

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

    private static List<Group> generate(CausalLm lm, SamplingOptions options, int tokens) {
        GenerationSettings settings = new GenerationSettings(32, List.of(5), ids -> "");
        try (Generator generator = new Generator(lm, settings)) {
            return generator.generate(
                    prompts(lm), 2, options, (p, s) -> SEEDS.key(Seeds.Stream.GENERATE, 0, p, s));
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

    @ParameterizedTest
    @ValueSource(strings = {"llama", "qwen3", "gemma2", "gpt2", "phi3", "mixtral"})
    void launchesOfAToken(String name) {
        Path directory = GoldenFixtures.directory(name);
        for (Precision precision : List.of(Precision.FLOAT32, Precision.BFLOAT16)) {
        for (String kind : List.of("plain", "filters")) {
            try (OperatorLog log = new OperatorLog();
                    CausalLm lm = CausalLm.constant(directory, OperatorLog.DEVICE, precision)) {
                long[] launches = new long[2];
                long[] reads = new long[2];
                long[] uploads = new long[2];
                for (int i = 0; i < 2; i++) {
                    log.forget();
                    generate(lm, options(kind, NEW + i), NEW + i);
                    launches[i] = log.launches();
                    reads[i] = log.outer(OperatorLog.Call::reads).size();
                    uploads[i] = log.outer(OperatorLog.Call::uploads).size();
                    assertThat(log.outer(OperatorLog.Call::mixes)).isEmpty();
                    assertThat(log.outer(OperatorLog.Call::onHost)).isEmpty();
                }
                System.out.println(name + " " + precision + " " + kind + " launches " + (launches[1] - launches[0]) + " reads "
                        + (reads[1] - reads[0]) + " uploads " + (uploads[1] - uploads[0]));
            }
        }
        }
    }
}
