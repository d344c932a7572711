package dev.flipside.hub;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.flipside.config.BoundedFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the metadata of a dataset's {@code README.md} say about its files.
 *
 * @param configs in the card's order
 */
record DatasetCard(List<Config> configs) {
    private static final YAMLMapper YAML = new YAMLMapper();
    private static final String FENCE = "---";

    /**
     * A configuration, also called subset.
     *
     * @param splits in the card's order
     */
    record Config(String name, boolean isDefault, List<Split> splits) {}

    /** @param patterns of the files, shell patterns below the repository's root */
    record Split(String name, List<String> patterns) {}

    /** Reads the text of a README.md; no configuration when it has none that can be read. */
    static DatasetCard read(String readme) {
        return new DatasetCard(frontMatter(readme)
                .map(metadata -> configs(metadata.path("configs")))
                .orElse(List.of()));
    }

    private static Optional<JsonNode> frontMatter(String readme) {
        String text = readme.replace("\r\n", "\n");
        int end = text.indexOf("\n" + FENCE, FENCE.length());
        if (!text.startsWith(FENCE + "\n") || end < 0 || end > BoundedFile.MAX_YAML) {
            return Optional.empty();
        }
        try {
            return Optional.ofNullable(YAML.readTree(text.substring(FENCE.length() + 1, end + 1)));
        } catch (JsonProcessingException e) {
            return Optional.empty(); // The files' names still say something.
        }
    }

    private static List<Config> configs(JsonNode entries) {
        List<Config> configs = new ArrayList<>();
        for (JsonNode entry : entries) {
            List<Split> splits = splits(entry.path("data_files"), directory(entry));
            if (!splits.isEmpty()) {
                configs.add(new Config(
                        entry.path("config_name").asText("default"),
                        entry.path("default").asBoolean(false),
                        splits));
            }
        }
        return configs;
    }

    private static String directory(JsonNode entry) {
        String directory = entry.path("data_dir").asText("").replaceAll("^\\./|/+$", "");
        return directory.isEmpty() ? "" : directory + "/";
    }

    /**
     * One pattern or several of the training split, a map from split to patterns, or a list of {@code {split, path}}.
     */
    private static List<Split> splits(JsonNode files, String directory) {
        List<Split> splits = new ArrayList<>();
        if (files.isTextual() || files.path(0).isTextual()) {
            splits.add(new Split("train", patterns(files, directory)));
        } else if (files.isArray()) {
            for (JsonNode file : files) {
                splits.add(new Split(file.path("split").asText("train"), patterns(file.path("path"), directory)));
            }
        } else if (files.isObject()) {
            for (Map.Entry<String, JsonNode> file : files.properties()) {
                splits.add(new Split(file.getKey(), patterns(file.getValue(), directory)));
            }
        }
        return splits;
    }

    private static List<String> patterns(JsonNode paths, String directory) {
        List<String> patterns = new ArrayList<>();
        for (JsonNode path : paths.isArray() ? paths : List.of(paths)) {
            patterns.add(directory + path.asText("").replaceFirst("^\\./", ""));
        }
        return patterns;
    }
}
