package dev.flipside.run;

import dev.flipside.config.IoReason;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What tells one model from another, for files that must not mix results of two: cheap, unlike a hash of its weights.
 */
public final class ModelMark {
    private ModelMark() {}

    /**
     * The model's folder, and when the newest of its weight files was written: a model that was trained on since is
     * another one.
     *
     * @throws UserError when the folder cannot be read
     */
    public static Map<String, String> of(Path model) {
        Map<String, String> mark = new LinkedHashMap<>();
        mark.put("model", model.toAbsolutePath().normalize().toString());
        try (Stream<Path> files = Files.list(model)) {
            mark.put(
                    "weights_written",
                    files.filter(file -> file.toString().endsWith(".safetensors"))
                            .map(ModelMark::written)
                            .max(String::compareTo)
                            .orElse(""));
        } catch (IOException e) {
            throw new UserError("--model: there is no readable folder " + model + "; check the path.", e);
        }
        return mark;
    }

    private static String written(Path file) {
        try {
            return Files.getLastModifiedTime(file).toInstant().toString();
        } catch (IOException e) {
            throw new UserError(file + " cannot be read (" + IoReason.of(e) + "); check the permissions.", e);
        }
    }
}
