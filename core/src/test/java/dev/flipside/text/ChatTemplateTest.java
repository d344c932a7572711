package dev.flipside.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChatTemplateTest {
    private static final SpecialTokens CHATML = new SpecialTokens(
            Optional.of("<|im_start|>"), Optional.of("<|im_end|>"), Optional.empty(), Optional.empty());
    private static final Conversation HI = Conversation.ofPrompt("Hi");

    @TempDir
    Path folder;

    private static ChatTemplate template(String source) {
        return new ChatTemplate("test.jinja", source, CHATML, Golden.CLOCK);
    }

    @ParameterizedTest
    @ValueSource(strings = {"chatml", "default-system", "llama3-style", "qwen25-style", "qwen3-style", "mistral-style"})
    void renderingsAreThoseOfTransformers(String name) throws IOException {
        ChatTemplate template = template(Files.readString(Golden.resource("templates/" + name + ".jinja")));
        JsonNode cases = Golden.read().path("templates").path(name);
        assertThat(cases).hasSize(14);
        for (JsonNode example : cases) {
            Conversation conversation = Golden.conversation(example.path("messages"));
            boolean generate = example.path("add_generation_prompt").asBoolean();
            if (example.has("error")) {
                assertThatThrownBy(() -> template.render(conversation, generate))
                        .isInstanceOf(UserError.class)
                        .hasMessageEndingWith(example.path("error").asText());
            } else {
                assertThat(template.render(conversation, generate))
                        .isEqualTo(example.path("text").asText());
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "{{ 'abcabc'.split('b')[-1] }}; c",
                "{{ 'a.b'.split('.') | join('-') }}; a-b",
                "{{ ' a  b '.split() | length }}; 2",
                "{{ 'xxaxx'.strip('x') }}{{ 'xxaxx'.lstrip('x') }}{{ 'xxaxx'.rstrip('x') }}; aaxxxxa",
                "{{ 'Abc'.upper() }}{{ 'Abc'.lower() }}{{ 'aBC dE'.title() }}{{ 'aBC'.capitalize() }}; ABCabcAbc DeAbc",
                "{{ 'a' if 'abc'.startswith('ab') and not 'abc'.endswith('b') else 'b' }}; a",
                "{{ '-'.join(['a', 'b']) }}{{ 'abc'.find('c') }}{{ 'aa'.replace('a', 'b') }}; a-b2bb",
                "{% for m in messages[::-1] %}{{ m.role }}{% endfor %}; user",
                "{{ 'messages[::-1]' }}{# messages[::-1] #}; messages[::-1]",
                "{{ (messages + messages)[::-1] | length }}; 2",
                "{{ 'a | b is c' }}; a | b is c",
                "{{ strftime_now('%A %a %d %j %B %b %m %Y %y %H:%M:%S %I %p %%') }}; Friday Fri 07 066 March Mar 03 2025 25 09:05:03 09 AM %",
            })
    void pythonIdiomsOfTemplatesWork(String source, String expected) {
        assertThat(template(source).render(HI, false)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{{ messages | no_such_filter }}",
                "{% if messages is no_such_test %}{% endif %}",
                "{{ no_such_function('x') }}",
                "{{ 'a'.getClass() }}",
                "{{ 'a'.format('b') }}",
                "{{ messages.getClass() }}",
                "{% no_such_tag %}",
                "{% for m in messages %}",
                "{{ messages[0]. }}",
                "{% include '/etc/hostname' %}",
                "{% import 'x' as y %}",
                "{{ strftime_now('%Q') }}",
                "{{ missing.x }}",
                "{{ pad_token + 'x' }}",
            })
    void whatCannotBeRenderedIsAnErrorAndNeverMissingText(String source) {
        assertThatThrownBy(() -> template(source).render(HI, true))
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith("The chat template in test.jinja")
                .hasMessageEndingWith(".");
    }

    @Test
    void theTemplatesOwnRefusalIsQuoted() {
        assertThatThrownBy(() ->
                        template("{{ raise_exception('no system role here') }}").render(HI, true))
                .isInstanceOf(UserError.class)
                .hasMessage(
                        "The chat template in test.jinja refuses a conversation with roles [user]: no system role here");
    }

    @Test
    void jinjaInsideAMessageStaysText() {
        String hostile = "{{ messages }} {% for m in messages %}x{% endfor %} {# gone #} {{ raise_exception('x') }}";
        ChatTemplate template = template("{{ bos_token }}{{ messages[0]['content'] }}{{ missing }}");
        assertThat(template.render(Conversation.ofPrompt(hostile), true)).isEqualTo("<|im_start|>" + hostile);
    }

    @Test
    void aSpecialTokenThatIsNotNamedIsUndefinedAsInTransformers() {
        ChatTemplate printed =
                new ChatTemplate("t", "{{ bos_token }}a{{ bos_token is defined }}", SpecialTokens.NONE, Golden.CLOCK);
        ChatTemplate added = new ChatTemplate("t", "{{ bos_token + 'a' }}", SpecialTokens.NONE, Golden.CLOCK);

        assertThat(printed.render(HI, true)).isEqualTo("aFalse");
        assertThatThrownBy(() -> added.render(HI, true))
                .isInstanceOf(UserError.class)
                .hasMessage("The chat template in t (line 1) cannot be rendered: 'bos_token' is undefined.");
    }

    @Test
    void everyNamedTokenOfTheTokenizerReachesTheTemplate() throws IOException {
        Files.writeString(
                folder.resolve("tokenizer_config.json"),
                "{\"sep_token\": \"S\", \"cls_token\": {\"content\": \"C\"}, \"mask_token\": null}");
        ChatTemplate template = new ChatTemplate(
                "t", "{{ sep_token }}{{ cls_token }}{{ mask_token }}", SpecialTokens.load(folder), Golden.CLOCK);

        assertThat(template.render(HI, true)).isEqualTo("SC");
    }

    @Test
    void variablesOfTheConfigurationReachTheTemplate() {
        ChatTemplate template = template("{{ enable_thinking }} {{ more.a[0] }} {{ eos_token }} {{ sep_token }}")
                .with(Map.of(
                        "enable_thinking", false, "more", Map.of("a", List.of(1)), "eos_token", "E", "sep_token", "S"));

        assertThat(template.render(HI, true)).isEqualTo("False 1 E S");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "thinking; chat_template_kwargs: the chat template in test.jinja does not read 'thinking', so it would change nothing: remove it or correct its name.",
                "messages; chat_template_kwargs: 'messages' is set for every rendering and cannot be given: remove it.",
            })
    void aVariableThatChangesNothingIsRefused(String name, String message) {
        ChatTemplate template = template("{{ messages }}{{ enable_thinking }}");

        assertThatThrownBy(() -> template.with(Map.of(name, true)))
                .isInstanceOf(UserError.class)
                .hasMessage(message);
    }

    @Test
    void theFileComesBeforeTheConfigAndAListGivesItsDefault() throws IOException {
        assertThat(load()).isEmpty();
        Files.writeString(
                folder.resolve("tokenizer_config.json"),
                "{\"chat_template\": [{\"name\": \"tool_use\", \"template\": \"T\"}, {\"name\": \"default\", \"template\": \"D\"}]}");
        assertThat(load().orElseThrow().render(HI, true)).isEqualTo("D");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"chat_template\": \"S\"}");
        assertThat(load().orElseThrow().render(HI, true)).isEqualTo("S");
        Files.writeString(folder.resolve("chat_template.jinja"), "J");
        assertThat(load().orElseThrow().render(HI, true)).isEqualTo("J");
    }

    @ParameterizedTest
    @ValueSource(strings = {"7", "[]", "[{\"name\": \"tool_use\", \"template\": \"T\"}]", "{}"})
    void aConfigWithoutAUsableTemplateIsRefused(String value) throws IOException {
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"chat_template\": " + value + "}");
        assertThatThrownBy(this::load)
                .isInstanceOf(UserError.class)
                .hasMessageContaining("tokenizer_config.json has a chat_template that is neither");
    }

    @Test
    void concurrentRenderingsDoNotMix() {
        ChatTemplate template = template("{% for m in messages %}{{ m.content }}{% endfor %}");
        List<String> texts = IntStream.range(0, 200).mapToObj(i -> "text " + i).toList();
        assertThat(texts.parallelStream()
                        .map(text -> template.render(Conversation.ofPrompt(text), false))
                        .toList())
                .isEqualTo(texts);
    }

    private Optional<ChatTemplate> load() {
        return ChatTemplate.load(folder, SpecialTokens.NONE, Golden.CLOCK);
    }
}
