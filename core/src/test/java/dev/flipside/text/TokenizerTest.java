package dev.flipside.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.SharedFiles;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizerTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    static void assertAgrees(Tokenizer tokenizer, JsonNode cases) {
        assertThat(cases).isNotEmpty();
        for (JsonNode example : cases) {
            String text = example.path("text").asText();
            int[] special = Golden.ids(example.path("ids_with_special"));
            assertThat(tokenizer.encode(text, false)).as(text).isEqualTo(Golden.ids(example.path("ids")));
            assertThat(tokenizer.encode(text, true)).as(text).isEqualTo(special);
            assertThat(tokenizer.decode(special, true))
                    .isEqualTo(example.path("decoded").asText());
            assertThat(tokenizer.decode(special, false))
                    .isEqualTo(example.path("decoded_with_special").asText());
        }
    }

    @Test
    void idsAndTextsAreThoseOfTransformersForByteLevelBpe() {
        try (Tokenizer tokenizer = Tokenizer.load(Golden.resource("tiny-chatml"))) {
            assertAgrees(tokenizer, Golden.read().path("tokens").path("tiny-chatml"));
        }
    }

    @Test
    void idsAndTextsAreThoseOfTransformersForBpeWithByteFallback() {
        try (Tokenizer tokenizer = Tokenizer.load(SharedFiles.require("models/stories260k"))) {
            assertAgrees(tokenizer, Golden.read().path("tokens").path("stories260k"));
            assertThat(tokenizer.vocabularySize()).isEqualTo(512);
            assertThat(tokenizer.bosId()).hasValue(1);
            assertThat(tokenizer.eosId()).hasValue(2);
            assertThat(tokenizer.padId()).hasValue(0);
        }
    }

    /**
     * Byte fallback, Unigram, added tokens that trim or keep to whole words, tokens that only tokenizer_config.json
     * names: all with special tokens in the text.
     */
    @ParameterizedTest
    @ValueSource(strings = {"llama-bpe", "unigram", "byte-level", "config-adds", "config-removes"})
    void idsTextsAndSpelledSpecialTokensAreThoseOfTransformersForEveryKind(String kind) throws IOException {
        JsonNode cases = new ObjectMapper()
                .readTree(Golden.resource("tokenizers/golden.json").toFile())
                .path(kind);
        try (Tokenizer tokenizer = Tokenizer.load(Golden.resource("tokenizers/" + kind))) {
            assertAgrees(tokenizer, cases);
            for (JsonNode example : cases) {
                assertThat(tokenizer.spelledSpecialTokens(example.path("text").asText()))
                        .filteredOn(token ->
                                !token.equals("<extra>") && !token.equals("<|new|>")) // no names for these there
                        .isEqualTo(Golden.list(example.path("special")).stream()
                                .map(JsonNode::asText)
                                .toList());
            }
        }
    }

    @Test
    void aTokenThatOnlyTheConfigListsMustGetTheIdThatItNames() throws IOException {
        copy("config-adds", config -> config.replace("\"305\"", "\"309\""));
        assertThatThrownBy(() -> Tokenizer.load(folder))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("added_tokens_decoder gives '<|new|>' the id 309")
                .hasMessageContaining("it becomes 305");
    }

    /** As in transformers; left out, a turn's special tokens would be plain text. */
    @ParameterizedTest
    @ValueSource(strings = {"x", "-1", "2147483648", "99999999999999999999"})
    void anEntryOfTheConfigThatIsNoTokenIsRefused(String id) throws IOException {
        copy("config-adds", config -> config.replace("\"305\"", "\"" + id + "\""));
        assertThatThrownBy(() -> Tokenizer.load(folder))
                .isInstanceOf(UserError.class)
                .hasMessageContaining(
                        "tokenizer_config.json: added_tokens_decoder has the key '" + id + "', which is no token's id");
    }

    @Test
    void specialTokensThatWouldBeSplitAreRefused() throws IOException {
        copy("byte-level", config -> config.replaceFirst("\\{", "{\"split_special_tokens\": true,"));
        assertThatThrownBy(() -> Tokenizer.load(folder))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("split_special_tokens is true");
    }

    private void copy(String kind, UnaryOperator<String> config) throws IOException {
        Path source = Golden.resource("tokenizers/" + kind);
        Files.copy(source.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
        Files.writeString(
                folder.resolve("tokenizer_config.json"),
                config.apply(Files.readString(source.resolve("tokenizer_config.json"))));
    }

    /** Old files do not name the model's type; that of these is told by their keys. */
    @ParameterizedTest
    @ValueSource(strings = {"byte-level", "llama-bpe", "unigram"})
    void aModelWithoutATypeIsReadByItsKeys(String kind) throws IOException {
        Path source = Golden.resource("tokenizers/" + kind);
        ObjectNode json =
                (ObjectNode) JSON.readTree(source.resolve("tokenizer.json").toFile());
        ((ObjectNode) json.get("model")).remove("type");
        Files.writeString(folder.resolve("tokenizer.json"), json.toString());
        try (Tokenizer whole = Tokenizer.load(source);
                Tokenizer untyped = Tokenizer.load(folder)) {
            assertThat(untyped.encode("Hello  world 12", false)).isEqualTo(whole.encode("Hello  world 12", false));
        }
    }

    /** The native library would try the other types and find words without merges in it. */
    @Test
    void damagedMergesAreNotTakenForAnotherTypeOfModel() throws IOException {
        ObjectNode json = (ObjectNode) JSON.readTree(Golden.resource("tokenizers/llama-bpe")
                .resolve("tokenizer.json")
                .toFile());
        ObjectNode model = (ObjectNode) json.get("model");
        model.remove("type");
        ((ArrayNode) model.get("merges").get(0)).remove(1);
        Files.writeString(folder.resolve("tokenizer.json"), json.toString());
        assertThatThrownBy(() -> Tokenizer.load(folder))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("tokenizer.json");
    }

    @Test
    void longTextsAreNotTruncated() {
        try (Tokenizer tokenizer = Tokenizer.load(Golden.resource("tiny-chatml"))) {
            assertThat(tokenizer.encode("1".repeat(20_000), false)).hasSize(20_000);
        }
    }

    @Test
    void theCompletionKeepsTheSpaceThatDecodingItAloneWouldLose() {
        try (Tokenizer tokenizer = Tokenizer.load(SharedFiles.require("models/stories260k"))) {
            int[] whole = tokenizer.encode("Once upon a time", true);
            int[] prompt = Arrays.copyOf(whole, 3);
            int[] completion = Arrays.copyOfRange(whole, 3, whole.length);

            assertThat(tokenizer.decode(completion, true)).isEqualTo("a time");
            assertThat(tokenizer.completionText(prompt, completion)).isEqualTo(" a time");
            int[] ended = Tokenizer.concat(completion, new int[] {2});
            assertThat(tokenizer.completionText(prompt, ended)).isEqualTo(" a time");
        }
    }

    @Test
    void aCharacterCutInTheMiddleIsMarkedAndTheRestIsKept() {
        try (Tokenizer tokenizer = Tokenizer.load(Golden.resource("tiny-chatml"))) {
            int[] whole = tokenizer.encode("the 😀", false);
            int[] cut = Arrays.copyOf(whole, whole.length - 1);
            assertThat(tokenizer.completionText(new int[] {tokenizer.encode("a", false)[0]}, cut))
                    .isEqualTo("the \uFFFD");
            // A prompt that ends inside a character: the completion is decoded alone instead of losing its beginning.
            int[] rest = {whole[whole.length - 1], tokenizer.encode("a", false)[0]};
            assertThat(tokenizer.completionText(cut, rest)).isEqualTo("\uFFFDa");
        }
    }

    @Test
    void tokensAreShownAsTheyStandInAText() {
        try (Tokenizer tokenizer = Tokenizer.load(SharedFiles.require("models/stories260k"))) {
            assertThat(tokenizer.tokenText(1)).isEqualTo("<s>");
            assertThat(tokenizer.tokenText(tokenizer.tokenId("▁upon").orElse(407)))
                    .isEqualTo(" upon");
            assertThat(tokenizer.tokenText(tokenizer.tokenId("<0xE2>").orElseThrow()))
                    .isEqualTo("<0xE2>");
            assertThat(tokenizer.tokenText(9999)).isEqualTo("<9999>");
        }
    }

    @Test
    void severalThreadsMayShareATokenizer() {
        try (Tokenizer tokenizer = Tokenizer.load(Golden.resource("tiny-chatml"))) {
            List<String> texts = IntStream.range(0, 200)
                    .mapToObj(i -> "the cat and " + i + " dogs")
                    .toList();
            List<String> back = texts.parallelStream()
                    .map(text -> tokenizer.decode(tokenizer.encode(text, false), false))
                    .toList();
            assertThat(back).isEqualTo(texts);
        }
    }

    @Test
    void aMissingTokenizerIsNamed() {
        assertThatThrownBy(() -> Tokenizer.load(folder))
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith(folder.resolve("tokenizer.json") + " is missing");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "[1]", "{}", "{\"version\": \"1.0\", \"model\": {\"type\": \"Unknown\"}}", "null"})
    void aDamagedTokenizerIsNamed(String content) throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), content);
        assertThatThrownBy(() -> Tokenizer.load(folder))
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith(folder.resolve("tokenizer.json") + " cannot be read as a tokenizer");
    }

    @Test
    void strangeTextAndIdsDoNotReachTheNativeLibraryUnchecked() {
        try (Tokenizer tokenizer = Tokenizer.load(Golden.resource("tiny-chatml"))) {
            assertThat(tokenizer.decode(tokenizer.encode("a\0b", false), false)).isEqualTo("a\0b");
            assertThat(tokenizer.decode(tokenizer.encode("x\uD83D", false), false))
                    .startsWith("x\uFFFD");
            assertThat(tokenizer.decode(new int[] {1_000_000}, false)).isEmpty();
            assertThatThrownBy(() -> tokenizer.decode(new int[] {-1}, false))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void specialTokensAreTextsOrObjects() throws IOException {
        Files.writeString(
                folder.resolve("tokenizer_config.json"),
                "{\"bos_token\": {\"content\": \"<b>\"}, \"eos_token\": null}");
        Files.writeString(folder.resolve("special_tokens_map.json"), "{\"eos_token\": \"<e>\"}");
        SpecialTokens tokens = SpecialTokens.load(folder);
        assertThat(tokens.bos()).hasValue("<b>");
        assertThat(tokens.eos()).hasValue("<e>");
        assertThat(tokens.pad()).isEmpty();

        Files.writeString(folder.resolve("special_tokens_map.json"), "{\"bos_token\"");
        assertThatThrownBy(() -> SpecialTokens.load(folder))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("special_tokens_map.json cannot be read as JSON");
    }

    @Test
    void aTextWithoutTokensIsAUsersMistake() throws IOException {
        Files.writeString(
                folder.resolve("tokenizer.json"),
                "{\"version\": \"1.0\", \"added_tokens\": [], \"pre_tokenizer\": {\"type\": \"Whitespace\"},"
                        + " \"model\": {\"type\": \"WordLevel\", \"vocab\": {\"known\": 0}, \"unk_token\": \"<unk>\"}}");
        try (Tokenizer tokenizer = Tokenizer.load(folder)) {
            assertThat(tokenizer.encodes("known")).isTrue();
            assertThat(tokenizer.encodes("known other")).isFalse();
            assertThat(tokenizer.encode("known", false)).containsExactly(0);
            assertThatThrownBy(() -> tokenizer.encode("other", false))
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining("cannot encode 'other'");
        }
    }
}
