package dev.flipside.data;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.BoundedLines;
import dev.flipside.config.IoReason;
import dev.flipside.config.JsonReason;
import dev.flipside.config.StrictJson;
import dev.flipside.config.UserError;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.zip.GZIPInputStream;

/** JSON Lines and JSON documents, plain or gzipped; every fault names its line. */
final class JsonRows {
    /**
     * NaN and Infinity are no JSON, but Python writes them; {@link Margin} refuses them where they matter. Numbers keep
     * all their digits.
     */
    static final JsonMapper MAPPER = StrictJson.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build();

    /** One value and nothing behind it. */
    static final ObjectReader ONE_VALUE =
            MAPPER.readerFor(JsonNode.class).with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private final Path file;
    private final boolean compressed;

    JsonRows(Path file, boolean compressed) {
        this.file = file;
        this.compressed = compressed;
    }

    /** One object per line; blank lines are skipped. */
    void readLines(Consumer<Row> rows) {
        long number = 1;
        try (BufferedReader reader = open()) {
            for (String line = reader.readLine(); line != null; line = reader.readLine(), number++) {
                String json = number == 1 && line.startsWith(BYTE_ORDER_MARK) ? line.substring(1) : line;
                if (!json.isBlank()) {
                    rows.accept(row(number, ONE_VALUE.readValue(json)));
                }
            }
        } catch (JsonProcessingException e) {
            throw notJson(number, e);
        } catch (IOException e) {
            throw unreadable(number, e);
        }
    }

    /** An array of objects, or objects one after another. */
    void readDocument(Consumer<Row> rows) {
        long line = 1;
        try (BufferedReader reader = open();
                JsonParser parser = MAPPER.getFactory().createParser(withoutByteOrderMark(reader))) {
            JsonToken token = parser.nextToken();
            boolean array = token == JsonToken.START_ARRAY;
            if (array) {
                token = parser.nextToken();
            }
            while (token != null && token != JsonToken.END_ARRAY) {
                line = parser.currentTokenLocation().getLineNr();
                rows.accept(row(line, MAPPER.readTree(parser)));
                token = parser.nextToken();
            }
            if (array && (token == null || parser.nextToken() != null)) {
                throw new UserError(
                        file + " is not one JSON array: it is cut off, or text follows its end; write it again.");
            }
        } catch (JsonProcessingException e) {
            throw notJson(e.getLocation() == null ? line : e.getLocation().getLineNr(), e);
        } catch (IOException e) {
            throw unreadable(line, e);
        }
    }

    private Row row(long line, JsonNode node) {
        String where = file + ", line " + line;
        if (node instanceof ObjectNode columns) {
            return new Row(where, columns);
        }
        throw new UserError(where + " is not a JSON object: each row must be one, such as {\"prompt\": \"...\"}.");
    }

    private BufferedReader open() throws IOException {
        InputStream bytes = Files.newInputStream(file);
        try {
            InputStream plain = compressed ? new GZIPInputStream(bytes) : bytes;
            return new BoundedLines(plain);
        } catch (IOException e) {
            bytes.close();
            throw e;
        }
    }

    private static BufferedReader withoutByteOrderMark(BufferedReader reader) throws IOException {
        reader.mark(1);
        if (reader.read() != BYTE_ORDER_MARK.charAt(0)) {
            reader.reset();
        }
        return reader;
    }

    private UserError notJson(long line, JsonProcessingException cause) {
        return new UserError(
                file + ", line " + line + " is not valid JSON (" + JsonReason.of(cause) + "): correct that line.",
                cause);
    }

    private UserError unreadable(long line, IOException cause) {
        return new UserError(
                file + " cannot be read beyond line " + line + " (" + IoReason.of(cause) + "): it must be "
                        + (compressed ? "an undamaged gzip file of " : "") + "UTF-8 text.",
                cause);
    }
}
