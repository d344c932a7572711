package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.engine.Device;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Seeds;
import dev.flipside.model.family.DecoderConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What passes keep until their backward pass, by whichever way they run. */
class PassSizeTest {
    private static final PassSize SIZE = new PassSize(1, false);
    private static final Device GPU = new Device("cuda:0");

    /** Of the program's other memory, and of buffers that grow with a pass but are no block's. */
    private static final int PERCENT = 8;

    @TempDir
    Path folder;

    /**
     * V 100, D 8, F 16, 2 layers, 4 heads over 2 KV heads of size 2: queries, keys and values are 16 numbers, what
     * attention makes 8.
     */
    private static DecoderConfig llama() {
        return DecoderConfig.builder("llama", 2, 4, 2, 2)
                .widths(100, 8, 16, 512)
                .tiedHead(true)
                .build();
    }

    private static DecoderPlan plan(DecoderConfig config) {
        return new DecoderPlan(config, Device.CPU, Precision.FLOAT32);
    }

    @Test
    void plannedPassesKeepLittle() {
        // Both ends 2*8, and of 2 layers the input 8, the middle 8, heads 16, attention 8 and the MLP's 2*16.
        assertThat(SIZE.bytesPerToken(plan(llama()))).isEqualTo(4 * (2 * 8 + 2 * (8 + 8 + 16 + 8 + 2 * 16)));
        assertThat(SIZE.tokens(plan(llama()))).isEqualTo((1 << 20) / (4 * 160));
    }

    @Test
    void attentionByAutogradKeepsHeadsTwiceAndTheirNorms() {
        long planned = SIZE.bytesPerToken(plan(llama()));
        DecoderConfig window = DecoderConfig.builder("mistral", 2, 4, 2, 2)
                .widths(100, 8, 16, 512)
                .sliding(OptionalInt.of(4), List.of(true, true))
                .build();
        DecoderConfig norms = DecoderConfig.builder("qwen3", 2, 4, 2, 2)
                .widths(100, 8, 16, 512)
                .headNorms(DecoderConfig.HeadNorms.EACH)
                .build();

        assertThat(SIZE.bytesPerToken(plan(window))).isEqualTo(planned + 4 * 2 * 16);
        // Queries and keys are 12 of the 16.
        assertThat(SIZE.bytesPerToken(plan(norms))).isEqualTo(planned + 4 * 2 * (16 + 12));
    }

    /** Where no way of the CPU applies autograd keeps twice as much, so that a pass has half the tokens. */
    @Test
    void otherDevicesAndPrecisionsAreSizedAsAutograd() {
        DecoderPlan single = new DecoderPlan(llama(), GPU, Precision.FLOAT32);
        DecoderPlan half = new DecoderPlan(llama(), GPU, Precision.BFLOAT16);
        // 5 widths, heads twice, attention, 4 steps of the MLP.
        int inside = 5 * 8 + 2 * 16 + 8 + 4 * 16;

        assertThat(SIZE.bytesPerToken(single)).isEqualTo(4 * (2 * 8 + 2 * (8 + inside)));
        // Two bytes, but for the ends, the inputs and three widths inside.
        assertThat(SIZE.bytesPerToken(half)).isEqualTo(4 * 2 * 8 + 2 * (4 * 8 + 2 * inside + 2 * 3 * 8));
        assertThat(new PassSize(1, true).bytesPerToken(single)).isEqualTo(4 * (2 * 8 + 2 * 8 + inside));
        assertThat(PassSize.bytesInBackward(half) * 2).isEqualTo(PassSize.bytesInBackward(single));
    }

    /** The resident memory of a pass of 2 x 512 tokens, in a model where blocks outweigh everything else. */
    @Tag("slow")
    @ParameterizedTest
    @CsvSource({"llama, cpu, 256", "llama, cuda:0, 256", "qwen3, cpu, 256", "qwen3, cuda:0, 256", "mistral, cpu, 256"})
    void passesKeepWhatIsCounted(String type, String device, int window) throws IOException {
        int[][] rows = new int[2][512];
        Arrays.stream(rows).forEach(row -> Arrays.fill(row, 5));
        RowLayout layout = new PaddedLayout(rows);
        Path directory = GoldenFixtures.copy(GoldenFixtures.directory("llama"), folder.resolve("model"));
        GoldenFixtures.editConfig(directory, config -> wide(config, type, window));
        try (CausalLm lm = CausalLm.untrained(directory, Device.CPU, new Seeds(1))) {
            lm.parameters().train();
            // The CPU runs what a GPU would.
            DecoderPlan plan = new DecoderPlan(lm.files().config(), new Device(device), Precision.FLOAT32);
            kept(lm.decoder(), layout, plan.blocks());
            long kept = kept(lm.decoder(), layout, plan.blocks());

            assertThat(kept).isCloseTo(1024 * SIZE.bytesPerToken(plan), withinPercentage(PERCENT));
        }
    }

    private static void wide(ObjectNode config, String type, int window) {
        config.put("model_type", type).put("hidden_size", 512).put("intermediate_size", 1408);
        config.put("num_hidden_layers", 4).put("num_attention_heads", 8).put("num_key_value_heads", 4);
        config.put("head_dim", 64).put("max_position_embeddings", 1024).put("sliding_window", window);
    }

    private static long kept(Decoder decoder, RowLayout layout, boolean planned) throws IOException {
        Pointer.trimMemory();
        long before = resident();
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor embedded = decoder.embed(layout);
            try (BlocksPass pass = planned
                    ? new PlannedPass(decoder, layout, embedded, false, decoder.layers())
                    : new AutogradPass(decoder, layout, embedded, false, decoder.layers())) {
                Pointer.trimMemory();
                return resident() - before;
            }
        }
    }

    private static long resident() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("RssAnon"))
                .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElseThrow();
    }
}
