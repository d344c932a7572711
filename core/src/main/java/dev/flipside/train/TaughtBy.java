package dev.flipside.train;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.ConfigReader;
import dev.flipside.config.UserError;
import dev.flipside.run.FileHash;
import dev.flipside.safetensors.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What a reward model of {@code flipside train-rm} was trained on, by what its run has written beside it. */
public final class TaughtBy {
    private static final String PROVENANCE = "provenance.json";

    private TaughtBy() {}

    /**
     * What is to be said of held-out pairs that are the very file which the reward model was trained on; empty where
     * they are not, or nobody knows.
     */
    public static Optional<String> remark(Path pairs, Path rewardModel) {
        Path run = Optional.ofNullable(rewardModel.toAbsolutePath().getParent()).orElse(rewardModel);
        return taught(run)
                .filter(taught -> same(taught, pairs))
                .map(
                        taught -> pairs + " holds the pairs that " + rewardModel + " was trained on ("
                                + run.resolve(PROVENANCE)
                                + " says so), so what is measured on them was learnt by heart; name others, such as `flipside data split` leaves out.");
    }

    /** The file of a run's labelled pairs, as it was then. */
    private static Optional<JsonNode> taught(Path run) {
        Path provenance = run.resolve(PROVENANCE);
        Path config = run.resolve("config.yaml");
        if (!Files.isRegularFile(provenance) || !Files.isRegularFile(config)) {
            return Optional.empty();
        }
        try {
            String file = ConfigReader.rewardTraining(config, List.of()).data().preferences();
            for (JsonNode hash : Json.read(provenance).path("files")) {
                if (hash.path("path").asText().equals(file)) {
                    return Optional.of(hash);
                }
            }
        } catch (UserError e) {
            // Written by something else, such as a run of another version: nothing is known then.
            return Optional.empty();
        }
        return Optional.empty();
    }

    private static boolean same(JsonNode taught, Path pairs) {
        return Files.isRegularFile(pairs)
                && pairs.toFile().length() == taught.path("size").asLong()
                && FileHash.of(pairs)
                        .get(0)
                        .sha256()
                        .equals(taught.path("sha256").asText());
    }
}
