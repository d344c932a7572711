package dev.flipside.config;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.Function;

/**
 * An option that may have no number: beside YAML's {@code null} it is written {@link #NONE}, as the reference has it.
 *
 * @param <N> the number
 * @param <O> the option
 */
final class NumberOrNone<N, O> extends JsonDeserializer<O> {
    static final String NONE = "none";

    private final Class<N> number;
    private final Function<N, O> present;
    private final O none;

    private NumberOrNone(Class<N> number, Function<N, O> present, O none) {
        this.number = number;
        this.present = present;
        this.none = none;
    }

    static SimpleModule module() {
        return new SimpleModule()
                .addDeserializer(
                        OptionalInt.class, new NumberOrNone<>(Integer.class, OptionalInt::of, OptionalInt.empty()))
                .addDeserializer(
                        OptionalDouble.class,
                        new NumberOrNone<>(Double.class, OptionalDouble::of, OptionalDouble.empty()));
    }

    /**
     * Writes {@link #NONE} for what is absent where a default is not: nothing written is taken for a forgotten value.
     */
    static void spell(ObjectNode tree, JsonNode defaults) {
        for (Map.Entry<String, JsonNode> section : defaults.properties()) {
            for (Map.Entry<String, JsonNode> key : section.getValue().properties()) {
                JsonNode value = tree.path(section.getKey()).path(key.getKey());
                if (value.isNull() && !key.getValue().isNull()) {
                    ((ObjectNode) tree.get(section.getKey())).put(key.getKey(), NONE);
                }
            }
        }
    }

    @Override
    public O deserialize(JsonParser parser, DeserializationContext context) throws IOException {
        return parser.hasToken(JsonToken.VALUE_STRING) && parser.getText().equals(NONE)
                ? none
                : present.apply(context.readValue(parser, number));
    }

    @Override
    public O getNullValue(DeserializationContext context) {
        return none;
    }
}
