package dev.flipside.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.UserError;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * The tokenizer of a model directory: Hugging Face's own Rust implementation reading {@code tokenizer.json} (as
 * {@code TokenizerJson} completes it), without truncation, without padding and without network.
 *
 * <p>Encoding and decoding only read native state, so several threads may share one tokenizer; {@link #close} must come
 * after the last of their calls.
 */
public final class Tokenizer implements AutoCloseable {
    /** Characters of a text that a message shows. */
    private static final int SHOWN = 60;

    /**
     * Characters of a text: the native library ends the process when a regular expression fails ten million times in
     * one place, which those that {@link PatternCost} takes cannot do in a text of this length.
     */
    static final int MAX_CHARACTERS = 1_000_000;

    private static final char REPLACEMENT = '\uFFFD';

    private final HuggingFaceTokenizer rust;
    private final SpecialTokens specialTokens;
    private final Map<String, Integer> idByToken;
    private final Map<Integer, String> tokenById;
    private final Map<Integer, String> addedById;
    private final Map<Integer, String> specialById;
    private final int vocabularySize;
    private final boolean cleanUp;

    private Tokenizer(HuggingFaceTokenizer rust, SpecialTokens specialTokens, JsonNode json, boolean cleanUp) {
        this.rust = rust;
        this.cleanUp = cleanUp;
        this.specialTokens = specialTokens;
        this.addedById = readAdded(json, false);
        this.specialById = readAdded(json, true);
        this.idByToken = TokenizerJson.vocabulary(json);
        addedById.forEach((id, token) -> idByToken.put(token, id));
        this.tokenById = new HashMap<>();
        idByToken.forEach((token, id) -> tokenById.put(id, token));
        this.vocabularySize = 1
                + tokenById.keySet().stream().mapToInt(Integer::intValue).max().orElse(-1);
    }

    /**
     * Loads {@code tokenizer.json} and the special tokens' names from a model directory.
     *
     * @throws UserError when {@code tokenizer.json} is missing or is not a tokenizer
     */
    public static Tokenizer load(Path modelDir) {
        Path file = modelDir.resolve("tokenizer.json");
        if (!Files.isRegularFile(file)) {
            throw new UserError(
                    file
                            + " is missing: a model directory needs its tokenizer.json (a slow tokenizer can be saved again as a fast one in transformers).");
        }
        try {
            TokenizerJson.Files files = TokenizerJson.Files.read(modelDir);
            SpecialTokens specialTokens = SpecialTokens.of(files.config(), files.specialTokensMap());
            TokenizerJson.Content content = TokenizerJson.complete(files);
            boolean cleanUp = cleansUp(files.config(), content.tree());
            return new Tokenizer(open(content.bytes()), specialTokens, content.tree(), cleanUp);
        } catch (IOException e) {
            throw unreadable(file, e);
        } catch (RuntimeException e) {
            if (e instanceof UserError) {
                throw e;
            }
            // The native library reports every fault of the file as a bare RuntimeException.
            throw unreadable(file, e);
        }
    }

    private static UserError unreadable(Path file, Exception cause) {
        return new UserError(
                file + " cannot be read as a tokenizer (" + SpecialTokens.firstLine(cause)
                        + "): copy the model directory again.",
                cause);
    }

    private static HuggingFaceTokenizer open(byte[] json) throws IOException {
        TokenizerLibrary.load();
        // From memory, not from the path: given a path, DJL also applies settings of tokenizer_config.json.
        return HuggingFaceTokenizer.newInstance(
                new ByteArrayInputStream(json),
                Map.of("truncation", "false", "padding", "false", "addSpecialTokens", "false"));
    }

    private static Map<Integer, String> readAdded(JsonNode json, boolean specialOnly) {
        Map<Integer, String> added = new LinkedHashMap<>();
        for (JsonNode token : json.path("added_tokens")) {
            if (!specialOnly || token.path("special").asBoolean()) {
                added.put(token.path("id").asInt(), token.path("content").asText());
            }
        }
        return added;
    }

    /**
     * The ids of a text.
     *
     * @param addSpecialTokens whether the tokenizer's own special tokens (such as BOS) are put around the text; special
     *     tokens spelled out in the text become their ids either way. An unpaired surrogate is encoded as U+FFFD.
     * @throws UserError when the vocabulary has no token for a part of the text, nor one for unknown parts, and when
     *     the text is longer than a million characters
     */
    public int[] encode(String text, boolean addSpecialTokens) {
        requireLength(text);
        long[] ids;
        try {
            ids = rust.encode(text, addSpecialTokens, false).getIds();
        } catch (RuntimeException e) {
            throw new UserError(
                    "The tokenizer cannot encode '" + (text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "...")
                            + "' (" + e.getMessage()
                            + "); use a tokenizer that has a token for unknown words, or other text.",
                    e);
        }
        return LongStream.of(ids).mapToInt(Math::toIntExact).toArray();
    }

    private static void requireLength(String text) {
        if (text.length() > MAX_CHARACTERS) {
            throw new UserError("A text that begins with '" + text.substring(0, SHOWN) + "' has " + text.length()
                    + " characters, and the tokenizer takes " + MAX_CHARACTERS + " at once: divide or cut it.");
        }
    }

    /** Whether the vocabulary has tokens for all of a text. */
    public boolean encodes(String text) {
        requireLength(text);
        try {
            rust.encode(text, false, false);
            return true;
        } catch (RuntimeException e) {
            return false;
        }
    }

    /**
     * The text of some ids; bytes that are no complete UTF-8 character become U+FFFD, ids beyond the vocabulary
     * nothing.
     *
     * @throws IllegalArgumentException for a negative id
     */
    public String decode(int[] ids, boolean skipSpecialTokens) {
        if (IntStream.of(ids).anyMatch(id -> id < 0)) {
            throw new IllegalArgumentException("negative token id in " + Arrays.toString(ids));
        }
        String text = rust.decode(IntStream.of(ids).asLongStream().toArray(), skipSpecialTokens);
        return cleanUp ? cleanedUp(text) : text;
    }

    /**
     * Whether tokenizer_config.json asks for {@code clean_up_tokenization_spaces}, which transformers ignores for BPE
     * unless it is told twice.
     */
    private static boolean cleansUp(JsonNode config, JsonNode json) {
        boolean bpe = json.path("model").path("type").asText().equals("BPE");
        return config.path("clean_up_tokenization_spaces").asBoolean()
                && (!bpe
                        || config.path("clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output")
                                .asBoolean());
    }

    private static String cleanedUp(String text) {
        String clean = text;
        for (String spaced : List.of(" .", " ?", " !", " ,", " ' ", " n't", " 'm", " 's", " 've", " 're")) {
            clean = clean.replace(spaced, spaced.strip());
        }
        return clean;
    }

    /**
     * The special tokens of a model directory's tokenizer by their text, as {@link #load} would know them, without
     * loading it.
     *
     * @param directory where the files were
     * @param files their bytes by name, held since
     * @throws UserError when they contradict each other or are not JSON
     */
    public static Map<String, Integer> specialTokens(Path directory, Map<String, byte[]> files) {
        Map<String, Integer> special = new LinkedHashMap<>();
        readAdded(tree(directory, files), true).forEach((id, token) -> special.put(token, id));
        return special;
    }

    /**
     * The id of any token, as {@link #load} would know it; without reading tokenizer.json, which may be large, where
     * tokenizer_config.json says it.
     *
     * @throws UserError as {@link #specialTokens}
     */
    public static OptionalInt tokenId(String token, Path directory, Map<String, byte[]> files) {
        for (var listed : SpecialTokens.parsed(directory, "tokenizer_config.json", files)
                .path(SpecialTokens.DECODER)
                .properties()) {
            if (listed.getValue().path("content").asText().equals(token)) {
                return OptionalInt.of(Integer.parseInt(listed.getKey()));
            }
        }
        JsonNode json = tree(directory, files);
        for (Map.Entry<Integer, String> added : readAdded(json, false).entrySet()) {
            if (added.getValue().equals(token)) {
                return OptionalInt.of(added.getKey());
            }
        }
        Integer id = TokenizerJson.vocabulary(json).get(token);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    private static JsonNode tree(Path directory, Map<String, byte[]> files) {
        TokenizerJson.Files held = new TokenizerJson.Files(
                directory,
                files.getOrDefault("tokenizer.json", "{}".getBytes(StandardCharsets.UTF_8)),
                SpecialTokens.parsed(directory, "tokenizer_config.json", files),
                SpecialTokens.parsed(directory, "special_tokens_map.json", files),
                SpecialTokens.parsed(directory, SpecialTokens.ADDED, files));
        try {
            return TokenizerJson.complete(held).tree();
        } catch (UserError e) {
            throw e;
        } catch (IOException | RuntimeException e) { // an array where an object should be, and the like
            throw unreadable(directory.resolve("tokenizer.json"), e);
        }
    }

    /**
     * The text that a completion adds to its prompt, special tokens left out. Decoding the completion alone would be
     * wrong for tokenizers that drop the space before a text's first word, so the prompt is decoded with it and taken
     * off again.
     */
    public String completionText(int[] promptIds, int[] completionIds) {
        String before = decode(promptIds, true);
        String whole = decode(concat(promptIds, completionIds), true);
        return whole.startsWith(before) ? whole.substring(before.length()) : decode(completionIds, true);
    }

    /**
     * What one token stands for within a text, for people to read: added tokens as written, incomplete UTF-8 as the
     * vocabulary spells it.
     */
    public String tokenText(int id) {
        String added = addedById.get(id);
        if (added != null) {
            return added;
        }
        int[] before = encode("a", false);
        String text = completionText(before, new int[] {id});
        boolean readable = !text.isEmpty() && text.indexOf(REPLACEMENT) < 0;
        return readable ? text : tokenById.getOrDefault(id, "<" + id + ">");
    }

    /**
     * The special tokens that a text spells out and that therefore become control tokens when it is encoded, as in
     * transformers: whoever writes such a text can end a turn or begin one. In the text's order, each time it occurs.
     */
    public List<String> spelledSpecialTokens(String text) {
        return IntStream.of(encode(text, false))
                .filter(specialById::containsKey)
                .mapToObj(specialById::get)
                .toList();
    }

    /**
     * For each id of {@link #encode} without special tokens: where its token begins in the text, as an index of
     * {@link String#charAt}.
     */
    int[] starts(String text) {
        requireLength(text);
        CharSpan[] spans = rust.encode(text, false, false).getCharTokenSpans();
        int[] starts = new int[spans.length];
        int points = 0;
        int index = 0;
        for (int i = 0; i < spans.length; i++) {
            int start = spans[i] == null ? points : spans[i].getStart(); // in code points
            index = text.offsetByCodePoints(index, start - points);
            points = start;
            starts[i] = index;
        }
        return starts;
    }

    /** The id of a token as the vocabulary spells it. */
    public OptionalInt tokenId(String token) {
        Integer id = idByToken.get(token);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /** One more than the greatest id, added tokens included; a model's embedding may be larger. */
    public int vocabularySize() {
        return vocabularySize;
    }

    public SpecialTokens specialTokens() {
        return specialTokens;
    }

    public OptionalInt bosId() {
        return specialTokens.bos().map(this::tokenId).orElse(OptionalInt.empty());
    }

    public OptionalInt eosId() {
        return specialTokens.eos().map(this::tokenId).orElse(OptionalInt.empty());
    }

    public OptionalInt padId() {
        return specialTokens.pad().map(this::tokenId).orElse(OptionalInt.empty());
    }

    @Override
    public void close() {
        rust.close();
    }

    static int[] concat(int[] first, int[] second) {
        int[] joined = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, joined, first.length, second.length);
        return joined;
    }
}
