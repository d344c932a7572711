package dev.flipside.model.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.model.CausalLm;
import dev.flipside.model.GoldenFixtures;
import dev.flipside.model.TokenRow;
import dev.flipside.safetensors.Json;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What the families' config.json mean, where the goldens do not show it: refusals, defaults, and the names that older
 * releases used.
 */
class FamilyConfigTest {
    @TempDir
    Path temp;

    private static ObjectNode parse(String json) throws Exception {
        return (ObjectNode) Json.MAPPER.readTree(json.replace('\'', '"'));
    }

    private static DecoderConfig read(Family family, String more) throws Exception {
        ObjectNode config = parse(
                "{'vocab_size':128,'hidden_size':32,'intermediate_size':40,'num_hidden_layers':4,'num_attention_heads':4,'max_position_embeddings':128}");
        config.setAll(parse(more));
        return family.read(new ConfigJson(Path.of("config.json"), config));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "gpt2 | {'add_cross_attention':true} | cross-attention is not supported",
                "gpt2 | {'activation_function':'xielu'} | activation_function is 'xielu'",
                "gemma3_text | {'use_bidirectional_attention':true} | sees later tokens",
                "gemma3_text | {'attn_logit_softcapping':50} | transformers does not apply it",
                "gemma2 | {'layer_types':['full_attention']} | layer_types has 1 entries for 3 layers",
                "phi3-longrope | {'partial_rotary_factor':0.5,'rope_parameters':{'rope_type':'longrope','short_factor':[1],'long_factor':[1]}} | short_factor has 1 entries for 2 rotated pairs",
                "smollm3 | {'no_rope_layers':[1]} | no_rope_layers has 1 entries for 3 layers",
                "stablelm | {'qk_layernorm':true} | weight model.layers.0.self_attn.q_layernorm.norms.0.weight is missing",
                "stablelm-qk | {'qk_layernorm':false} | has no place in the model",
                "stablelm | {'rope_parameters':{'rope_type':'dynamic','factor':2,'partial_rotary_factor':0.25}} | it needs four",
                "olmo2 | {'rope_parameters':{'rope_type':'longrope','short_factor':[1],'long_factor':[1]}} | short_factor has 1 entries for 4 rotated pairs",
                "olmo2 | {'rope_parameters':{'rope_type':'dynamic'}} | factor is missing",
                "olmo2 | {'rope_parameters':{'rope_type':'yarn','rope_theta':1}} | rope_theta of 1",
                "olmo2 | {'rope_parameters':{'factor':8,'rope_theta':500}} | rope_parameters has factor and no rope_type that says which scaling it is of",
                "olmo2 | {'rope_parameters':{'rope_type':'llama3','factor':8,'low_freq_factor':4,'high_freq_factor':4}} | low_freq_factor of 4.0, which is not below high_freq_factor, 4.0",
                "phi3 | {'rope_parameters':{'rope_type':'yarn','factor':2}} | of Phi-3's, longrope alone",
                "mixtral | {'num_local_experts':5} | gate.weight has the shape [4, 32] and config.json asks for [5, 32]",
                "mixtral | {'num_experts_per_tok':5} | num_experts_per_tok is 5, more than the 4 experts",
                "olmo2 | {'partial_rotary_factor':0.5} | olmo2 does not",
                "gpt_neox | {'rope_parameters':{'rope_type':'proportional'}} | asks for the RoPE type 'proportional'",
                "granite | {'residual_multiplier':-1} | residual_multiplier is -1, which is not a positive number",
                "starcoder2 | {'use_bias':false} | has no place in the model"
            })
    void whatIsNotSupportedIsNamed(String name, String change, String message) throws Exception {
        Path edited = GoldenFixtures.copy(GoldenFixtures.directory(name), temp.resolve("edited"));
        ObjectNode changes = parse(change);
        GoldenFixtures.editConfig(edited, config -> config.setAll(changes));
        assertThatThrownBy(() -> CausalLm.load(edited, Device.CPU).close())
                .isInstanceOf(UserError.class)
                .hasMessageContaining(edited.toString())
                .hasMessageContaining(message.trim());
    }

    @Test
    void textsBeyondLearnedPositionsAreRefused() {
        try (CausalLm lm = CausalLm.load(GoldenFixtures.directory("gpt2"), Device.CPU)) {
            List<int[]> longest = List.of(new int[128]);
            lm.decoder().prefill(longest, new int[] {1}, 4).close();
            List<TokenRow> beyond = List.of(new TokenRow(new int[129], 3));
            assertThatThrownBy(() -> lm.logprobs(beyond, 1))
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining("A text has 129 tokens and the model has learned 128 positions");
            assertThatThrownBy(() -> lm.decoder().prefill(List.of(new int[129]), new int[] {1}, 4))
                    .isInstanceOf(UserError.class);
        }
    }

    @Test
    void defaultsAreThoseOfTransformers() throws Exception {
        DecoderConfig neox = read(new GptNeoX(), "{}");
        assertThat(neox.positions().rotaryDim()).isEqualTo(2);
        assertThat(neox.block().residual()).isEqualTo(DecoderConfig.Residual.PARALLEL);
        DecoderConfig gemma = read(new Gemma2(), "{}");
        assertThat(gemma.headDim()).isEqualTo(256);
        assertThat(gemma.tiedHead()).isTrue();
        assertThat(gemma.attention().softCap()).hasValue(50);
        assertThat(gemma.scales().logitSoftCap()).hasValue(30);
        assertThat(gemma.attention().slidingLayers()).containsExactly(true, false, true, false);
        assertThat(read(new Gemma2(), "{'final_logit_softcapping':null}")
                        .scales()
                        .logitSoftCap())
                .isEmpty();
        assertThat(read(new SmolLm3(), "{}").positions().ropes())
                .containsExactly(rope(2e6), rope(2e6), rope(2e6), Optional.empty());
        assertThat(read(new Mixtral(), "{}").positions().ropes()).containsOnly(rope(1e6));
        assertThat(read(new Mixtral(), "{}").block().experts().orElseThrow().balanceWeight())
                .isZero();
        assertThat(read(new Mixtral(), "{'output_router_logits':true}")
                        .block()
                        .experts()
                        .orElseThrow()
                        .balanceWeight())
                .isEqualTo(0.001);
        assertThat(read(new Qwen3Moe(), "{'decoder_sparse_step':2,'mlp_only_layers':[3],'num_experts':8}")
                        .block()
                        .experts()
                        .orElseThrow()
                        .sparseLayers())
                .containsExactly(false, true, false, false);
        assertThat(read(new StableLm(), "{}").positions().rotaryDim()).isEqualTo(2);
    }

    private static Optional<RopeConfig> rope(double theta) {
        return Optional.of(new RopeConfig.Plain(theta));
    }

    /** As on the Hub: Pythia, Gemma 3 1B and Phi-3-mini-128k. */
    @Test
    void olderNamesMeanTheSame() throws Exception {
        assertThat(read(new GptNeoX(), "{'rotary_pct':0.5,'rotary_emb_base':500}"))
                .isEqualTo(read(
                        new GptNeoX(),
                        "{'rope_parameters':{'rope_type':'default','rope_theta':500,'partial_rotary_factor':0.5}}"));
        assertThat(
                        read(
                                new Gemma3(),
                                "{'head_dim':8,'sliding_window_pattern':2,'rope_theta':5e5,'rope_local_base_freq':2e4,'rope_scaling':{'rope_type':'linear','factor':8}}"))
                .isEqualTo(read(
                        new Gemma3(),
                        "{'head_dim':8,'layer_types':['sliding_attention','full_attention','sliding_attention','full_attention'],"
                                + "'rope_parameters':{'full_attention':{'rope_type':'linear','factor':8,'rope_theta':5e5},"
                                + "'sliding_attention':{'rope_type':'default','rope_theta':2e4}}}"));
        String factors = "'short_factor':[1,1,1,1],'long_factor':[2,2,2,2]";
        DecoderConfig phi = read(
                new Phi3(),
                "{'original_max_position_embeddings':32,'rope_scaling':{'type':'su'," + factors
                        + "},'sliding_window':64}");
        assertThat(phi)
                .isEqualTo(read(
                        new Phi3(),
                        "{'sliding_window':64,'original_max_position_embeddings':32,'rope_parameters':{'rope_type':'longrope','rope_theta':10000,"
                                + factors + "}}"));
        // transformers' 4096, where the file names no original context beside the maximum, goes before the rotary
        // parameters'.
        assertThat(read(
                                new Phi3(),
                                "{'rope_parameters':{'rope_type':'longrope','original_max_position_embeddings':32,"
                                        + factors + "}}")
                        .originalContext())
                .hasValue(4096);
        // sqrt(1 + ln(128 / 32) / ln 32)
        assertThat(((RopeConfig.LongRope) phi.positions().ropes().get(0).orElseThrow()).attentionFactor())
                .isEqualTo(Math.sqrt(1.4));
    }

    /** As transformers 5.17 gives it to {@code nn.Embedding}: the vocabulary here has 128 tokens. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "llama | {} | -",
                "llama | {'pad_token_id':2} | 2",
                "llama | {'pad_token_id':null} | -",
                "llama | {'pad_token_id':-1} | 127",
                "llama | {'pad_token_id':128} | -",
                "gemma2 | {} | 0",
                "gemma2 | {'pad_token_id':null} | -",
                "olmo2 | {} | 1",
                "phi3 | {} | -",
                "gpt_neox | {'pad_token_id':2} | -",
            })
    void thePaddingTokenIsThatOfTheEmbedding(String type, String more, String token) throws Exception {
        Family family = Family.ALL.stream()
                .filter(f -> f.modelType().equals(type))
                .findFirst()
                .orElseThrow();
        OptionalInt expected = token.equals("-") ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(token));
        assertThat(read(family, more).paddingToken()).isEqualTo(expected);
    }
}
