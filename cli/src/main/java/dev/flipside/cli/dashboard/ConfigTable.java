package dev.flipside.cli.dashboard;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Configurations beside each other.
 *
 * @param runs whose, in the order of the values
 * @param rows one per key that any of them has
 */
record ConfigTable(List<String> runs, List<Row> rows) {
    static final YAMLMapper YAML = new YAMLMapper();

    /**
     * A key.
     *
     * @param values as YAML has them in one line; empty where a run does not have the key
     * @param differs whether not all are the same
     */
    record Row(String key, List<String> values, boolean differs) {}

    /** Of runs' folders; one that has no configuration yet, or none that can be read, is left out. */
    static ConfigTable of(List<RunPlace> places) {
        List<String> runs = new ArrayList<>();
        List<Map<String, String>> configs = new ArrayList<>();
        Set<String> keys = new LinkedHashSet<>();
        for (RunPlace place : places) {
            Map<String, String> flat = new LinkedHashMap<>();
            flatten("", FollowedRun.config(place.folder()), flat);
            if (!flat.isEmpty()) {
                runs.add(place.id());
                configs.add(flat);
                keys.addAll(flat.keySet());
            }
        }
        List<Row> rows = new ArrayList<>();
        for (String key : keys) {
            List<String> values =
                    configs.stream().map(c -> c.getOrDefault(key, "")).toList();
            rows.add(new Row(key, values, values.stream().distinct().count() > 1));
        }
        return new ConfigTable(runs, rows);
    }

    private static void flatten(String prefix, JsonNode node, Map<String, String> into) {
        if (node.isObject() && !node.isEmpty()) {
            node.properties()
                    .forEach(field -> flatten(
                            prefix.isEmpty() ? field.getKey() : prefix + "." + field.getKey(), field.getValue(), into));
        } else if (!node.isMissingNode()) {
            into.put(prefix, node.isValueNode() ? node.asText() : node.toString());
        }
    }
}
