package dev.flipside.run;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.flipside.config.IoReason;
import dev.flipside.config.StrictJson;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A change that a run with {@code save.preset: auto} made to itself, as {@code decisions.json} lists them.
 *
 * @param step of the logged line that led to it; 0 is before the first step
 * @param decision what was changed and why, one sentence without its full stop
 */
public record Decision(long step, String decision) {
    /**
     * Those of a run; none where it has no such file.
     *
     * @param run its folder
     * @throws UserError when the file cannot be read
     */
    public static List<Decision> of(Path run) {
        Path file = run.resolve(RunDirectory.DECISIONS);
        if (!Files.isRegularFile(file)) {
            return List.of();
        }
        try {
            return StrictJson.builder().build().readValue(file.toFile(), new TypeReference<List<Decision>>() {});
        } catch (IOException e) {
            throw new UserError(
                    file + " cannot be read (" + IoReason.of(e)
                            + "); `flipside train CONFIG --resume` writes it again.",
                    e);
        }
    }
}
