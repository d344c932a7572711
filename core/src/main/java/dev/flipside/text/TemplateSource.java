package dev.flipside.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.BoundedFile;
import dev.flipside.config.IoReason;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The text of a chat template with what a configuration says beside it, as it is read from and written to a model's
 * directory.
 *
 * <p>Variables and a day that were given in training are part of how a model reads its input, so {@link #text} writes
 * them into the template: a first line that sets them, which every Jinja renders and {@link #of} takes apart again. A
 * variable that a caller gives himself stands before it.
 *
 * @param origin what errors call it: its file
 * @param jinja the template as its author wrote it
 * @param variables what it reads besides the messages, by name
 * @param day what {@code strftime_now} reads, where one was said
 */
public record TemplateSource(String origin, String jinja, Map<String, Object> variables, Optional<LocalDate> day) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String VARIABLES = "chat_template_kwargs";
    private static final String DAY = "chat_template_date";
    private static final String OPENING = "{# Flipside trained with ";
    private static final String MORE = "additional_chat_templates";
    private static final String CLOSING = " #}";

    /** The codes of {@link Strftime}, the percent sign last: what it stands for must not become a code. */
    private static final List<String> CODES =
            List.of("Y", "y", "m", "d", "B", "b", "A", "a", "H", "I", "M", "S", "p", "j", "%");

    public TemplateSource {
        variables = Collections.unmodifiableMap(new LinkedHashMap<>(variables));
    }

    /** A template as a file holds it. */
    static TemplateSource of(String origin, String text) {
        return trained(origin, text).orElseGet(() -> new TemplateSource(origin, text, Map.of(), Optional.empty()));
    }

    /** @throws UserError when the file cannot be read */
    public static TemplateSource read(Path file) {
        try {
            return of(file.toString(), BoundedFile.text(file));
        } catch (IOException e) {
            throw new UserError(
                    file + " cannot be read as UTF-8 text (" + IoReason.of(e)
                            + "): name a Jinja file, or copy the model directory again.",
                    e);
        }
    }

    /**
     * The template of a model directory: {@code chat_template.jinja}, else {@code chat_template} in
     * {@code tokenizer_config.json} (a text, or a list of which {@code default} is taken), else none.
     *
     * @throws UserError when the template cannot be read
     */
    public static Optional<TemplateSource> in(Path modelDir) {
        Path jinjaFile = modelDir.resolve("chat_template.jinja");
        if (Files.isRegularFile(jinjaFile)) {
            return Optional.of(read(jinjaFile));
        }
        if (Files.isDirectory(modelDir.resolve(MORE))) {
            throw new UserError(
                    modelDir.resolve(MORE)
                            + " holds further chat templates and there is no chat_template.jinja beside that folder, so that transformers finds none by the name 'default'; add that file or remove the folder.");
        }
        Path config = modelDir.resolve("tokenizer_config.json");
        JsonNode template = SpecialTokens.readObject(config).path("chat_template");
        return inConfig(config, template).map(text -> of(config + " (chat_template)", text));
    }

    private static Optional<String> inConfig(Path config, JsonNode template) {
        if (template.isMissingNode() || template.isNull()) {
            return Optional.empty();
        }
        if (template.isTextual()) {
            return Optional.of(template.asText());
        }
        for (JsonNode named : template) {
            if (named.path("name").asText().equals("default")
                    && named.path("template").isTextual()) {
                return Optional.of(named.path("template").asText());
            }
        }
        throw new UserError(
                config
                        + " has a chat_template that is neither a text nor a list with a template named 'default': give it one of the two.");
    }

    /** This template with other values of some variables, and another day where one is given. */
    public TemplateSource with(Map<String, Object> more, Optional<LocalDate> otherDay) {
        Map<String, Object> all = new LinkedHashMap<>(variables);
        all.putAll(more);
        return new TemplateSource(origin, jinja, all, otherDay.or(() -> day));
    }

    /** Whether both render every conversation alike, wherever they come from. */
    public boolean rendersAs(TemplateSource other) {
        return jinja.equals(other.jinja) && variables.equals(other.variables) && day.equals(other.day);
    }

    /**
     * Ready to render.
     *
     * @param standIn what {@code strftime_now} reads where no day was said
     * @throws UserError as {@link ChatTemplate}, and when the template does not read one of its variables
     */
    public ChatTemplate template(SpecialTokens tokens, Clock standIn) {
        Clock clock = day.map(TemplateSource::clock).orElse(standIn);
        return new ChatTemplate(origin, jinja, tokens, clock).with(variables);
    }

    /** A clock that stands at the beginning of a day. */
    public static Clock clock(LocalDate day) {
        return Clock.fixed(day.atStartOfDay().toInstant(ZoneOffset.UTC), ZoneOffset.UTC);
    }

    /**
     * What is written beside a model that was trained with this template, so that it renders the same without a word of
     * configuration.
     */
    public String text() {
        return opening() + jinja;
    }

    private String opening() {
        if (variables.isEmpty() && day.isEmpty()) {
            return "";
        }
        ObjectNode said = JSON.createObjectNode();
        if (!variables.isEmpty()) {
            said.set(VARIABLES, JSON.valueToTree(variables));
        }
        day.ifPresent(d -> said.put(DAY, d.toString()));
        StringBuilder line =
                new StringBuilder(OPENING).append(literal(said, "null")).append(CLOSING);
        variables.forEach((name, value) -> line.append(setting(name, literal(JSON.valueToTree(value), "none"))));
        day.ifPresent(d -> line.append(dayMacro(d)));
        // Dropped when rendered, since a block stands before it, and the template itself begins at the beginning of a
        // line.
        return line.append('\n').toString();
    }

    /** Special tokens are always defined, but what the configuration says stands before them. */
    private static String setting(String name, String value) {
        String set = "{% set " + name + " = " + value + " %}";
        return SpecialTokens.NAMES.contains(name) ? set : "{% if " + name + " is not defined %}" + set + "{% endif %}";
    }

    private String dayMacro(LocalDate date) {
        StringBuilder value = new StringBuilder("format");
        for (String code : CODES) {
            if (jinja.contains("%" + code)) {
                String stands = Strftime.format(date.atStartOfDay(ZoneOffset.UTC), "%" + code)
                        .orElseThrow();
                value.append(" | replace('%")
                        .append(code)
                        .append("', '")
                        .append(stands)
                        .append("')");
            }
        }
        return "{% macro strftime_now(format) %}{{ " + value + " }}{% endmacro %}";
    }

    /**
     * JSON is Jinja but for null. What could end the comment or a block is escaped in texts, where alone its characters
     * can stand side by side.
     */
    private static String literal(JsonNode value, String none) {
        List<String> parts = new ArrayList<>();
        if (value.isArray()) {
            value.forEach(item -> parts.add(literal(item, none)));
            return "[" + String.join(", ", parts) + "]";
        }
        if (value.isObject()) {
            value.properties()
                    .forEach(entry -> parts.add(quoted(entry.getKey()) + ": " + literal(entry.getValue(), none)));
            return "{" + String.join(", ", parts) + " }"; // not }}, which would end an expression
        }
        return value.isNull() ? none : value.isTextual() ? quoted(value.textValue()) : value.asText();
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.chars().forEach(c -> {
            boolean plain = c >= ' ' && c != 0x7f && "\\\"#{}%".indexOf(c) < 0;
            quoted.append(plain ? String.valueOf((char) c) : String.format(Locale.ROOT, "\\u%04x", c));
        });
        return quoted.append('"').toString();
    }

    /** A text that {@link #text} wrote; anything else is nobody's but its author's. */
    private static Optional<TemplateSource> trained(String origin, String text) {
        int end = text.indexOf(CLOSING);
        if (!text.startsWith(OPENING) || end < 0) {
            return Optional.empty();
        }
        try {
            JsonNode said = JSON.readTree(text.substring(OPENING.length(), end));
            Map<String, Object> variables = said.has(VARIABLES)
                    ? JSON.convertValue(said.get(VARIABLES), new TypeReference<LinkedHashMap<String, Object>>() {})
                    : Map.of();
            Optional<LocalDate> day =
                    Optional.ofNullable(said.path(DAY).textValue()).map(LocalDate::parse);
            String jinja = text.substring(text.indexOf('\n') + 1);
            TemplateSource source = new TemplateSource(origin, jinja, variables, day);
            return source.text().equals(text) ? Optional.of(source) : Optional.empty();
        } catch (JsonProcessingException | DateTimeParseException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
