package dev.flipside.compare;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.ComparisonConfig;
import dev.flipside.config.UserError;
import dev.flipside.run.FileHash;
import java.nio.file.Path;

/**
 * What was written down before the first run of a comparison.
 *
 * @param folder of the comparison
 * @param config the question
 * @param entries of {@code registration.json}: the time, the hash of {@code comparison.yaml}, this program's version
 *     and the base files' hashes
 */
public record Registration(Path folder, ComparisonConfig config, JsonNode entries) {
    /** ISO 8601, UTC. */
    public String time() {
        return entries.path("registered").asText();
    }

    /** SHA-256 of {@code comparison.yaml}. */
    public String hash() {
        return entries.path("config_sha256").asText();
    }

    void requireFilesUnchanged() {
        for (JsonNode file : entries.path("files")) {
            Path path = Path.of(file.path("path").asText());
            if (!FileHash.of(path).get(0).sha256().equals(file.path("sha256").asText())) {
                throw new UserError(path + " has changed since the comparison in " + folder
                        + " was begun; restore it, or choose another comparison.output_dir.");
            }
        }
    }
}
