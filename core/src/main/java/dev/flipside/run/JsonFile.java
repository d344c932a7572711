package dev.flipside.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.flipside.config.IoReason;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A result kept as an indented JSON file. */
public final class JsonFile {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .addModule(new FiniteNumbers())
            .enable(SerializationFeature.INDENT_OUTPUT)
            .build();

    private JsonFile() {}

    /** @throws UserError when it cannot be written */
    public static void write(Path file, Map<String, ?> object) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            Durable.write(file, JSON.writeValueAsString(object) + "\n");
        } catch (IOException e) {
            throw new UserError(
                    file + " cannot be written (" + IoReason.of(e)
                            + "); check the free space and the permissions there.",
                    e);
        }
    }
}
