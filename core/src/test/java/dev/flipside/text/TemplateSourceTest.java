package dev.flipside.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.text.jinja.Template;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Templates as they are saved with what a training said beside them; the renderings are transformers'. */
class TemplateSourceTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final SpecialTokens TOKENS =
            new SpecialTokens(Optional.of("<s>"), Optional.of("</s>"), Optional.empty(), Optional.empty());
    private static final LocalDate ANOTHER_DAY = LocalDate.of(1999, 9, 9);
    private static final Conversation CONVERSATION = new Conversation(List.of(
            new Message(Message.SYSTEM, "Be brief."), Message.user("Hi"), Message.assistant("Yo"), Message.user("Go")));

    @TempDir
    Path folder;

    static List<JsonNode> cases() throws IOException {
        List<JsonNode> cases = new ArrayList<>();
        JSON.readTree(Golden.resource("trained_templates.json").toFile()).forEach(cases::add);
        return cases;
    }

    private static TemplateSource source(JsonNode example) throws IOException {
        String jinja = example.has("file")
                ? Files.readString(
                        Golden.resource("chat_templates/" + example.path("file").asText() + ".jinja"))
                : example.path("jinja").asText();
        Map<String, Object> variables = JSON.convertValue(example.path("variables"), new TypeReference<>() {});
        return new TemplateSource(
                "t",
                jinja,
                variables,
                Optional.ofNullable(example.path("day").textValue()).map(LocalDate::parse));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void whatIsSavedIsReadAgainAndRendersAlikeHereAndThere(JsonNode example) throws IOException {
        TemplateSource trained = source(example);
        String saved = trained.text();
        TemplateSource read = TemplateSource.of("t", saved);

        assertThat(saved).isEqualTo(example.path("opening").asText() + trained.jinja());
        assertThat(read.rendersAs(trained)).isTrue();
        String expected = example.path("rendered").asText();
        assertThat(read.template(TOKENS, TemplateSource.clock(ANOTHER_DAY)).render(CONVERSATION, true))
                .isEqualTo(expected);
        // By a Jinja that does not know what the first line means.
        assertThat(plain(saved, Map.of())).isEqualTo(expected);
        if (example.has("rendered_thinking")) {
            String thinking = example.path("rendered_thinking").asText();
            assertThat(plain(saved, Map.of("enable_thinking", true))).isEqualTo(thinking);
            assertThat(read.with(Map.of("enable_thinking", true), Optional.empty())
                            .template(TOKENS, TemplateSource.clock(ANOTHER_DAY))
                            .render(CONVERSATION, true))
                    .isEqualTo(thinking);
        }
    }

    private static String plain(String jinja, Map<String, Object> given) {
        Map<String, Object> variables = new HashMap<>(given);
        variables.put("bos_token", "<s>");
        variables.put("eos_token", "</s>");
        variables.put(
                "messages",
                CONVERSATION.messages().stream()
                        .map(m -> {
                            Map<String, Object> message = new LinkedHashMap<>();
                            message.put("role", m.role());
                            message.put("content", m.content());
                            return message;
                        })
                        .toList());
        variables.put("add_generation_prompt", true);
        return Template.parse(jinja)
                .render(variables, format -> Strftime.format(ANOTHER_DAY.atStartOfDay(ZoneOffset.UTC), format));
    }

    /** Somebody's own first line is a comment like any other. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{# Flipside trained with nothing #}x",
                "{# Flipside trained with {\"chat_template_date\": \"2025-13-40\" } #}\nx",
                "{# Flipside trained with {\"chat_template_kwargs\": {\"a\": 1 } } #}{% set a = 2 %}\nx{{ a }}",
                "{# Flipside trained with ",
                ""
            })
    void aLineThatWasNotWrittenHereSaysNothing(String text) {
        TemplateSource source = TemplateSource.of("t", text);
        assertThat(source.jinja()).isEqualTo(text);
        assertThat(source.text()).isEqualTo(text);
    }

    @Test
    void aDirectorySaysWhatItsModelWasTrainedWith() throws IOException {
        TemplateSource trained = new TemplateSource(
                "t", "{{ a }}{{ strftime_now('%Y') }}", Map.of("a", 1), Optional.of(LocalDate.of(2030, 1, 2)));
        Files.writeString(folder.resolve("chat_template.jinja"), trained.text());

        assertThat(TemplateSource.in(folder).orElseThrow().rendersAs(trained)).isTrue();
        assertThat(ChatTemplate.load(folder, SpecialTokens.NONE, Golden.CLOCK)
                        .orElseThrow()
                        .render(CONVERSATION, true))
                .isEqualTo("12030");
    }
}
