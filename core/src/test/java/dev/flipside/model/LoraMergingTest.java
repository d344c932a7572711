package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.safetensors.WeightType;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is left of a new adapter of each kind when it is merged into its base, and when it is taken off again. */
class LoraMergingTest {
    @TempDir
    Path directory;

    /** Of log-probabilities of size 10, whose weights are rounded to float32 once more by merging. */
    private static final double MERGED = 1e-4;

    /** Relative to the weights, which adding and taking away round to float32 twice. */
    private static final double TAKEN_OFF = 1e-6;

    private LoraKinds kinds;

    @BeforeEach
    void load() {
        NativeLibrary.load();
        kinds = new LoraKinds(directory);
    }

    /** A tied head parts from the embedding in the merged model where it has to, and there alone. */
    @ParameterizedTest
    @CsvSource({
        "bias-all,true,true",
        "lora-bias,false,false",
        "pissa,true,true",
        "vocabulary,true,false",
        "vocabulary-dora,true,false",
        "vocabulary-tied,true,true",
        "saved,true,false",
        "saved-embedding,true,false",
        "saved-tied,true,true",
        "tokens,true,true",
        "tokens,false,false"
    })
    void mergedIsUnmerged(String kind, boolean tied, boolean staysTied) {
        List<TokenRow> rows = TinyModels.rows(5, 9);
        Path whole = directory.resolve("whole");
        try (CausalLm lm = kinds.adapted(kind, tied);
                CausalLm merged = lm.merged()) {
            merged.save(whole, WeightType.F32);
            try (CausalLm read = CausalLm.load(whole, Device.CPU)) {
                assertThat(read.files().config().tiedHead()).isEqualTo(staysTied);
                assertThat(GoldenFixtures.largestGap(
                                read.logprobs(rows, 1).logprobs(),
                                lm.logprobs(rows, 1).logprobs()))
                        .isLessThan(MERGED);
            }
        }
    }

    @Test
    void whatCannotBeTakenOffIsSaid() {
        assertStays("pissa", "an adapter that began as a part of its base (init_lora_weights) cannot be taken off");
        assertStays("bias-all", "the adapter replaced model.layers.0.self_attn.q_proj.base_layer.bias whole");
        assertStays("tokens", "the adapter replaced model.embed_tokens.token_adapter.trainable_tokens_delta whole");
    }

    private void assertStays(String kind, String message) {
        Path adapter = directory.resolve(kind);
        try (CausalLm lm = kinds.adapted(kind, false);
                CausalLm merged = lm.merged()) {
            lm.save(adapter, WeightType.F32);
            assertThatThrownBy(() -> merged.unmerge(adapter))
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining(message)
                    .hasMessageEndingWith("; use the base model.");
        }
    }

    /** Low-rank updates of vocabulary matrices of an untied model come off again, and so do biases of B. */
    @ParameterizedTest
    @ValueSource(strings = {"vocabulary", "gaussian"})
    void comesOffAgain(String kind) {
        Path adapter = directory.resolve(kind);
        try (CausalLm lm = kinds.adapted(kind, false);
                CausalLm merged = lm.merged()) {
            lm.save(adapter, WeightType.F32);
            assertThat(merged.relativeChange(kinds.base(false))).isGreaterThan(1e-3);
            merged.unmerge(adapter);
            assertThat(merged.relativeChange(kinds.base(false))).isLessThan(TAKEN_OFF);
        }
    }
}
