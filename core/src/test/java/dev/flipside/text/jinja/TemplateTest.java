package dev.flipside.text.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The language against Jinja2 as transformers sets it up; what is not supported is an error that names it. */
class TemplateTest {
    private static final Map<String, String> DATES = Map.of(
            "%d %b %Y", "07 Mar 2025",
            "%Y-%m-%d", "2025-03-07",
            "%B %d, %Y %H:%M:%S %A", "March 07, 2025 09:05:03 Friday");

    private static Map<String, Object> variables() {
        Map<String, Object> variables = new HashMap<>();
        variables.put("messages", List.of(message("user", " Hi there "), message("assistant", "Yes")));
        variables.put("tools", null);
        variables.put("documents", null);
        variables.put("add_generation_prompt", false);
        variables.put("bos_token", "<s>");
        variables.put("eos_token", "</s>");
        return variables;
    }

    private static Map<String, Object> message(String role, String content) {
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("role", role);
        message.put("content", content);
        return message;
    }

    private static String render(String source) {
        return Template.parse(source).render(variables(), format -> Optional.ofNullable(DATES.get(format)));
    }

    private static TemplateException failure(String source) {
        return catchThrowableOfType(TemplateException.class, () -> render(source));
    }

    @TestFactory
    Stream<DynamicTest> snippetsGiveWhatTransformersGives() throws IOException {
        try (InputStream golden = TemplateTest.class.getResourceAsStream("/text/jinja/snippets.json")) {
            JsonNode snippets = new ObjectMapper().readTree(golden);
            assertThat(snippets.size()).isGreaterThan(500);
            return StreamSupport.stream(snippets.spliterator(), false)
                    .map(snippet ->
                            DynamicTest.dynamicTest(snippet.path("source").asText(), () -> check(snippet)));
        }
    }

    private static void check(JsonNode snippet) {
        String source = snippet.path("source").asText();
        if (snippet.has("text")) {
            assertThat(render(source)).isEqualTo(snippet.path("text").asText());
        } else {
            assertThat(failure(source)).isNotNull();
            assertThat(failure(source).line()).isPositive();
            assertThat(failure(source).isRefusal())
                    .isEqualTo(snippet.path("refusal").asBoolean());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "{{ 'a' | escape }}; the filter 'escape' is not supported",
                "{{ 'a' | safe + 'b' }}; the filter 'safe' is not supported",
                "{{ 'a b' | wordcount }}; the filter 'wordcount' is not supported",
                "{{ messages | groupby('role') }}; the filter 'groupby' is not supported",
                "{{ '%s' % 'x' }}; formatting a text with '%' is not supported",
                "{{ '{}'.format(1) }}; the string method 'format' is not supported",
                "{{ 'x'.encode() }}; the string method 'encode' is not supported",
                "{{ 'a' is escaped }}; the test 'escaped' is not supported",
                "{{ 1 is sameas 1 }}; the test 'sameas' is supported for true, false and none only",
                "{{ {'items': 3}.items }}; printing a 'function' is not supported",
                "{{ range(3) }}; printing a 'range' is not supported",
                "{{ messages | map('length') }}; printing a 'generator' is not supported",
                "{% for x in [1] %}{{ loop }}{% endfor %}; printing a 'LoopContext' is not supported",
                "{% for x in [1] %}{{ loop.depth }}{% endfor %}; 'loop.depth' is not supported",
                "{{ (5).real }}; the attribute 'real' of a number is not supported",
                "{{ lipsum(1) }}; the function 'lipsum' is not supported",
                "{% set j = joiner() %}; the function 'joiner' is not supported",
                "{{ 99999999999 * 99999999999 }}; a number has more than 64 bits, which is not supported",
                "{{ 100000000000000000000 }}; the number 100000000000000000000 has more than 64 bits, which is not supported",
                "{{ {1.5: 2} }}; a dict key of type 'float' is not supported",
                "{{ '\\N{DASH}' }}; the escape '\\N' is not supported",
                "{{ '²'.isdigit() }}; the string method 'isdigit' is not supported for '²'",
                "{% set x = 2 %}{{ -1 ** x }}; '**' after a sign is not supported: put the signed number in a variable",
                "{% set a = [1] %}{{ range(*a) }}; unpacking arguments with '*' is not supported",
                "{% for x in [1] recursive %}{% endfor %}; a recursive 'for' is not supported",
                "{% block a %}x{% endblock %}; the tag 'block' is not supported in a chat template",
                "{% include 'x' %}; the tag 'include' is not supported in a chat template",
                "{% import 'x' as y %}; the tag 'import' is not supported in a chat template",
                "{% extends 'x' %}; the tag 'extends' is not supported in a chat template",
                "{% autoescape true %}{% endautoescape %}; the tag 'autoescape' is not supported in a chat template",
                "{{ messages.append(1) }}; the method 'append' of a list is not allowed in a template",
                "{{ messages[0].update({'role': 'x'}) }}; the method 'update' of a dict is not allowed in a template",
                "{{ strftime_now('%Q') }}; strftime_now('%Q') has a code that is not supported",
            })
    void whatIsNotSupportedIsNamed(String source, String message) {
        assertThat(failure(source)).hasMessage(message);
        assertThat(failure(source).line()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "a\\n{{ 'x' | nope }}; 2",
                "{% if true %}\\n\\n{{ missing.x }}{% endif %}; 3",
                "{% for m in messages %}\\n{% if m.role == 'assistant' %}\\n{{ m.content + 1 }}{% endif %}{% endfor %}; 3",
                "{% macro f() %}\\n{{ 1 / 0 }}{% endmacro %}\\n\\n{{ f() }}; 2",
                "ok\\n\\n{% endfor %}; 3",
                "ok\\n{% if x }; 2",
                "ok\\n{# never ends; 2",
                "{{ 'a\\nb' }}\\n{{ a b }}; 3",
            })
    void anErrorHasTheLineOfItsTag(String source, int line) {
        assertThat(failure(source.replace("\\n", "\n")).line()).isEqualTo(line);
    }

    @Test
    void raiseExceptionIsTheTemplatesOwnRefusal() {
        TemplateException refused = failure("{{ raise_exception('roles must ' ~ 'alternate') }}");

        assertThat(refused).hasMessage("roles must alternate");
        assertThat(refused.isRefusal()).isTrue();
        assertThat(failure("{{ 1 / 0 }}").isRefusal()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% set ns = namespace(t='ab') %}{% for i in range(100) %}{% set ns.t = ns.t + ns.t %}{% endfor %}",
                "{% set ns = namespace(t='ab') %}{% for i in range(100) %}{% set ns.t = ns.t ~ ns.t %}{% endfor %}",
                "{% set ns = namespace(l=[1]) %}{% for i in range(100) %}{% set ns.l = ns.l + ns.l %}{% endfor %}",
                "{{ 'x' * 99999999999 }}",
                "{{ [1] * 9223372036854775807 }}",
                "{{ '' .join(['x' * 10000000, 'y' * 10000000]) }}",
                "{{ range(10000000) | list }}",
                "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
                "{{ ('x' * 1000000) | replace('x', 'y' * 1000) }}",
                "{{ 'x'.ljust(999999999) }}",
            })
    void whatATemplateMayCostIsBounded(String source) {
        assertThat(failure(source)).isNotNull();
    }

    @Test
    void deepNestingIsAnErrorAndNoCrash() {
        String deep = "(".repeat(100_000) + "1" + ")".repeat(100_000);
        assertThat(failure("{{ " + deep + " }}")).hasMessage("it is nested too deeply");
        assertThat(failure("{% if 1 %}".repeat(50_000) + "{% endif %}".repeat(50_000)))
                .hasMessage("it is nested too deeply");
    }

    @Test
    void endlessWorkStops() {
        String loop = "{% for a in range(100000) %}";
        assertThat(failure(loop.repeat(3) + "{{ '' }}" + "{% endfor %}".repeat(3)))
                .hasMessage("the template runs more than 5000000 statements");
    }

    @Test
    void theNamesItReadsAreKnown() {
        assertThat(Template.parse("{% macro f(a) %}{{ a }}{{ b }}{% endmacro %}{% set c = d %}{{ f(e) if g }}")
                        .names())
                .containsExactlyInAnyOrder("a", "b", "d", "e", "f", "g");
    }

    @Test
    void aRenderingChangesNothingThatItWasHanded() {
        Map<String, Object> variables = variables();
        Template template = Template.parse("{% set messages = [] %}{% set bos_token = 'x' %}{{ bos_token }}");

        assertThat(template.render(variables, format -> Optional.empty())).isEqualTo("x");
        assertThat(variables).isEqualTo(variables());
    }

    @Test
    void aVariableWithANumberTooLargeIsNamed() {
        Template template = Template.parse("{{ x }}");
        Map<String, Object> variables = Map.of("x", List.of(new BigInteger("18446744073709551616")));

        assertThatThrownBy(() -> template.render(variables, format -> Optional.empty()))
                .isInstanceOf(TemplateException.class)
                .hasMessage("the number 18446744073709551616 has more than 64 bits, which is not supported");
    }

    @Test
    void aVariableOfAnotherTypeIsOurMistake() {
        Template template = Template.parse("{{ x }}");

        assertThatThrownBy(() -> template.render(Map.of("x", new Object()), format -> Optional.empty()))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
