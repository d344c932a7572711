package dev.flipside.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Special tokens that a tokenizer's files name in different places, against what transformers makes of the same files.
 */
class SpecialTokensTest {
    private static final String TOKENIZER = "tokenizer.json";

    @TempDir
    Path folder;

    static List<JsonNode> cases() throws IOException {
        List<JsonNode> cases = new ArrayList<>();
        new ObjectMapper()
                .readTree(Golden.resource("tokenizers/special_tokens.json").toFile())
                .forEach(cases::add);
        return cases;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void idsTextsAndNamesAreThoseOfTransformers(JsonNode example) throws IOException {
        write(example);
        try (Tokenizer tokenizer = Tokenizer.load(folder)) {
            int[] ids = tokenizer.encode(example.path("text").asText(), false);

            assertThat(ids).isEqualTo(Golden.ids(example.path("ids")));
            assertThat(tokenizer.decode(ids, true))
                    .isEqualTo(example.path("decoded").asText());
            assertThat(tokenizer.decode(ids, false))
                    .isEqualTo(example.path("decoded_with_special").asText());
            JsonNode eos = example.path("eos_id");
            OptionalInt expected = eos.isNull() ? OptionalInt.empty() : OptionalInt.of(eos.asInt());
            assertThat(tokenizer.eosId()).isEqualTo(expected);
            JsonNode named = example.path("named");
            assertThat(tokenizer.specialTokens().bos()).isEqualTo(text(named, "bos_token"));
            assertThat(tokenizer.specialTokens().pad()).isEqualTo(text(named, "pad_token"));
            assertThat(tokenizer.specialTokens().unk()).isEqualTo(text(named, "unk_token"));
            assertThat(tokenizer.specialTokens().others().get("mask_token"))
                    .isEqualTo(named.path("mask_token").textValue());
        }
    }

    /** Read from a folder or from bytes that are held: the same rule. */
    @Test
    void aKeyThatStandsTwiceIsRefusedWhereverTheFileIsReadFrom() throws IOException {
        String twice = "{\"eos_token\": \"a\", \"eos_token\": \"b\"}";
        Files.writeString(folder.resolve("tokenizer_config.json"), twice);
        Map<String, byte[]> held = Map.of("tokenizer_config.json", twice.getBytes(StandardCharsets.UTF_8));

        for (ThrowingCallable reading :
                List.<ThrowingCallable>of(() -> SpecialTokens.load(folder), () -> SpecialTokens.of(folder, held))) {
            assertThatThrownBy(reading)
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining(
                            folder.resolve("tokenizer_config.json").toString())
                    .hasMessageContaining("eos_token");
        }
    }

    /** Taken as missing, the end token would be lost; transformers refuses each of these too. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "tokenizer_config.json | {'bos_token':false} | bos_token is false, not a token's text or an object with its content",
                "tokenizer_config.json | {'eos_token':5} | eos_token is 5, not a token's text",
                "tokenizer_config.json | {'eos_token':['</s>']} | eos_token is [\"</s>\"], not a token's text",
                "tokenizer_config.json | {'pad_token':{'lstrip':false}} | pad_token is {\"lstrip\":false}, not a token's text",
                "tokenizer_config.json | {'unk_token':{'content':'<unk>','lstrip':4}} | unk_token.lstrip is 4, not true or false",
                "special_tokens_map.json | {'eos_token':true} | eos_token is true, not a token's text",
                "tokenizer_config.json | {'additional_special_tokens':true} | additional_special_tokens is true, not a list of tokens",
                "tokenizer_config.json | {'additional_special_tokens':['[INST]',null]} | additional_special_tokens is null, not a token's text",
                "tokenizer_config.json | {'extra_special_tokens':{'image_token':[1]}} | extra_special_tokens is [1], not a token's text",
                "tokenizer_config.json | {'added_tokens_decoder':'<s>'} | added_tokens_decoder is \"<s>\", not an object of tokens by their ids",
                "tokenizer_config.json | {'added_tokens_decoder':{'302':'<s>'}} | added_tokens_decoder.302 is \"<s>\", not an object that describes a token",
                "tokenizer_config.json | {'added_tokens_decoder':{'302':{'content':'<extra>','rstrip':2}}} | added_tokens_decoder.302.rstrip is 2, not true or false",
                "tokenizer_config.json | {'clean_up_tokenization_spaces':'yes'} | clean_up_tokenization_spaces is \"yes\", not true or false",
                "added_tokens.json | {'<extra>':'302'} | '<extra>' is \"302\", not a token's id"
            })
    void aNameThatIsNoTokenIsRefused(String file, String json, String message) throws IOException {
        Files.copy(Golden.resource("tokenizers/byte-level").resolve(TOKENIZER), folder.resolve(TOKENIZER));
        Files.writeString(folder.resolve(file), json.replace('\'', '"'));

        assertThatThrownBy(() -> Tokenizer.load(folder))
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith(folder.resolve(file) + ": " + message)
                .hasMessageEndingWith("; save the tokenizer again in transformers.");
    }

    /** What files of years have, read as transformers reads it. */
    @Test
    void nullIsNoName() throws IOException {
        Files.writeString(
                folder.resolve("tokenizer_config.json"),
                "{\"bos_token\":null,\"eos_token\":\"</s>\",\"additional_special_tokens\":null,\"add_bos_token\":null}");

        assertThat(SpecialTokens.load(folder).bos()).isEmpty();
        assertThat(SpecialTokens.load(folder).eos()).contains("</s>");
    }

    /** Without loading it, from bytes alone, as saved models and end tokens need it. */
    @ParameterizedTest
    @MethodSource("cases")
    void theFilesAloneSayTheSame(JsonNode example) throws IOException {
        write(example);
        Map<String, byte[]> files = new HashMap<>();
        for (String name :
                List.of(TOKENIZER, "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")) {
            if (Files.exists(folder.resolve(name))) {
                files.put(name, Files.readAllBytes(folder.resolve(name)));
            }
        }
        try (Tokenizer tokenizer = Tokenizer.load(folder)) {
            for (Map.Entry<String, Integer> special :
                    Tokenizer.specialTokens(folder, files).entrySet()) {
                assertThat(tokenizer.decode(new int[] {special.getValue()}, true))
                        .isEmpty();
                assertThat(tokenizer.spelledSpecialTokens(special.getKey())).contains(special.getKey());
            }
            Optional<String> eos = SpecialTokens.of(folder, files).eos();
            assertThat(eos.map(name -> Tokenizer.tokenId(name, folder, files)).orElse(OptionalInt.empty()))
                    .isEqualTo(tokenizer.eosId());
        }
    }

    private void write(JsonNode example) throws IOException {
        String kind = example.path("tokenizer").asText();
        Files.copy(Golden.resource("tokenizers/" + kind).resolve(TOKENIZER), folder.resolve(TOKENIZER));
        for (Map.Entry<String, JsonNode> file : example.path("files").properties()) {
            Files.writeString(folder.resolve(file.getKey()), file.getValue().toString());
        }
    }

    private static Optional<String> text(JsonNode named, String name) {
        return Optional.ofNullable(named.path(name).textValue());
    }
}
