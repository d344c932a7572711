package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.SharedFiles;
import dev.flipside.engine.Device;
import dev.flipside.gguf.GgufImport;
import dev.flipside.safetensors.WeightType;
import dev.flipside.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * SmolLM2-135M-Instruct (Q4_1, imported) against transformers: three chats, greedy answers, scores with a sine head.
 */
@Tag("slow")
class GoldenSmolLmTest {
    /** Thirty layers of float32 rounding leave about 2e-5. */
    private static final double TOLERANCE = 1e-4;

    @TempDir
    Path temp;

    @Test
    void computesWhatTransformersComputes() throws IOException {
        Path directory = imported(temp.resolve("smollm2"));
        JsonNode numbers = GoldenFixtures.numbers("smollm2-135m-instruct");
        int hiddenSize;
        try (CausalLm lm = CausalLm.load(directory, Device.CPU)) {
            hiddenSize = lm.files().config().hiddenSize();
            GoldenModelsTest.assertLogprobs(lm, numbers);
            int[] other = GoldenFixtures.rows(numbers).get(0).ids();
            numbers.get("greedy").forEach(greedy -> GoldenModelsTest.assertCachedGreedy(lm, greedy, other));
        }
        GoldenFixtures.addSineHead(directory, hiddenSize);
        GoldenRewardTest.assertScores(directory, numbers, TOLERANCE);
    }

    /**
     * The first 2,048 tokens of LICENSE, which the import's copy of the weights continues in transformers 5.17
     * ({@code generate(do_sample=False)}, float32) as here. The two best logits were at least 0.18 apart.
     */
    @Test
    void continuesALongPromptAsTransformersDoes() throws IOException {
        int[] continuation = {
            523, 722, 260, 1695, 3914, 2909, 288, 1464, 260, 2301, 42, 3914, 2067, 47, 14107, 29, 39790, 27628, 47, 46,
            3914, 2067, 17, 14894, 5335, 31848, 18883, 35696, 45581, 18395, 1559, 71
        };
        Path directory = imported(temp.resolve("smollm2"));
        try (CausalLm lm = CausalLm.load(directory, Device.CPU);
                Tokenizer tokenizer = Tokenizer.load(directory)) {
            int[] text = tokenizer.encode(Files.readString(Path.of("../LICENSE")), true);
            int[] prompt = Arrays.copyOf(text, 2048);

            assertThat(Arrays.copyOfRange(prompt, 2044, 2048)).containsExactly(2301, 4624, 30, 1046);
            assertThat(GoldenFixtures.cachedGreedy(lm, prompt, Arrays.copyOf(text, 300), continuation.length))
                    .allSatisfy(found -> assertThat(found).isEqualTo(continuation));
        }
    }

    private static Path imported(Path target) {
        Path gguf = SharedFiles.require("models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf");
        GgufImport.open(gguf).write(target, WeightType.F32, written -> {});
        return target;
    }
}
