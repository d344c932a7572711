package dev.flipside.gguf;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.UserError;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * How a byte-level BPE tokenizer cuts a text into words before it merges, by the names that llama.cpp's converter gives
 * in {@code tokenizer.ggml.pre}. Expressions are those of the models' own tokenizer.json files, which llama.cpp quotes
 * beside its adapted ones (src/llama-vocab.cpp).
 */
enum PreTokenizer {
    GPT2(
            Set.of("gpt-2", "phi-2", "mpt", "jais", "exaone4", "a.x-4.0", "mellum", "trillion", "granite-docling"),
            Digits.KEPT,
            List.of(),
            Traits.NONE),
    /** GPT-NeoX's tokenizer and OLMo's: GPT-2's words after Unicode normalisation. */
    NEOX(Set.of("olmo"), Digits.KEPT, List.of(), Traits.NFC),
    /** GPT-2's words with every digit on its own. */
    DIGITS(
            Set.of("smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"),
            Digits.SINGLE,
            List.of(),
            Traits.NONE),
    LLAMA3(
            Set.of("llama-bpe", "llama3", "llama-v3", "falcon3", "pixtral"),
            Digits.KEPT,
            List.of(words("\\p{N}{1,3}")),
            Traits.WHOLE_WORDS_AND_BOS),
    /** The words of Llama 3 (those of tiktoken's cl100k) with plain merging: Phi-4, OLMo 2, SmolLM3. */
    CL100K(Set.of("dbrx", "smaug-bpe"), Digits.KEPT, List.of(words("\\p{N}{1,3}")), Traits.NONE),
    QWEN2(Set.of("qwen2", "megrez"), Digits.KEPT, List.of(words("\\p{N}")), Traits.NFC),
    QWEN2_PLAIN(
            Set.of("deepseek-r1-qwen", "stablelm2", "hunyuan", "kormo"),
            Digits.KEPT,
            List.of(words("\\p{N}")),
            Traits.NONE),
    TEKKEN(Set.of("tekken"), Digits.KEPT, List.of(casedWords("", "\\p{N}")), Traits.WHOLE_WORDS_AND_BOS),
    O200K(
            Set.of("gpt-4o", "llama4", "kanana2"),
            Digits.KEPT,
            List.of(casedWords("(?i:'s|'t|'re|'ve|'m|'ll|'d)?", "\\p{N}{1,3}")),
            Traits.NONE),
    DEEPSEEK_CODER(
            Set.of("deepseek-coder"),
            Digits.SINGLE,
            List.of("[\r\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", "[一-龥ࠀ-一가-퟿]+"),
            Traits.NONE),
    DEEPSEEK_V3(
            Set.of("deepseek-v3"),
            Digits.KEPT,
            List.of(
                    "\\p{N}{1,3}",
                    "[一-龥぀-ゟ゠-ヿ]+",
                    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|"
                            + " ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"),
            Traits.NONE),
    /** What llama.cpp does with files that do not say. */
    DEFAULT(
            Set.of("default", ""),
            Digits.KEPT,
            List.of(
                    "[\\p{P}\\$\\+<=>\\^~\\|]+",
                    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)",
                    "\\p{N}+",
                    "[0-9][0-9][0-9]"),
            Traits.NONE);

    private enum Digits {
        KEPT,
        SINGLE
    }

    private enum Traits {
        NONE,
        /** Texts are brought into Unicode's composed form first. */
        NFC,
        /**
         * A word that is in the vocabulary is not built by merging; a BOS token begins each text unless the file says
         * otherwise.
         */
        WHOLE_WORDS_AND_BOS
    }

    private final Set<String> names;
    private final Digits digits;
    private final List<String> splits;
    private final Traits traits;

    PreTokenizer(Set<String> names, Digits digits, List<String> splits, Traits traits) {
        this.names = names;
        this.digits = digits;
        this.splits = splits;
        this.traits = traits;
    }

    /** @throws UserError naming the key and the known names */
    static PreTokenizer of(Metadata metadata) {
        String key = "tokenizer.ggml.pre";
        String name = metadata.text(key).orElse("");
        return Arrays.stream(values())
                .filter(p -> p.names.contains(name))
                .findFirst()
                .orElseThrow(() -> {
                    Set<String> known = new TreeSet<>();
                    Arrays.stream(values()).forEach(p -> known.addAll(p.names));
                    known.remove("");
                    return new UserError(metadata.file() + ": the metadata key " + key + " is '" + name
                            + "', a pre-tokenizer that is not supported; supported are " + String.join(", ", known)
                            + ".");
                });
    }

    /** cl100k's words with a group of digits. */
    private static String words(String digits) {
        return "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" + digits
                + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    }

    /**
     * o200k's words, which also end where lower case turns to upper case, with what may follow them and a group of
     * digits.
     */
    private static String casedWords(String ending, String digits) {
        String upper = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
        String lower = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
        String before = "[^\\r\\n\\p{L}\\p{N}]?";
        return before + upper + "*" + lower + "+" + ending + "|" + before + upper + "+" + lower + "*" + ending + "|"
                + digits + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    }

    boolean ignoresMerges() {
        return traits == Traits.WHOLE_WORDS_AND_BOS;
    }

    boolean addsBos() {
        return traits == Traits.WHOLE_WORDS_AND_BOS;
    }

    boolean normalises() {
        return traits == Traits.NFC;
    }

    /** The {@code pre_tokenizer} of tokenizer.json. */
    ObjectNode json() {
        ObjectNode sequence = JsonNodeFactory.instance.objectNode().put("type", "Sequence");
        ArrayNode steps = sequence.putArray("pretokenizers");
        for (String split : splits) {
            ObjectNode step = steps.addObject().put("type", "Split");
            step.putObject("pattern").put("Regex", split);
            step.put("behavior", "Isolated").put("invert", false);
        }
        if (digits == Digits.SINGLE) {
            steps.addObject().put("type", "Digits").put("individual_digits", true);
        }
        // Without expressions of its own a tokenizer has those of GPT-2, which the byte-level step knows.
        ObjectNode bytes = byteLevel(splits.isEmpty());
        if (steps.isEmpty()) {
            return bytes;
        }
        steps.add(bytes);
        return sequence;
    }

    /** The step that writes bytes as letters. */
    static ObjectNode byteLevel(boolean splits) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", splits);
    }
}
