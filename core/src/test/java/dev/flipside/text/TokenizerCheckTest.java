package dev.flipside.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Each of the refused files ended the Java machine, or kept it busy for minutes, when it was loaded or when some text
 * was encoded or decoded with it.
 */
class TokenizerCheckTest {
    @TempDir
    Path folder;

    private Tokenizer load(String key, String value) throws IOException {
        String json =
                """
                {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null, "pre_tokenizer": null,
                 "post_processor": null, "decoder": null,
                 "model": {"type": "WordLevel", "vocab": {"a": 0, "b": 1, "<unk>": 2}, "unk_token": "<unk>"}}""";
        String changed = json.replaceFirst(
                "\"" + key + "\": (null|\\[\\]|\\{.*\\}(?=}))",
                "\"" + key + "\": " + value.replace("\\", "\\\\").replace("$", "\\$"));
        assertThat(changed).isNotEqualTo(json);
        Files.writeString(folder.resolve("tokenizer.json"), changed);
        return Tokenizer.load(folder);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '!',
            quoteCharacter = '`',
            value = {
                "post_processor ! {\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"x\",\"type_id\":0}},{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],\"pair\":[],\"special_tokens\":{}}"
                        + " ! names the special token 'x'",
                "post_processor ! {\"type\":\"TemplateProcessing\",\"single\":[{\"Sequence\":{\"id\":\"B\",\"type_id\":0}}],\"pair\":[],\"special_tokens\":{}} ! names the sequence B",
                "post_processor ! {\"type\":\"TemplateProcessing\",\"single\":[],\"pair\":[],\"special_tokens\":{}} ! leaves the text out",
                "post_processor ! {\"type\":\"Sequence\",\"processors\":[{\"type\":\"TemplateProcessing\",\"single\":[{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],\"pair\":[],\"special_tokens\":{}},"
                        + "{\"type\":\"TemplateProcessing\",\"single\":[{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],\"pair\":[],\"special_tokens\":{}}]} ! more than one TemplateProcessing",
                "post_processor ! {\"type\":\"TemplateProcessing\",\"single\":[{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],\"pair\":[],\"special_tokens\":{\"x\":{\"id\":\"x\",\"ids\":[1,2],\"tokens\":[\"x\"]}}}"
                        + " ! ids and tokens in equal number",
                "normalizer ! {\"type\":\"Precompiled\",\"precompiled_charsmap\":\"\"} ! it is empty",
                "normalizer ! {\"type\":\"Precompiled\",\"precompiled_charsmap\":\"BAAAAAAAAAD/////\"} ! UTF-8",
                "normalizer ! {\"type\":\"Precompiled\",\"precompiled_charsmap\":\"CAAAAAABAAAAAAAA\"} ! its trie leads out of it",
                "normalizer ! {\"type\":\"Precompiled\",\"precompiled_charsmap\":7} ! .precompiled_charsmap is 7",
                "normalizer ! {\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Prepend\",\"prepend\":\"\"},{\"type\":\"NFC\"}]} ! normalizer.normalizers[0].prepend is \"\"",
                "normalizer ! {\"type\":\"Replace\",\"pattern\":{\"Regex\":\"q*\"},\"content\":\"z\"} ! matches where there is nothing",
                "normalizer ! {\"type\":\"Replace\",\"pattern\":{\"String\":\"\"},\"content\":\"z\"} ! matches where there is nothing",
                "normalizer ! {\"type\":\"Nonsense\"} ! .type is \"Nonsense\"",
                "normalizer ! {\"type\":\"NFC\",\"form\":\"D\"} ! .form is no key of a NFC",
                "pre_tokenizer ! {\"type\":\"FixedLength\",\"length\":0} ! .length is 0",
                "pre_tokenizer ! {\"type\":\"Split\",\"pattern\":{\"Regex\":\"(a+)+$\"},\"behavior\":\"Isolated\",\"invert\":false} ! repeats without end",
                "pre_tokenizer ! {\"type\":\"Split\",\"pattern\":{\"Regex\":\"a*a*a*c\"},\"behavior\":\"Isolated\",\"invert\":false} ! against each other",
                "pre_tokenizer ! {\"type\":\"Split\",\"pattern\":{\"Regex\":\"(a|b|ab)*c\"},\"behavior\":\"Isolated\",\"invert\":false} ! repeats without end",
                "pre_tokenizer ! {\"type\":\"Split\",\"pattern\":{\"Regex\":\"(a?){40}a{40}\"},\"behavior\":\"Isolated\",\"invert\":false} ! tries too much",
                "pre_tokenizer ! {\"type\":\"Split\",\"pattern\":{\"Regex\":\"((a{999}){999}){999}\"},\"behavior\":\"Isolated\",\"invert\":false} ! tries too much",
                "pre_tokenizer ! {\"type\":\"Split\",\"pattern\":{\"Regex\":\"(a)\\\\1\"},\"behavior\":\"Isolated\",\"invert\":false} ! not supported",
                "decoder ! {\"type\":\"Replace\",\"pattern\":5,\"content\":\"z\"} ! .pattern is 5",
                "decoder ! {\"type\":\"Strip\",\"content\":\"a\",\"start\":0,\"stop\":1} ! .stop is 1",
                "decoder ! {\"type\":\"Strip\",\"content\":\"ab\",\"start\":0,\"stop\":0} ! .content is \"ab\"",
                "decoder ! [1] ! .type is missing",
                "model ! {\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1,\"ab\":2},\"merges\":[\"a b\"],\"continuing_subword_prefix\":\"####\"} ! does not begin with",
                "model ! {\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[],\"dropout\":0.5} ! other tokens each time",
                "model ! {\"type\":\"WordLevel\",\"vocab\":{\"a\":2147483648},\"unk_token\":\"a\"} ! 2147483648, which no token can have",
                "model ! {\"type\":\"WordLevel\",\"vocab\":{\"a\":-1},\"unk_token\":\"a\"} ! -1, which no token can have",
                "model ! {\"type\":\"WordLevel\",\"vocab\":{\"a\":\"x\"},\"unk_token\":\"a\"} ! which no token can have",
                "model ! {\"type\":\"WordLevel\",\"vocab\":{\"a\":1,\"a\":2},\"unk_token\":\"a\"} ! Duplicate",
                "added_tokens ! [{\"id\":3,\"content\":\" \",\"lstrip\":true,\"rstrip\":true,\"single_word\":false,\"normalized\":false,\"special\":true}] ! takes white space",
                "added_tokens ! [{\"id\":\"x\",\"content\":\"c\",\"lstrip\":true,\"rstrip\":true,\"single_word\":false,\"normalized\":false,\"special\":true}] ! added_tokens[0].id is \"x\"",
                "added_tokens ! 5 ! added_tokens is not a list",
            })
    void whatTheLibraryCannotTakeIsToldAndNotHandedToIt(String key, String value, String told) {
        assertThatThrownBy(() -> load(key, value))
                .isInstanceOf(UserError.class)
                .hasMessageContaining(folder.resolve("tokenizer.json").toString())
                .hasMessageContaining(told);
    }

    @Test
    void whatTakesTimeWithTheSquareOfItsLengthIsBounded() {
        String token =
                """
                [{"id": 3, "content": "%s", "lstrip": false, "rstrip": false, "single_word": false, "normalized": false, "special": true}]""";
        assertThatThrownBy(() -> load("added_tokens", token.formatted("q".repeat(100_000))))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("added_tokens[0].content");
        String part = "{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":\"aa\"}";
        assertThatThrownBy(() -> load(
                        "normalizer",
                        "{\"type\":\"Sequence\",\"normalizers\":[" + (part + ",").repeat(40) + part + "]}"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("times as long");
    }

    @Test
    void aTextOfAMillionCharactersIsEncodedAndALongerOneIsToldSinceTheLibraryCouldFailAtIt() throws IOException {
        try (Tokenizer tokenizer = load("added_tokens", "[ ]")) {
            assertThat(tokenizer.encode("a".repeat(Tokenizer.MAX_CHARACTERS), false))
                    .hasSize(1);
            assertThatThrownBy(() -> tokenizer.encode("a".repeat(Tokenizer.MAX_CHARACTERS + 1), false))
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining("divide or cut it");
        }
    }

    @Test
    void truncationAndPaddingAreNotUsedAndCannotFail() throws IOException {
        for (String key : new String[] {"truncation", "padding"}) {
            try (Tokenizer tokenizer = load(key, "{\"strategy\": 17, \"max_length\": -1}")) {
                assertThat(tokenizer.encode("a", false)).containsExactly(0);
            }
        }
    }

    /**
     * Those of tiktoken's cl100k and o200k, Bloom, DeepSeek, SmolLM3's digits, CLIP, and what replaces in Gemma's,
     * ALBERT's and T5's normalizers.
     */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
                "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
                        + "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
                        + "\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
                " ?[^(\\s|[.,!?…。，、।۔،])]+",
                "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+",
                "\\d{1,3}(?=(?:\\d{3})*\\b)",
                "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+",
                "[0-9][0-9][0-9]",
                " {2,}",
                "\\s+",
                "(?<=\\d)(?=\\w)",
            })
    void theExpressionsOfPublicTokenizersAreTaken(String expression) {
        assertThatCode(() -> PatternCost.of(expression)).doesNotThrowAnyException();
    }
}
