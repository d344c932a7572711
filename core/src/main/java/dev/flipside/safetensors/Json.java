package dev.flipside.safetensors;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.BoundedFile;
import dev.flipside.config.IoReason;
import dev.flipside.config.JsonReason;
import dev.flipside.config.StrictJson;
import dev.flipside.config.UserError;
import dev.flipside.run.Durable;
import java.io.IOException;
import java.nio.file.Path;

/** JSON files of a model directory; a key given twice or text after the end is an error. */
public final class Json {
    public static final JsonMapper MAPPER = StrictJson.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private Json() {}

    /** @throws UserError naming the file when it is missing or not a JSON object */
    public static ObjectNode read(Path file) {
        try {
            return parse(file, BoundedFile.bytes(file));
        } catch (IOException e) {
            throw SafeTensors.unreadable(file, e);
        }
    }

    /** @throws UserError naming the file that the bytes came from when they are not a JSON object */
    public static ObjectNode parse(Path file, byte[] bytes) {
        try {
            if (MAPPER.readTree(bytes) instanceof ObjectNode object) {
                return object;
            }
        } catch (JsonProcessingException e) {
            String line =
                    e.getLocation() == null ? "" : " at line " + e.getLocation().getLineNr();
            throw new UserError(
                    file + ": is not valid JSON" + line + " (" + JsonReason.of(e) + "); copy or download it again.", e);
        } catch (IOException e) {
            throw SafeTensors.unreadable(file, e);
        }
        throw new UserError(file + ": is not a JSON object; copy or download it again.");
    }

    /**
     * Writes an object, indented: aside, flushed, then renamed.
     *
     * @throws UserError when the file cannot be written
     */
    public static void write(Path file, ObjectNode object) {
        writeBytes(file, bytes(object));
    }

    /** The object as {@link #write} writes it: indented, UTF-8. */
    public static byte[] bytes(ObjectNode object) {
        try {
            return MAPPER.writer(SerializationFeature.INDENT_OUTPUT).writeValueAsBytes(object);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Writes bytes: aside, flushed, then renamed.
     *
     * @throws UserError when the file cannot be written
     */
    public static void writeBytes(Path file, byte[] bytes) {
        try {
            Durable.writePart(file, bytes);
        } catch (IOException e) {
            throw new UserError(
                    file + ": cannot be written (" + IoReason.of(e) + "); check the folder and the free space.", e);
        }
    }
}
