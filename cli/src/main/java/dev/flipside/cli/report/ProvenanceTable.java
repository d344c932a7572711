package dev.flipside.cli.report;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.IoReason;
import dev.flipside.config.StrictJson;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What made the runs.
 *
 * @param facts the same in all runs, or all that occur
 * @param configs whole configurations: a name and the YAML
 */
record ProvenanceTable(List<Fact> facts, List<ShownConfig> configs) {

    /** @param more configurations beside those of the arms, such as the comparison's */
    static ProvenanceTable of(List<ArmRuns> arms, List<ShownConfig> more) {
        Map<String, Set<String>> values = new LinkedHashMap<>();
        List<ShownConfig> configs = new ArrayList<>(more);
        int runs = 0;
        for (ArmRuns arm : arms) {
            boolean shown = false;
            for (ArmRun run : arm.runs()) {
                Path file = run.folder().resolve("provenance.json");
                if (Files.isRegularFile(file)) {
                    runs++;
                    collect(read(file), values);
                }
                Path config = run.folder().resolve("config.yaml");
                if (!shown && Files.isRegularFile(config)) {
                    configs.add(new ShownConfig(run.folder().toString() + "/config.yaml", text(config)));
                    shown = true;
                }
            }
        }
        List<Fact> facts = new ArrayList<>();
        facts.add(new Fact("Runs", Integer.toString(runs)));
        values.forEach((term, all) -> facts.add(new Fact(term, String.join("; ", all))));
        return new ProvenanceTable(facts, configs);
    }

    private static void collect(JsonNode provenance, Map<String, Set<String>> values) {
        add(
                values,
                "Flipside",
                provenance.path("flipside").asText() + ", commit "
                        + provenance.path("commit").asText());
        add(values, "Java", provenance.path("java").asText());
        add(
                values,
                "System",
                provenance.path("os").asText() + ", "
                        + provenance.path("processors").asText() + " processors");
        for (Map.Entry<String, JsonNode> library : provenance.path("libraries").properties()) {
            if (!library.getKey().endsWith("_path")) {
                add(
                        values,
                        library.getKey().replace('_', ' '),
                        library.getValue().asText());
            }
        }
        for (JsonNode source : provenance.path("hub")) {
            add(values, "From the Hub", source.asText());
        }
        add(
                values,
                "Hashed input files per run",
                Integer.toString(provenance.path("files").size()));
    }

    private static void add(Map<String, Set<String>> values, String term, String value) {
        values.computeIfAbsent(term, k -> new LinkedHashSet<>()).add(value);
    }

    private static JsonNode read(Path file) {
        try {
            return StrictJson.MAPPER.readTree(text(file));
        } catch (IOException e) {
            throw new UserError(file + " is not JSON (" + IoReason.of(e) + "); restore it, or move it away.", e);
        }
    }

    static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UserError(file + " cannot be read (" + IoReason.of(e) + "); check the permissions there.", e);
        }
    }
}
