package dev.flipside.config;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The reference page of all options, docs/configuration.md, made from the records: their {@link Doc}, their types and
 * their defaults.
 */
public final class ConfigReference {
    private static final String INTRODUCTION =
            """
            # Configuration

            <!-- Generated from the records in core/src/main/java/dev/flipside/config; ConfigReferenceTest says how. -->

            A run is described by one YAML file of sections and keys.
            The order of precedence, later wins:

            1. the defaults below;
            2. the preset, `save.preset`;
            3. the file;
            4. `section.key=value` on the command line, or `policy.lora.r=8` for one key of a map.

            These are errors, and the message names the key:

            - an unknown section or key;
            - a value of the wrong type or out of range;
            - a key that has no effect under the other options.

            Names are TRL's where TRL has the option.
            A default of - means that nothing is set.
            Where the default then depends on other options, the description says so.
            A number that may be absent is written `none`, such as `data.max_length: none` in a file for `train-rm`.
            Paths are relative to the folder in which `flipside` is started.
            """;
    private static final String RESUMING =
            """

            ## Continuing a run

            `flipside train CONFIG --resume` continues `run.output_dir` from its newest checkpoint,
            with the options that it was begun with.
            A key that decides what was sampled or learnt must keep its value, or the run is refused, naming the key.
            A run that has no checkpoint yet begins again and may change anything.
            These keys may change:

            %s
            In a run of one round `run.max_steps` may change too.
            A decaying learning rate then follows its schedule over the new length.
            Of reward functions `http` and `process` everything may change but `name`, `label`, `weight` and `messages`.

            A checkpoint or a log that was damaged since is refused, and the sentence names the step to go back to.
            `flipside train CONFIG --from-step N` does it: checkpoints, metrics and samples after step N are deleted.
            Step 0 begins again.

            `train-rm` is short and begins again instead of continuing, once its folder is deleted.
            """;
    private static final String ADAPTERS =
            """

            # `lora`

            Keys of a map `lora` in sections `policy` and `reward_model`: an [adapter](models.md#lora) that is trained in place of
            the model's own weights.
            Names are those of PEFT's `LoraConfig`.

            """;
    private static final String TABLE = "| key | type | default | meaning |\n|---|---|---|---|\n";

    private ConfigReference() {}

    /** The page. */
    public static String markdown() {
        StringBuilder page = new StringBuilder(INTRODUCTION);
        page.append("\n# `flipside train`\n");
        sections(page, TrainConfig.defaults());
        page.append(RESUMING.formatted(freeKeys()));
        page.append("\n# `flipside train-rm`\n");
        sections(page, RewardTrainingConfig.defaults());
        page.append("\n# `flipside compare`\n");
        sections(page, ComparisonConfig.defaults());
        page.append(ADAPTERS).append(TABLE);
        rows(page, "", LoraConfig.class, ConfigReader.tree(LoraConfig.defaults()));
        return page.toString();
    }

    private static void sections(StringBuilder page, Record defaults) {
        JsonNode tree = ConfigReader.tree(defaults);
        for (RecordComponent section : defaults.getClass().getRecordComponents()) {
            String name = snakeCase(section.getName());
            page.append("\n## ")
                    .append(name)
                    .append("\n\n")
                    .append(lines(doc(section)))
                    .append("\n");
            if (section.getType() == Map.class) {
                page.append("\n").append(TABLE);
                rows(page, "NAME.", entry(section.getGenericType()).orElseThrow(), MissingNode.getInstance());
                continue;
            }
            if (!section.getType().getRecordComponents()[0].isAnnotationPresent(Heading.class)) {
                page.append("\n").append(TABLE);
            }
            rows(page, "", section.getType(), tree.get(name));
            if (section.getType() == SaveConfig.class) {
                presets(page);
            }
        }
    }

    private static void rows(StringBuilder page, String prefix, Class<?> section, JsonNode defaults) {
        for (RecordComponent component : section.getRecordComponents()) {
            Heading heading = component.getAnnotation(Heading.class);
            if (heading != null) {
                page.append("\n### ").append(heading.value()).append("\n\n");
                page.append(lines(heading.purpose())).append("\n\n").append(TABLE);
            }
            if (component.getAccessor().isAnnotationPresent(JsonUnwrapped.class)) {
                rows(page, prefix, component.getType(), defaults);
                continue;
            }
            String name = snakeCase(component.getName());
            page.append(String.format(
                    Locale.ROOT,
                    "| `%s` | %s | %s | %s |%n",
                    prefix + name,
                    type(component.getGenericType()),
                    defaultValue(defaults.path(name)),
                    doc(component).replace("|", "\\|")));
            String inner = prefix + name + (component.getType() == List.class ? "[]." : ".");
            entry(component.getGenericType())
                    .filter(record -> record != LoraConfig.class)
                    .ifPresent(record -> rows(page, inner, record, MissingNode.getInstance()));
        }
    }

    /** One sentence a line. */
    private static String lines(String text) {
        return text.replaceAll("(?<=[.!?]) (?=[A-Z])", "\n");
    }

    /** An item for each section. */
    private static String freeKeys() {
        Map<String, String> bySection = ResumedConfig.freeKeys().stream()
                .map(key -> key.split("\\."))
                .collect(Collectors.groupingBy(
                        path -> path[0],
                        TreeMap::new,
                        Collectors.mapping(path -> "`" + path[1] + "`", Collectors.joining(", "))));
        return bySection.entrySet().stream()
                .map(section -> "- `" + section.getKey() + "`: " + section.getValue() + "\n")
                .collect(Collectors.joining());
    }

    /** The record that a list, a map or an optional holds, whose keys the page then lists too. */
    private static Optional<Class<?>> entry(Type type) {
        if (type instanceof ParameterizedType generic) {
            Type last = generic.getActualTypeArguments()[generic.getActualTypeArguments().length - 1];
            return last instanceof Class<?> c && c.isRecord() && c != Overrides.class
                    ? Optional.of(c)
                    : Optional.empty();
        }
        return Optional.empty();
    }

    private static void presets(StringBuilder page) {
        page.append("\n### Presets of section save\n\n");
        for (SaveConfig.Preset preset : SaveConfig.Preset.values()) {
            page.append("- `").append(Spelling.of(preset)).append("` sets ");
            page.append(sets(preset, Set.of())).append(".\n");
        }
        Set<String> all = Set.of("trusted_preferences", "eval_preferences");
        page.append("\nWith `data.trusted_preferences` and `data.eval_preferences` `auto` sets:\n\n");
        page.append(sets(SaveConfig.Preset.AUTO, all).replace("`, `", "`,\n`")).append(".\n");
    }

    /** @param files as in {@link SaveConfig#of(SaveConfig.Preset, Set)} */
    private static String sets(SaveConfig.Preset preset, Set<String> files) {
        JsonNode nothing = ConfigReader.tree(SaveConfig.defaults());
        String sets = ConfigReader.tree(SaveConfig.of(preset, files)).properties().stream()
                .filter(e -> !e.getKey().equals("preset") && !e.getValue().equals(nothing.get(e.getKey())))
                .map(e -> "`" + e.getKey() + ": " + ConfigReader.shown(e.getValue()) + "`")
                .collect(Collectors.joining(", "));
        return sets.isEmpty() ? "nothing else" : sets;
    }

    private static String doc(RecordComponent component) {
        Doc doc = component.getAnnotation(Doc.class);
        if (doc == null) {
            throw new IllegalStateException(
                    component.getDeclaringRecord().getSimpleName() + "." + component.getName() + " has no @Doc");
        }
        return doc.value();
    }

    private static String type(Type type) {
        if (type instanceof ParameterizedType generic) {
            Type last = generic.getActualTypeArguments()[generic.getActualTypeArguments().length - 1];
            return generic.getRawType() == Optional.class
                    ? type(last)
                    : generic.getRawType() == List.class ? "list of " + plural(last) : "map";
        }
        Class<?> raw = (Class<?>) type;
        if (raw.isEnum()) {
            return Arrays.stream(raw.getEnumConstants())
                    .map(c -> "`" + Spelling.of((Enum<?>) c) + "`")
                    .collect(Collectors.joining(" "));
        }
        if (List.of(int.class, long.class, Integer.class, OptionalInt.class).contains(raw)) {
            return "whole number";
        }
        if (List.of(double.class, Double.class, OptionalDouble.class).contains(raw)) {
            return "number";
        }
        if (raw == Overrides.class) {
            return "list or map";
        }
        return raw == boolean.class || raw == Boolean.class ? "true or false" : raw.isRecord() ? "map" : "text";
    }

    private static String plural(Type element) {
        if (element instanceof Class<?> values && values.isEnum()) {
            return type(values);
        }
        boolean map = element instanceof ParameterizedType || element instanceof Class<?> c && c.isRecord();
        return map ? "maps" : element == Integer.class || element == Long.class ? "whole numbers" : "texts";
    }

    private static String defaultValue(JsonNode value) {
        boolean none = value.isNull()
                || value.isMissingNode()
                || value.isTextual() && value.asText().isEmpty()
                || value.isArray() && value.isEmpty();
        return none ? "-" : "`" + ConfigReader.shown(value) + "`";
    }

    private static String snakeCase(String camelCase) {
        return camelCase.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
    }
}
