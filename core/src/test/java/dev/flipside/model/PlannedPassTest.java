package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The passes by hand against the functional layers and autograd. */
class PlannedPassTest {
    /** float32 sums in another order: hidden states of size about 1, and gradients relative to the largest. */
    private static final double ROUNDING = 2e-5;

    @TempDir
    Path directory;

    @BeforeAll
    static void load() {
        NativeLibrary.load();
    }

    private static RowLayout layout(String name) {
        SplittableRandom random = new SplittableRandom(5);
        return switch (name) {
            case "padded" ->
                new PaddedLayout(
                        new int[][] {TinyModels.ids(random, 9), TinyModels.ids(random, 4), TinyModels.ids(random, 7)});
            // More tokens than one block of queries.
            case "long" -> new PaddedLayout(new int[][] {TinyModels.ids(random, 300), TinyModels.ids(random, 170)});
            case "one" -> new PaddedLayout(new int[][] {TinyModels.ids(random, 6)});
            case "groups" ->
                new SharedPrefixLayout(
                        new int[][] {TinyModels.ids(random, 5), TinyModels.ids(random, 5)},
                        new int[] {0, 0, 1, 1},
                        new int[][] {
                            TinyModels.ids(random, 3),
                            TinyModels.ids(random, 6),
                            TinyModels.ids(random, 6),
                            TinyModels.ids(random, 1)
                        });
            case "uneven" ->
                new SharedPrefixLayout(
                        new int[][] {TinyModels.ids(random, 140), TinyModels.ids(random, 3), TinyModels.ids(random, 9)},
                        new int[] {0, 0, 0, 1, 2, 2},
                        new int[][] {
                            TinyModels.ids(random, 2),
                            TinyModels.ids(random, 5),
                            TinyModels.ids(random, 7),
                            TinyModels.ids(random, 7),
                            TinyModels.ids(random, 1),
                            new int[0]
                        });
            case "bare" ->
                new SharedPrefixLayout(
                        new int[][] {TinyModels.ids(random, 5)}, new int[] {0, 0}, new int[][] {new int[0], new int[0]
                        });
            // More scores of continuations than one table holds: rows of few tokens, and rows of more than a block.
            case "many" ->
                new SharedPrefixLayout(
                        new int[][] {TinyModels.ids(random, 1400), TinyModels.ids(random, 500)},
                        IntStream.range(0, 40).map(r -> r / 20).toArray(),
                        IntStream.range(0, 40)
                                .mapToObj(r -> TinyModels.ids(random, 1 + r))
                                .toArray(int[][]::new));
            case "wide" ->
                new SharedPrefixLayout(
                        new int[][] {TinyModels.ids(random, 2200), TinyModels.ids(random, 700)},
                        new int[] {0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1},
                        IntStream.range(0, 12)
                                .mapToObj(r -> TinyModels.ids(random, 140 + r))
                                .toArray(int[][]::new));
            default -> throw new IllegalArgumentException(name);
        };
    }

    private CausalLm lm(String family) {
        return TinyModels.of(family)
                .config(c -> {
                    c.put("initializer_range", 0.3);
                    if (family.equals("llama")) {
                        c.put("attention_bias", true).put("mlp_bias", true);
                    }
                    if (family.equals("mistral")) {
                        c.put("sliding_window", 6);
                    }
                })
                .lm(directory.resolve(family));
    }

    private record Result(float[] hidden, float[] gradEmbedded, float[] gradients) {}

    private static Result run(Decoder decoder, BlocksPass pass, boolean backward) {
        try (pass;
                PointerScope scope = new PointerScope()) {
            float[] hidden = Tensors.toFloats(pass.hidden());
            if (!backward) {
                return new Result(hidden, new float[0], new float[0]);
            }
            decoder.weights().trained().zeroGradient();
            Tensor gradient = torch.sin(
                            torch.arange(Tensors.scalar(pass.hidden().numel())))
                    .view_as(pass.hidden());
            return new Result(
                    hidden,
                    Tensors.toFloats(pass.backward(gradient, 0)),
                    Tensors.toFloats(decoder.weights().trained().gradient()));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "llama,padded",
        "llama,long",
        "llama,one",
        "llama,groups",
        "llama,uneven",
        "llama,bare",
        "llama,many",
        "llama,wide",
        "qwen2,groups",
        "qwen2,uneven",
        "qwen3,padded",
        "qwen3,uneven",
        "mistral,long",
        "mistral,uneven"
    })
    void equalsAutograd(String family, String rows) {
        RowLayout layout = layout(rows);
        try (CausalLm lm = lm(family)) {
            Decoder decoder = lm.decoder();
            assertThat(decoder.plan().attention())
                    .isEqualTo(List.of("llama", "qwen2").contains(family));
            lm.parameters().train();
            Result expected;
            Result planned;
            Result checkpointed;
            float[] inference;
            try (Scopes.Frozen scope = Scopes.frozen()) {
                Tensor embedded = decoder.embed(layout);
                expected = run(decoder, new AutogradPass(decoder, layout, embedded, false, decoder.layers()), true);
                planned = run(decoder, new PlannedPass(decoder, layout, embedded, false, decoder.layers()), true);
                checkpointed = run(decoder, new PlannedPass(decoder, layout, embedded, true, decoder.layers()), true);
                inference = Tensors.toFloats(decoder.hidden(layout));
            }
            assertRelative(planned.hidden, expected.hidden);
            assertRelative(inference, expected.hidden);
            assertRelative(planned.gradEmbedded, expected.gradEmbedded);
            assertRelative(planned.gradients, expected.gradients);
            assertThat(checkpointed.hidden).isEqualTo(planned.hidden);
            assertRelative(checkpointed.gradients, expected.gradients);
        }
    }

    /** At padding too: a gradient was given there. */
    private static void assertRelative(float[] found, float[] wanted) {
        assertThat(GoldenFixtures.relativeGap(found, wanted)).isLessThan(ROUNDING);
    }
}
