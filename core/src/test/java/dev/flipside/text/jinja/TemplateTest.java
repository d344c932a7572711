package dev.flipside.text.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.TestResources;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.math.BigInteger;
import java.util.ArrayList;
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
    Stream<DynamicTest> snippetsGiveWhatTransformersGives() {
        JsonNode snippets = TestResources.json("text/jinja/snippets.json");
        assertThat(snippets.size()).isGreaterThan(500);
        return StreamSupport.stream(snippets.spliterator(), false)
                .map(snippet -> DynamicTest.dynamicTest(snippet.path("source").asText(), () -> check(snippet)));
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

    /** Each ran for hours or took all memory. Most take less than a second now; ten are for a slow machine. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
                "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l == ns.l }}",
                "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ [1] in [ns.l] or ns.l in [ns.l] }}",
                "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l | tojson }}",
                "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
                "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ [ns.l, ns.l] | sort }}",
                "{% set ns = namespace(l=(1,)) %}{% for i in range(60) %}{% set ns.l = (ns.l, ns.l) %}{% endfor %}{{ {}.get(ns.l) }}",
                "{% set ns = namespace(l=(1,)) %}{% for i in range(60) %}{% set ns.l = (ns.l, ns.l) %}{% endfor %}{{ {}[ns.l] }}",
                "{% set ns = namespace(l=(1,)) %}{% for i in range(60) %}{% set ns.l = (ns.l, ns.l) %}{% endfor %}{{ ns.l in {} }}",
                "{% set ns = namespace(l=(1,)) %}{% for i in range(60) %}{% set ns.l = (ns.l, ns.l) %}{% endfor %}{{ [ns.l] | unique | list }}",
                "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ [ns.l] | select('==', ns.l) | list }}",
                "{% set ns = namespace(l={'a': 1}) %}{% for i in range(60) %}{% set ns.l = {'a': ns.l, 'b': ns.l} %}{% endfor %}{{ ns.l == ns.l }}",
                "{{ [1] | tojson(indent=10**9) }}",
                "{{ [[[[1]]]] | tojson(indent=9000000) }}",
                "{{ 'a' | indent(10**9, first=true) }}",
                "{{ 'a' * 10**9 }}",
                "{{ 'a'.ljust(10**9) }}",
                "{% set ns = namespace(l=[]) %}{% for i in range(99999) %}{% set ns.l = ns.l + ['x' * 16000000 ~ i] %}{% endfor %}",
                "{% set x = 'x' * 16000000 %}{{ range(99999) | map('replace', '1', x) | list | length }}",
                "{% set x = 'x' * 16000000 %}{{ [x, x, x] | sum(start='') | length }}",
                "{% set x = 'a' * 16000000 %}{{ ('a' * 8000000 ~ 'b') in x }}",
                "{% set x = 'a' * 16000000 %}{{ x.find('a' * 8000000 ~ 'b') }}",
                "{% set x = 'a' * 16000000 %}{{ x.split('a' * 8000000 ~ 'b') }}",
                "{% set x = 'a' * 16000000 %}{{ x | replace('a' * 8000000 ~ 'b', '') }}",
                "{% set x = 'a' * 16000000 %}{% for i in range(99999) %}{% set y = x.upper() %}{% endfor %}",
                "{% set x = 'a,' * 8000000 %}{{ x.split(',') | length }}",
                "{% set x = 'a,' * 8000000 %}{{ x.rsplit(',') | length }}",
                "{% set x = 'a ' * 8000000 %}{{ x.split() | length }}",
                "{% set x = 'a' * 16000000 %}{% for c in x %}{% endfor %}",
                "{% set x = '1' * 16000000 %}{{ (x ~ 'e') | float }}",
                "{% macro m(i) %}{% for j in range(99999) %}{% if range(99999) %}{% endif %}{% endfor %}{% endmacro %}{{ m(1) }}",
            })
    void workDepthAndMemoryAreBounded(String source) {
        ThreadMXBean clock = ManagementFactory.getThreadMXBean();
        long start = clock.getCurrentThreadCpuTime();
        assertThat(failure(source)).isNotNull();
        assertThat((clock.getCurrentThreadCpuTime() - start) / 1e9).isLessThan(10);
    }

    @Test
    void aNumberIsRoundedToAnyNumberOfDecimalsWithoutTakingMemoryForThem() {
        assertThat(render("{{ 1.5 | round(2000000000) }}")).isEqualTo("1.5");
        assertThat(render("{{ ('word ' * 1000) | int }}")).isEqualTo("0");
    }

    @Test
    void aLongConversationUsesLittleOfWhatATemplateMayCost() {
        Map<String, Object> variables = variables();
        List<Map<String, Object>> messages = new ArrayList<>();
        for (int i = 0; i < 2_000; i++) {
            messages.add(message(i % 2 == 0 ? "user" : "assistant", "Some words of a turn. ".repeat(20)));
        }
        variables.put("messages", messages);
        String source = "{% set ns = namespace(text='') %}{% for m in messages %}{% if m.role == 'user' or loop.last %}"
                + "{% set ns.text = m.content | trim %}{% endif %}{{ '<|' ~ m['role'] ~ '|>' + m.content.strip() ~ '\n' }}"
                + "{% if loop.index0 == messages | length - 1 %}{{ ns.text }}{% endif %}{% endfor %}";
        assertThat(Template.parse(source).render(variables, format -> Optional.empty()))
                .hasSizeGreaterThan(800_000);
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
                .hasMessage("the template takes more than 30000000 steps");
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
