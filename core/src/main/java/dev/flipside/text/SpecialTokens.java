package dev.flipside.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.config.BoundedFile;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The special tokens a model directory names, by their text: {@code tokenizer_config.json} first, {@code special_tokens_map.json} for what it leaves out.
 * Either file may hold a plain string or an AddedToken object ({@code {"content": ...}}), as transformers writes both.
 */
public record SpecialTokens(Optional<String> bos, Optional<String> eos, Optional<String> pad, Optional<String> unk) {

    /** Nothing named: what a directory without either file has. */
    public static final SpecialTokens NONE =
            new SpecialTokens(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

    /**
     * Reads the names from a model directory; missing files name nothing.
     *
     * @throws UserError when a file is there and is not a JSON object
     */
    public static SpecialTokens load(Path modelDir) {
        List<JsonNode> files = List.of(
                readObject(modelDir.resolve("tokenizer_config.json")),
                readObject(modelDir.resolve("special_tokens_map.json")));
        return new SpecialTokens(
                find(files, "bos_token"), find(files, "eos_token"), find(files, "pad_token"), find(files, "unk_token"));
    }

    /** The file's JSON object, or an empty one where there is no file. */
    static JsonNode readObject(Path file) {
        ObjectMapper mapper = new ObjectMapper();
        if (!Files.isRegularFile(file)) {
            return mapper.createObjectNode();
        }
        try {
            JsonNode node = mapper.readTree(BoundedFile.bytes(file));
            if (!node.isObject()) {
                throw new UserError(file + " is not a JSON object: copy the model directory again.");
            }
            return node;
        } catch (IOException e) {
            throw new UserError(
                    file + " cannot be read as JSON (" + firstLine(e) + "): copy the model directory again.", e);
        }
    }

    static String firstLine(Exception e) {
        String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        return message.lines().findFirst().orElse(e.getClass().getSimpleName());
    }

    private static Optional<String> find(List<JsonNode> files, String key) {
        return files.stream()
                .map(file -> file.path(key))
                .map(token -> token.isObject() ? token.path("content") : token)
                .filter(JsonNode::isTextual)
                .map(JsonNode::asText)
                .findFirst();
    }
}
