package dev.flipside.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.SharedFiles;
import dev.flipside.engine.Device;
import dev.flipside.gguf.GgufImport;
import dev.flipside.safetensors.WeightType;
import java.io.IOException;
import java.nio.file.Path;
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

    private static Path imported(Path target) {
        Path gguf = SharedFiles.require("models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf");
        GgufImport.open(gguf).write(target, WeightType.F32, written -> {});
        return target;
    }
}
