package dev.flipside.cli.dashboard;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.UserError;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Which samples are wanted.
 *
 * @param trains {@code reward_model} or {@code policy}; empty for both
 * @param label positive, negative, ambiguous or unused; empty for all
 * @param text that prompt or completion holds, whatever its case; empty for any
 * @param step of the run
 */
record SampleFilter(String trains, String label, String text, OptionalLong step) {
    private static final List<String> LABELS = List.of("", "positive", "negative", "ambiguous", "unused");
    private static final List<String> KINDS = List.of("", "reward_model", "policy");

    /** @throws UserError when a value is none that there is */
    static SampleFilter of(Map<String, List<String>> query) {
        return new SampleFilter(
                oneOf("trains", KINDS, query),
                oneOf("label", LABELS, query),
                Query.first(query, "text").toLowerCase(Locale.ROOT),
                Query.number(query, "step"));
    }

    private static String oneOf(String name, List<String> known, Map<String, List<String>> query) {
        String value = Query.first(query, name);
        if (!known.contains(value)) {
            throw new UserError(name + " is none of " + String.join(", ", known.subList(1, known.size())) + ".");
        }
        return value;
    }

    boolean takes(JsonNode line, Sample sample) {
        return (trains.isEmpty() || trains.equals(line.path("trains").asText()))
                && (label.isEmpty() || label.equals(sample.label()))
                && (step.isEmpty() || step.getAsLong() == sample.step())
                && (text.isEmpty()
                        || Sample.prompt(line).toLowerCase(Locale.ROOT).contains(text)
                        || line.path("completion")
                                .asText()
                                .toLowerCase(Locale.ROOT)
                                .contains(text));
    }
}
