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
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/**
 * What a GPU would be asked to do, on libtorch's device {@code meta}, which knows shapes and types and no numbers:
 * nothing is computed elsewhere, and the host reads at most once a batch.
 */
class OtherDeviceTest {
    private static final Device META = new Device("meta");
    private static final String NAME = "meta";

    /** All families of docs/models.md, some of them in several kinds. */
    static final List<String> NAMES = Stream.concat(
                    Stream.of("llama", "mistral", "qwen2", "qwen2-window", "qwen3"),
                    GoldenFamiliesTest.NAMES.stream())
            .toList();

    @TempDir
    Path directory;

    /** Every tensor is on the device, but for what is carried there and back. */
    private static void assertNothingElsewhere(OperatorLog log) {
        List<OperatorLog.Call> elsewhere = log.calls().stream()
                .filter(c -> c.computes() && (c.inputs().contains("cpu") || c.outputs().contains("cpu")))
                .filter(c -> !c.uploads(NAME) && !c.reads(NAME) && !isTransfer(c))
                .toList();
        assertThat(elsewhere).isEmpty();
    }

    private static boolean isTransfer(OperatorLog.Call call) {
        return call.name().equals("copy_") && call.inputs().equals(Set.of("cpu", NAME));
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
        try (CausalLm lm = CausalLm.load(GoldenFixtures.directory(name), META)) {
            List<TokenRow> rows = groups(lm.decoder().config().vocabSize());
            try (AdamW adam = new AdamW(
                            List.of(new ParameterGroup("policy", lm.parameters(), 0.01)), OptimiserConfig.withLearningRate(1e-3));
                    OperatorLog log = new OperatorLog()) {
                try (LogprobPass pass = lm.pass(rows, 0.9, false, OptionalLong.empty())) {
                    pass.backward(Arrays.stream(pass.logprobs()).map(double[]::clone).toArray(double[][]::new));
                }
                adam.gradientNorm();
                adam.step(0.5, 1e-3);
                assertNothingElsewhere(log);
                System.out.println(name + " reads " + log.outer(c -> c.reads(NAME)).size() + " uploads "
                        + log.outer(c -> c.uploads(NAME)).size() + " launches " + log.launches());
            }
        }
    }
}
