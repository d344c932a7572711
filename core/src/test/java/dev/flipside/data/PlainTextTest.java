package dev.flipside.data;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.flipside.TestResources;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlainTextTest {
    @ParameterizedTest
    @CsvSource({
        "15000000.0, 15000000",
        "1.5E7, 15000000",
        "1e7, 10000000",
        "0.0005, 0.0005",
        "5e-4, 0.0005",
        "18.0, 18",
        "18, 18",
        "-0.0, 0",
        "-0, 0",
        "12345678.50, 12345678.5",
        "9007199254740993, 9007199254740993",
        "9007199254740993.0, 9007199254740993",
        "123456789012345678901234567890, 123456789012345678901234567890",
        "0.12345678901234567890123, 0.12345678901234567890123",
        "1e-7, 0.0000001",
        "1e2000, 1E+2000",
        "NaN, NaN"
    })
    void aNumberIsTheSameTextHoweverTheFileSpellsIt(String spelling, String text) throws JsonProcessingException {
        assertThat(PlainText.of(JsonRows.MAPPER.readTree(spelling))).isEqualTo(text);
    }

    /** Functions of a user's own get the types that they always got, and digits that a double would lose. */
    @Test
    void columnsKeepTheirTypes(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(
                folder.resolve("a.jsonl"),
                "{\"prompt\": \"p\", \"i\": 7, \"l\": 9007199254740993, \"b\": 12345678901234567890, \"d\": 1.50, \"e\": 0.12345678901234567890123, \"flag\": true, \"list\": [1, 2.5, null], \"map\": {\"k\": 1e7, \"none\": null}, \"none\": null}\n");
        Map<String, Object> columns = PromptData.read(file).get(0).columns();
        assertThat(columns)
                .containsEntry("i", 7)
                .containsEntry("l", 9007199254740993L)
                .containsEntry("b", new BigInteger("12345678901234567890"))
                .containsEntry("d", 1.5)
                .containsEntry("e", new BigDecimal("0.12345678901234567890123"))
                .containsEntry("flag", true)
                .doesNotContainKey("none");
        assertThat(columns.get("list").toString()).isEqualTo("[1, 2.5, null]");
        assertThat(columns.get("map").toString()).isEqualTo("{k=1.0E7, none=null}");
    }

    @Test
    void numbersOfParquetKeepTheirDigits() {
        Map<String, Object> columns = PromptData.read(TestResources.path("data/numbers.parquet"))
                .get(0)
                .columns();
        assertThat(columns)
                .containsEntry("float32", 0.1)
                .containsEntry("float64", 1.5e7)
                .containsEntry("nan", Double.NaN)
                .containsEntry("decimal", new BigDecimal("12345678901234567890.12345"))
                .containsEntry("uint64", new BigInteger("18446744073709551615"))
                .containsEntry("int64", 9007199254740993L)
                .containsEntry("text_without_type", "é")
                .containsEntry("bytes", "\\xFF\\x00");
        assertThat(PlainText.of(columns.get("zero"))).isEqualTo("0");
    }
}
