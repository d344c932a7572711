package dev.flipside.run;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.module.SimpleModule;
import java.io.IOException;

/**
 * For Jackson: numbers that are not finite are written as {@code null}. JSON has none, and Jackson alone would write
 * the text {@code "NaN"}.
 */
public final class FiniteNumbers extends SimpleModule {
    private static final long serialVersionUID = 1L;

    public FiniteNumbers() {
        super("finite numbers");
        addSerializer(Double.class, new FiniteOrNull());
        addSerializer(double.class, new FiniteOrNull());
        addSerializer(double[].class, new FinitesOrNulls());
    }

    private static void writeFinite(double value, JsonGenerator generator) throws IOException {
        if (Double.isFinite(value)) {
            generator.writeNumber(value);
        } else {
            generator.writeNull();
        }
    }

    private static final class FiniteOrNull extends JsonSerializer<Double> {
        @Override
        public void serialize(Double value, JsonGenerator generator, SerializerProvider provider) throws IOException {
            writeFinite(value, generator);
        }
    }

    private static final class FinitesOrNulls extends JsonSerializer<double[]> {
        @Override
        public void serialize(double[] values, JsonGenerator generator, SerializerProvider provider)
                throws IOException {
            generator.writeStartArray();
            for (double value : values) {
                writeFinite(value, generator);
            }
            generator.writeEndArray();
        }
    }
}
