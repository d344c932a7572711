package dev.flipside.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;

class JsonReasonTest {
    private static String of(ObjectMapper mapper, String text) {
        JacksonException e = Assertions.catchThrowableOfType(JacksonException.class, () -> mapper.readTree(text));
        assertThat(IoReason.of(e)).isEqualTo(JsonReason.of(e));
        return JsonReason.of(e);
    }

    @Test
    void theParsersOwnPlaceIsLeftOut() {
        assertThat(of(StrictJson.MAPPER, "{\"a\": 1"))
                .isEqualTo("Unexpected end-of-input: expected close marker for Object");
        assertThat(of(StrictJson.MAPPER, "{\"a\": tru}"))
                .startsWith("Unrecognized token 'tru'")
                .hasLineCount(1);
        assertThat(of(StrictJson.MAPPER, "{\"a\": 1, \"a\": 2}")).isEqualTo("Duplicate field 'a'");
    }

    @Test
    void yamlIsToldInOneLine() {
        assertThat(of(new YAMLMapper(), "a: [1, 2\nb: 3\n"))
                .startsWith("while parsing a flow sequence, expected ','")
                .doesNotContain("reader", "line ")
                .hasLineCount(1);
        assertThat(of(new YAMLMapper(), "a: 1\n\tb: 2\n"))
                .contains("cannot start any token")
                .hasLineCount(1);
    }
}
