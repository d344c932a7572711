package dev.flipside.config;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Reads a configuration: the records' defaults, then the preset, then the YAML file, then {@code section.key=value}
 * overrides, each winning over the one before. {@code section.key.inner=value} sets one key of a map. A section, key or
 * value that the records do not know is a {@link UserError}.
 */
public final class ConfigReader {
    private static final YAMLMapper YAML = YAMLMapper.builder(YAMLFactory.builder()
                    .enable(com.fasterxml.jackson.core.StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
                    .enable(YAMLParser.Feature.PARSE_BOOLEAN_LIKE_WORDS_AS_STRINGS)
                    .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
                    .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
                    .build())
            .build();
    private static final JsonMapper RECORDS = JsonMapper.builder()
            .addModule(new Jdk8Module())
            .addModule(NumberOrNone.module())
            .addModule(new SimpleModule().addSerializer(new LowerCaseEnum()))
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
            .enable(
                    DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES,
                    DeserializationFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .withCoercionConfigDefaults(c -> c.setCoercion(CoercionInputShape.EmptyString, CoercionAction.Fail))
            .withCoercionConfig(
                    String.class, c -> c.setCoercion(CoercionInputShape.EmptyString, CoercionAction.TryConvert))
            .build();

    private ConfigReader() {}

    /** Reads, resolves the preset and validates the file of {@code flipside train}. */
    public static TrainConfig train(Path file, List<String> overrides) {
        ReadConfig<TrainConfig> reading = read(file, overrides, TrainConfig.defaults());
        Validation.check(reading);
        return reading.config();
    }

    /**
     * Reads and validates an arm of a comparison: the file with what all arms change in it and what this one does. A
     * key of the first two that has no effect under the arm's own options goes back to its default, where
     * {@link #train(Path, List)} would refuse it: the arm with a frozen reward model needs no rewritten file.
     */
    public static TrainConfig train(Path file, List<String> shared, List<String> own) {
        List<String> overrides = Stream.concat(shared.stream(), own.stream()).toList();
        Set<String> ownKeys = own.stream()
                .flatMap(override -> parseOverride(override).properties().stream())
                .flatMap(section -> section.getValue().properties().stream()
                        .map(entry -> section.getKey() + "." + entry.getKey().split("\\.", 2)[0]))
                .collect(Collectors.toSet());
        Set<String> dropped = new LinkedHashSet<>();
        ReadConfig<TrainConfig> reading = read(file, overrides, dropped, TrainConfig.defaults());
        // One key's default may take the effect from another.
        while (dropped.addAll(difference(Validation.withoutEffect(reading), ownKeys))) {
            reading = read(file, overrides, dropped, TrainConfig.defaults());
        }
        Validation.check(reading);
        return reading.config();
    }

    private static Set<String> difference(Set<String> keys, Set<String> without) {
        return keys.stream().filter(key -> !without.contains(key)).collect(Collectors.toSet());
    }

    /**
     * What the options of a run of {@code flipside train} come to, such as which labelled pairs it needs. Nothing is
     * validated.
     */
    public static RunPlan plan(Path file, List<String> overrides) {
        return unchecked(file, overrides).plan();
    }

    /**
     * The file of {@code flipside train} as it is read, without a look at what fits together: for what arms have in
     * common although it may be no run by itself.
     */
    public static TrainConfig unchecked(Path file, List<String> overrides) {
        return read(file, overrides, TrainConfig.defaults()).config();
    }

    /** Reads and validates the file of {@code flipside train-rm}. */
    public static RewardTrainingConfig rewardTraining(Path file, List<String> overrides) {
        ReadConfig<RewardTrainingConfig> reading = read(file, overrides, RewardTrainingConfig.defaults());
        Validation.checkRewardTraining(reading.config());
        return reading.config();
    }

    /**
     * Whether a file is meant for {@code flipside train-rm}: it has a section {@code training}, or no section that only
     * {@code flipside train} knows.
     *
     * @param overrides as for {@link #train}; they count as the file's own lines
     */
    public static boolean trainsRewardModel(Path file, List<String> overrides) {
        Set<String> sections = new LinkedHashSet<>();
        parseFile(file).fieldNames().forEachRemaining(sections::add);
        overrides.forEach(o -> parseOverride(o).fieldNames().forEachRemaining(sections::add));
        return sections.contains("training")
                || tree(RewardTrainingConfig.defaults()).properties().stream()
                        .map(Map.Entry::getKey)
                        .toList()
                        .containsAll(sections);
    }

    /** Reads and validates the file of {@code flipside compare}. */
    public static ComparisonConfig comparison(Path file, List<String> overrides) {
        ReadConfig<ComparisonConfig> reading = read(file, overrides, ComparisonConfig.defaults());
        ComparisonValidation.check(reading);
        return reading.config();
    }

    /** The complete configuration as YAML; reading it gives an equal configuration. */
    public static String write(Record config) {
        ObjectNode tree = RECORDS.valueToTree(config);
        Stream.of(TrainConfig.defaults(), RewardTrainingConfig.defaults(), ComparisonConfig.defaults())
                .filter(defaults -> defaults.getClass() == config.getClass())
                .forEach(defaults -> NumberOrNone.spell(tree, tree(defaults)));
        return yaml(tree);
    }

    /** Sections and keys as YAML. */
    public static String yaml(JsonNode tree) {
        try {
            return YAML.writeValueAsString(tree);
        } catch (JacksonException e) {
            throw new IllegalStateException("a configuration record could not be written", e);
        }
    }

    /** The complete configuration as a tree of sections and keys. */
    public static JsonNode tree(Record config) {
        return RECORDS.valueToTree(config);
    }

    static <C extends Record> ReadConfig<C> read(Path file, List<String> overrides, C defaults) {
        return read(file, overrides, Set.of(), defaults);
    }

    /** @param dropped keys ({@code section.key}) that count as not given */
    private static <C extends Record> ReadConfig<C> read(
            Path file, List<String> overrides, Set<String> dropped, C defaults) {
        ObjectNode tree = RECORDS.valueToTree(defaults);
        Set<String> given = new LinkedHashSet<>();
        ObjectNode user = tree.objectNode();
        Set<String> open = openSections(defaults);
        merge(user, parseFile(file), tree, open, file.toString(), given);
        for (String override : overrides) {
            merge(user, parseOverride(override), tree, open, "command line", given);
        }
        given.removeAll(dropped);
        user.properties().forEach(section -> ((ObjectNode) section.getValue())
                .remove(dropped.stream()
                        .filter(key -> key.startsWith(section.getKey() + "."))
                        .map(key -> key.substring(section.getKey().length() + 1))
                        .toList()));
        applyPreset(tree, user);
        user.properties()
                .forEach(section -> ((ObjectNode) tree.get(section.getKey())).setAll((ObjectNode) section.getValue()));
        return new ReadConfig<>(ConfigBinding.toRecords(RECORDS, tree, defaults), given);
    }

    /** The sections whose keys are names that the user gives. */
    private static Set<String> openSections(Record defaults) {
        return Arrays.stream(defaults.getClass().getRecordComponents())
                .filter(section -> section.getType() == Map.class)
                .map(RecordComponent::getName)
                .collect(Collectors.toSet());
    }

    /** What a preset sets may depend on which files are given. */
    private static void applyPreset(ObjectNode tree, ObjectNode user) {
        Set<String> files = user.path("data").properties().stream()
                .filter(entry -> entry.getValue().isTextual())
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
        String given = user.path("save").path("preset").asText();
        Arrays.stream(SaveConfig.Preset.values())
                .filter(preset -> preset.name().equalsIgnoreCase(given))
                .forEach(preset -> tree.set("save", RECORDS.valueToTree(SaveConfig.of(preset, files))));
    }

    private static JsonNode parseFile(Path file) {
        try {
            if (!Files.isRegularFile(file)) {
                throw new UserError("config file " + file + " does not exist.");
            }
            return withoutZeros(file.toString(), YAML.readTree(BoundedFile.yaml(file)));
        } catch (JacksonException e) {
            throw new UserError(file + " line " + line(e) + " is not valid YAML: " + JsonReason.of(e) + ".", e);
        } catch (IOException e) {
            throw new UserError("config file " + file + " cannot be read: " + IoReason.of(e) + ".", e);
        }
    }

    /** Most texts of a configuration name files, and no path holds a zero character. */
    private static JsonNode withoutZeros(String where, JsonNode node) {
        if (node.isTextual() && node.textValue().indexOf('\0') >= 0) {
            throw new UserError(where + " has a text with a zero character: remove it.");
        }
        node.properties().forEach(entry -> withoutZeros(where + ": " + entry.getKey(), entry.getValue()));
        for (int i = 0; node.isArray() && i < node.size(); i++) {
            withoutZeros(where + " [" + i + "]", node.get(i));
        }
        return node;
    }

    private static JsonNode parseOverride(String override) {
        int equals = override.indexOf('=');
        int dot = override.indexOf('.');
        if (dot <= 0 || equals < dot + 2) {
            throw new UserError(
                    "'" + override + "' is not an override; write section.key=value, for example run.max_steps=20.");
        }
        try {
            ObjectNode node = YAML.createObjectNode();
            JsonNode value = withoutZeros(override.substring(0, equals), YAML.readTree(override.substring(equals + 1)));
            node.putObject(override.substring(0, dot))
                    .set(override.substring(dot + 1, equals), value.isMissingNode() ? node.nullNode() : value);
            return node;
        } catch (JacksonException e) {
            throw new UserError("the value of '" + override + "' is not valid YAML: " + JsonReason.of(e) + ".", e);
        }
    }

    private static void merge(
            ObjectNode user, JsonNode input, ObjectNode known, Set<String> open, String where, Set<String> given) {
        if (input.isMissingNode() || input.isNull()) {
            return;
        }
        if (!input.isObject()) {
            throw new UserError(
                    where + ": a configuration is a map of sections (" + names(known) + "), not " + kind(input) + ".");
        }
        for (Map.Entry<String, JsonNode> section : input.properties()) {
            JsonNode knownSection = known.get(section.getKey());
            if (knownSection == null) {
                throw new UserError(where + ": there is no section '" + section.getKey() + "'"
                        + commandOf(section.getKey())
                                .map(command -> ", which is one of a file for `flipside " + command + "`")
                                .orElseGet(() -> suggestion(section.getKey(), known))
                        + "; sections are " + names(known) + ".");
            }
            if (!section.getValue().isObject()) {
                throw new UserError(where + ": section '" + section.getKey() + "' must hold keys, not "
                        + kind(section.getValue()) + ".");
            }
            for (Map.Entry<String, JsonNode> entry : section.getValue().properties()) {
                String[] path = entry.getKey().split("\\.", 2);
                if (path.length == 2 && knownSection.has(path[0]) && !open.contains(section.getKey())) {
                    mergeWithin(user.withObjectProperty(section.getKey()), path[0], path[1], entry.getValue());
                    given.add(section.getKey() + "." + path[0]);
                    continue;
                }
                if (!knownSection.has(entry.getKey()) && !open.contains(section.getKey())) {
                    throw new UserError(where + ": there is no key '" + section.getKey() + "." + entry.getKey() + "'"
                            + meant(entry.getKey(), section.getKey(), known)
                            + "; docs/configuration.md lists the keys of section "
                            + section.getKey() + ".");
                }
                JsonNode value = entry.getValue();
                // In an open section a name with nothing behind it is an entry with nothing to say.
                boolean bare = open.contains(section.getKey())
                        && (value.isNull()
                                || value.isTextual() && value.textValue().isEmpty());
                user.withObjectProperty(section.getKey()).set(entry.getKey(), bare ? known.objectNode() : value);
                given.add(section.getKey() + "." + entry.getKey());
            }
        }
    }

    /** One key of a map that is a section's value, such as {@code policy.lora.r}; its other keys stay as they are. */
    private static void mergeWithin(ObjectNode section, String key, String inner, JsonNode value) {
        JsonNode map = section.path(key);
        ((ObjectNode) (map.isObject() ? map : section.putObject(key))).set(inner, value);
    }

    /** The command whose files have a section, where it is not the one that is being read. */
    private static Optional<String> commandOf(String section) {
        Map<String, Record> files = new LinkedHashMap<>();
        files.put("train", TrainConfig.defaults());
        files.put("train-rm", RewardTrainingConfig.defaults());
        files.put("compare", ComparisonConfig.defaults());
        return files.entrySet().stream()
                .filter(file -> tree(file.getValue()).has(section))
                .map(Map.Entry::getKey)
                .findFirst();
    }

    /** What an unknown key may have meant: one of another section, one of TRL's, or a misspelt one of this section. */
    private static String meant(String key, String section, ObjectNode known) {
        String elsewhere = known.properties().stream()
                .filter(other -> other.getValue().has(key))
                .map(other -> other.getKey() + "." + key)
                .collect(Collectors.joining(" or "));
        if (!elsewhere.isEmpty()) {
            return " (there is " + elsewhere + ")";
        }
        return NamesOfTrl.ours(key)
                .map(ours -> " (" + ours + ")")
                .orElseGet(() -> suggestion(key, known.path(section)));
    }

    private static String suggestion(String word, JsonNode known) {
        List<String> names = new ArrayList<>();
        known.fieldNames().forEachRemaining(names::add);
        return Spelling.suggestion(word, names);
    }

    private static String names(JsonNode node) {
        return node.properties().stream().map(Map.Entry::getKey).collect(Collectors.joining(", "));
    }

    private static String kind(JsonNode node) {
        return node.isArray() ? "a list" : node.isNull() ? "nothing" : "'" + node.asText() + "'";
    }

    private static String line(JacksonException e) {
        return e.getLocation() == null ? "?" : Integer.toString(e.getLocation().getLineNr());
    }

    /** A value as a person would write it: 1e-6, not 1.0E-6. */
    static String shown(JsonNode value) {
        return value.isDouble()
                ? value.asText().replaceAll("\\.0(?=E|$)", "").replace('E', 'e')
                : value.isValueNode() ? value.asText() : value.toString();
    }

    private static final class LowerCaseEnum extends JsonSerializer<Enum<?>> {
        @Override
        @SuppressWarnings({"unchecked", "rawtypes"})
        public Class<Enum<?>> handledType() {
            return (Class) Enum.class;
        }

        @Override
        public void serialize(Enum<?> value, JsonGenerator generator, SerializerProvider provider) throws IOException {
            generator.writeString(Spelling.of(value));
        }
    }
}
