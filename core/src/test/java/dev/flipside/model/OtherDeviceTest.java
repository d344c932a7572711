package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.config.OptimiserConfig;
import dev.flipside.engine.AdamW;
import dev.flipside.engine.Device;
import dev.flipside.engine.OperatorLog;
import dev.flipside.engine.ParameterGroup;
import dev.flipside.engine.Seeds;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/**
 * What a GPU would be asked to do, on a processor that counts as another device ({@link OperatorLog#DEVICE}): nothing
 * is computed on the host, no operator has tensors of both, the host reads once a batch, and the numbers are those of
 * the faster ways of the CPU.
 */
class OtherDeviceTest {
    private static final Device DEVICE = OperatorLog.DEVICE;

    /** All families of docs/models.md, some of them in several kinds. */
    static final List<String> NAMES = Stream.concat(
                    Stream.of("llama", "mistral", "qwen2", "qwen2-window", "qwen3"),
                    GoldenFamiliesTest.NAMES.stream())
            .toList();

    @TempDir
    Path directory;

    private static void assertNothingElsewhere(OperatorLog log) {
        assertThat(log.outer(OperatorLog.Call::mixes)).isEmpty();
        assertThat(log.outer(OperatorLog.Call::onHost)).isEmpty();
    }

    static List<TokenRow> groups(int vocabulary) {
        SplittableRandom random = new SplittableRandom(4);
        List<TokenRow> rows = new ArrayList<>();
        for (int size : new int[] {3, 1, 2}) {
            int[] prompt = random.ints(9 + random.nextInt(6), 3, vocabulary).toArray();
            for (int i = 0; i < size; i++) {
                int[] more = random.ints(2 + random.nextInt(5), 3, vocabulary).toArray();
                int[] whole = Arrays.copyOf(prompt, prompt.length + more.length);
                System.arraycopy(more, 0, whole, prompt.length, more.length);
                rows.add(new TokenRow(whole, prompt.length));
            }
        }
        return rows;
    }

    @ParameterizedTest
    @FieldSource("NAMES")
    void trainingStep(String name) {
        try (OperatorLog log = new OperatorLog();
                CausalLm lm = CausalLm.load(GoldenFixtures.directory(name), DEVICE)) {
            log.forget();
            List<TokenRow> rows = groups(lm.decoder().config().vocabSize());
            try (AdamW adam = new AdamW(
                            List.of(new ParameterGroup("policy", lm.parameters(), 0.01)), OptimiserConfig.withLearningRate(1e-3))) {
                try (LogprobPass pass = lm.pass(rows, 0.9, false, OptionalLong.empty())) {
                    pass.backward(Arrays.stream(pass.logprobs()).map(double[]::clone).toArray(double[][]::new));
                }
                adam.gradientNorm();
                adam.step(0.5, 1e-3);
                assertNothingElsewhere(log);
                System.out.println(name + " reads " + log.outer(OperatorLog.Call::reads).size() + " uploads "
                        + log.outer(OperatorLog.Call::uploads).size() + " launches " + log.launches());
            }
        }
    }
}
