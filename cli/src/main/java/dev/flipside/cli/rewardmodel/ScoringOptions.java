package dev.flipside.cli.rewardmodel;

import dev.flipside.config.UserError;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** How {@code eval-rm} computes scores. */
final class ScoringOptions {
    @Option(
            names = "--max-length",
            paramLabel = "N",
            description = {
                "The most tokens of a conversation (default: the model's positions).",
                "Of a longer one the prompt's beginning is cut; where an answer alone is longer, the item is left out. Both are counted."
            })
    private Optional<Integer> maxLength = Optional.empty();

    @Option(names = "--limit", paramLabel = "N", description = "Only the first N items of every benchmark.")
    private Optional<Integer> limit = Optional.empty();

    @Option(
            names = "--no-shared-prompts",
            description =
                    "Compute every answer whole instead of a prompt once for all its answers: slower, for measuring.")
    private boolean separate;

    boolean isGiven() {
        return maxLength.isPresent() || limit.isPresent() || separate;
    }

    boolean sharedPrompts() {
        return !separate;
    }

    /** The limit given, or the model's positions. */
    int maxLength(int positions) {
        int most = maxLength.orElse(positions);
        if (most < 2 || most > positions) {
            throw new UserError("--max-length: " + most + " is not from 2 to the model's " + positions + " positions.");
        }
        return most;
    }

    <T> List<T> limited(List<T> items) {
        if (limit.isPresent() && limit.get() < 1) {
            throw new UserError("--limit: " + limit.get() + " is not a number of items; give 1 or more.");
        }
        return items.subList(0, Math.min(items.size(), limit.orElse(items.size())));
    }

    /** For summary.json. */
    Map<String, Object> object() {
        Map<String, Object> object = new LinkedHashMap<>();
        maxLength.ifPresent(n -> object.put("max_length", n));
        limit.ifPresent(n -> object.put("limit", n));
        object.put("shared_prompts", !separate);
        return object;
    }
}
