package dev.flipside.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.flipside.config.StrictJson;

/**
 * The one way in which runs and comparisons read and write JSON: snake_case keys, {@code null} for numbers that are not
 * finite.
 */
public final class Json {
    public static final ObjectMapper MAPPER = StrictJson.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .addModule(new FiniteNumbers())
            .build();

    private Json() {}

    /** {@code value} without a line break in it. */
    public static String line(Object value) {
        return write(MAPPER, value);
    }

    /** {@code value} indented for people, with a final line break. */
    public static String pretty(Object value) {
        return write(MAPPER.copy().enable(SerializationFeature.INDENT_OUTPUT), value) + "\n";
    }

    private static String write(ObjectMapper mapper, Object value) {
        try {
            return mapper.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(value.getClass() + " cannot be written as JSON", e);
        }
    }
}
