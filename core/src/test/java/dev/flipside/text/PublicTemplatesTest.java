package dev.flipside.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.config.UserError;
import dev.flipside.text.jinja.Template;
import dev.flipside.text.jinja.TemplateException;
import java.io.IOException;
import java.nio.file.Files;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The chat templates of public models, against what transformers renders: every text to the character, every refusal in
 * the template's words.
 */
class PublicTemplatesTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final JsonNode GOLDEN = golden();

    private static JsonNode golden() {
        try {
            return JSON.readTree(Golden.resource("chat_templates/golden.json").toFile());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    static Stream<String> templates() {
        List<String> names = new ArrayList<>();
        GOLDEN.path("templates").fieldNames().forEachRemaining(names::add);
        return names.stream();
    }

    @Test
    void theFamiliesThatFlipsideReadsAreAmongThem() {
        assertThat(templates())
                .contains("llama-2", "llama-3", "llama-3.1", "llama-3.2", "llama-3.3")
                .contains("qwen1.5", "qwen2", "qwen2.5", "qwen3", "mistral-v0.1", "mistral-v0.3", "mistral-nemo")
                .contains("gemma", "gemma-2", "gemma-3", "phi-3", "phi-3.5", "phi-4", "smollm2", "smollm3", "olmo-2")
                .contains("zephyr", "chatml", "granite-3.3", "deepseek-r1-distill")
                .hasSizeGreaterThan(60);
    }

    @ParameterizedTest
    @MethodSource("templates")
    void renderingsAreThoseOfTransformers(String name) throws IOException {
        JsonNode golden = GOLDEN.path("templates").path(name);
        String source = Files.readString(Golden.resource("chat_templates/" + name + ".jinja"));
        ChatTemplate template = new ChatTemplate(name, source, tokens(golden.path("tokens")), Golden.CLOCK);

        assertThat(golden.path("cases").size()).isGreaterThanOrEqualTo(28);
        for (JsonNode example : golden.path("cases")) {
            if (example.path("parts").asBoolean()) {
                checkParts(source, golden.path("tokens"), example);
            } else {
                check(template.with(variables(example)), example);
            }
        }
    }

    private static void check(ChatTemplate template, JsonNode example) {
        Conversation conversation = Golden.conversation(conversation(example));
        boolean generate = example.path("add_generation_prompt").asBoolean();
        if (example.has("text")) {
            assertThat(template.render(conversation, generate))
                    .as(example.path("case").asText())
                    .isEqualTo(example.path("text").asText());
        } else {
            String ending =
                    example.path("refusal").asBoolean() ? example.path("error").asText() : ".";
            assertThatThrownBy(() -> template.render(conversation, generate))
                    .as(example.path("case").asText())
                    .isInstanceOf(UserError.class)
                    .hasMessageEndingWith(ending);
        }
    }

    private static JsonNode conversation(JsonNode example) {
        return GOLDEN.path("conversations").path(example.path("case").asText());
    }

    /**
     * Content as a list of parts, as some templates take it; conversations here hold text, so the template is rendered
     * below {@link ChatTemplate}.
     */
    private static void checkParts(String source, JsonNode tokens, JsonNode example) {
        Map<String, Object> variables = new HashMap<>(map(tokens));
        List<Object> messages = new ArrayList<>();
        for (JsonNode message : conversation(example)) {
            Map<String, Object> part =
                    ordered("type", "text", "text", message.path("content").asText());
            messages.add(ordered("role", message.path("role").asText(), "content", List.of(part)));
        }
        variables.put("messages", messages);
        variables.put("add_generation_prompt", true);
        variables.put("tools", null);
        variables.put("documents", null);
        Template template = Template.parse(source);
        if (example.has("text")) {
            assertThat(template.render(variables, PublicTemplatesTest::now))
                    .isEqualTo(example.path("text").asText());
        } else {
            assertThatThrownBy(() -> template.render(variables, PublicTemplatesTest::now))
                    .isInstanceOf(TemplateException.class);
        }
    }

    /** Some templates print a message as it is, and {@code Map.of} has another order in every JVM. */
    private static Map<String, Object> ordered(String first, Object one, String second, Object two) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put(first, one);
        map.put(second, two);
        return map;
    }

    private static Optional<String> now(String format) {
        return Strftime.format(ZonedDateTime.now(Golden.CLOCK), format);
    }

    private static SpecialTokens tokens(JsonNode tokens) {
        return new SpecialTokens(
                Optional.ofNullable(tokens.path("bos_token").textValue()),
                Optional.ofNullable(tokens.path("eos_token").textValue()),
                Optional.empty(),
                Optional.empty());
    }

    private static Map<String, Object> variables(JsonNode example) {
        return map(example.path("variables"));
    }

    private static Map<String, Object> map(JsonNode node) {
        Map<String, Object> map = new HashMap<>();
        node.properties().forEach(entry -> map.put(entry.getKey(), JSON.convertValue(entry.getValue(), Object.class)));
        return map;
    }
}
