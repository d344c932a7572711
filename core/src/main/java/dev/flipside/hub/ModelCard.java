package dev.flipside.hub;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.flipside.config.BoundedFile;
import dev.flipside.config.JsonReason;
import dev.flipside.config.UserError;
import dev.flipside.run.Durable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The README.md of a model: metadata that the Hub reads, and how the run that made the model can be repeated. Paths of
 * the machine are not told: a file of the cache is named as the Hub names it, and of any other only its last name is
 * kept.
 *
 * @param directory of the model; the run's files are looked for in the folder above
 */
public record ModelCard(Path directory) {
    private static final JsonMapper JSON = new JsonMapper();
    private static final YAMLMapper YAML = YAMLMapper.builder()
            .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
            .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
            .build();

    /** @throws UserError when one of the files is there and cannot be read */
    public String text(String title) {
        Path run = directory.resolve("..").toAbsolutePath().normalize();
        JsonNode model = read(directory.resolve("config.json"));
        JsonNode provenance = read(run.resolve("provenance.json"));
        // Other programs have a config.yaml, too.
        JsonNode config = provenance.has("flipside") ? read(run.resolve("config.yaml")) : JSON.missingNode();
        boolean scores = model.path("architectures").path(0).asText("").endsWith("ForSequenceClassification");
        StringBuilder text = new StringBuilder("---\n");
        text.append(yaml(metadata(config, scores)))
                .append("---\n\n# ")
                .append(title)
                .append("\n\n");
        text.append(opening(config, scores)).append('\n');
        facts(text, config, provenance);
        if (!config.isMissingNode()) {
            metrics(text, lastMetrics(run.resolve("metrics.jsonl")));
            text.append("\n## Configuration\n\n```yaml\n")
                    .append(yaml(published(config)))
                    .append("```\n");
        }
        return text.toString();
    }

    private static ObjectNode metadata(JsonNode config, boolean scores) {
        ObjectNode metadata = JSON.createObjectNode();
        metadata.put("library_name", "transformers");
        metadata.put("pipeline_tag", scores ? "text-classification" : "text-generation");
        ArrayNode tags = metadata.putArray("tags").add("flipside");
        if (scores) {
            tags.add("reward-model");
        } else if (!config.isMissingNode()) {
            tags.add("rlhf");
            Optional.of(config.at("/algorithm/name").asText(""))
                    .filter(name -> !name.isEmpty())
                    .ifPresent(tags::add);
        }
        base(config, scores).flatMap(ModelCard::hubName).ifPresent(name -> metadata.put("base_model", name));
        Set<String> datasets = new LinkedHashSet<>();
        for (JsonNode file : config.path("data")) {
            hubName(file.asText("")).ifPresent(datasets::add);
        }
        if (!datasets.isEmpty()) {
            datasets.forEach(metadata.putArray("datasets")::add);
        }
        return metadata;
    }

    private static Optional<String> base(JsonNode config, boolean scores) {
        return Optional.of(config.at(scores ? "/reward_model/model" : "/policy/model")
                        .asText(""))
                .filter(text -> !text.isEmpty());
    }

    private static Optional<String> hubName(String path) {
        return HubSource.of(Path.of(path)).map(HubSource::name);
    }

    private static String opening(JsonNode config, boolean scores) {
        if (config.isMissingNode()) {
            return (scores ? "A reward model" : "A language model") + ", uploaded with Flipside.\n";
        }
        String from = base(config, scores)
                .map(path -> " from `" + published(path) + "`")
                .orElse("");
        return scores
                ? "A reward model, trained with Flipside" + from
                        + ". Its score is the single label's logit; `value_head.safetensors` is the value of a prompt, which transformers ignores.\n"
                : "A language model, trained with Flipside" + from
                        + " by reinforcement learning from a reward model.\n";
    }

    private static void facts(StringBuilder text, JsonNode config, JsonNode provenance) {
        Map<String, String> facts = new LinkedHashMap<>();
        fact(facts, "Policy at the start", config.at("/policy/model"));
        fact(facts, "Reward model", config.at("/reward_model/model"));
        fact(facts, "Prompts", config.at("/data/prompts"));
        fact(facts, "Preferences", config.at("/data/preferences"));
        fact(facts, "Algorithm", config.at("/algorithm/name"));
        fact(facts, "Reward model learns", config.at("/save/preset"));
        fact(facts, "Steps", config.at("/run/max_steps"));
        fact(facts, "Seed", config.at("/run/seed"));
        fact(facts, "Flipside", provenance.path("flipside"));
        fact(facts, "Commit of Flipside", provenance.path("commit"));
        fact(facts, "libtorch", provenance.at("/libraries/libtorch"));
        fact(facts, "Device", provenance.at("/libraries/device"));
        if (!facts.isEmpty()) {
            text.append("\n| | |\n|---|---|\n");
            facts.forEach((name, value) ->
                    text.append("| ").append(name).append(" | ").append(value).append(" |\n"));
        }
    }

    private static void fact(Map<String, String> facts, String name, JsonNode value) {
        String text = published(value.asText(""));
        if (value.isValueNode() && !value.isNull() && !text.isEmpty()) {
            facts.put(name, text.replace("|", "\\|"));
        }
    }

    private static void metrics(StringBuilder text, Map<String, Double> metrics) {
        if (!metrics.isEmpty()) {
            text.append("\n## Measured last\n\n| metric | value |\n|---|---:|\n");
            metrics.forEach((name, value) -> text.append(String.format(Locale.ROOT, "| `%s` | %.4g |\n", name, value)));
        }
    }

    /** The last value of each figure of an evaluation, and of the reward. */
    private static Map<String, Double> lastMetrics(Path file) {
        Map<String, Double> last = new TreeMap<>();
        if (!Files.isRegularFile(file)) {
            return last;
        }
        try (Stream<String> lines = Files.lines(file)) {
            for (String line : (Iterable<String>) lines::iterator) {
                for (Map.Entry<String, JsonNode> entry : JSON.readTree(line).properties()) {
                    boolean shown =
                            entry.getKey().startsWith("eval") || entry.getKey().equals("reward");
                    if (shown && entry.getValue().isNumber()) {
                        last.put(entry.getKey(), entry.getValue().asDouble());
                    }
                }
            }
            return last;
        } catch (IOException e) {
            throw Durable.refused("read", file, e);
        }
    }

    /** A configuration in which no text tells about the machine. */
    private static JsonNode published(JsonNode node) {
        if (node.isTextual()) {
            return TextNode.valueOf(published(node.asText()));
        }
        JsonNode copy = node.deepCopy();
        if (copy instanceof ObjectNode object) {
            List<String> names = new ArrayList<>();
            object.fieldNames().forEachRemaining(names::add);
            names.forEach(name -> object.set(name, published(object.get(name))));
        } else if (copy.isArray()) {
            ArrayNode array = (ArrayNode) copy;
            for (int i = 0; i < array.size(); i++) {
                array.set(i, published(array.get(i)));
            }
        }
        return copy;
    }

    private static String published(String text) {
        if (!text.startsWith("/") || text.contains("\n")) {
            return text;
        }
        Path path = Path.of(text);
        return HubSource.of(path)
                .map(source -> source.name() + "@" + source.commit())
                .orElseGet(() -> Optional.ofNullable(path.getFileName())
                        .map(Path::toString)
                        .orElse(text));
    }

    private static JsonNode read(Path file) {
        if (!Files.isRegularFile(file)) {
            return JSON.missingNode();
        }
        try {
            return file.toString().endsWith(".yaml")
                    ? YAML.readTree(BoundedFile.yaml(file))
                    : JSON.readTree(BoundedFile.text(file));
        } catch (JsonProcessingException e) {
            throw new UserError(
                    file + " is not the file that Flipside wrote (" + JsonReason.of(e)
                            + "): restore it, or move it away to push without it.",
                    e);
        } catch (IOException e) {
            throw Durable.refused("read", file, e);
        }
    }

    private static String yaml(JsonNode node) {
        try {
            return YAML.writeValueAsString(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("metadata that are no YAML", e);
        }
    }
}
