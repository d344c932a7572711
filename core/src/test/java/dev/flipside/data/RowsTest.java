package dev.flipside.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.flipside.config.UserError;
import dev.flipside.text.Conversation;
import dev.flipside.text.Message;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RowsTest {
    private static final String LINES = "{\"prompt\": \"a\", \"n\": 1}\n{\"prompt\": \"b\", \"n\": 2}\n";
    private static final String ARRAY = "[{\"prompt\": \"a\", \"n\": 1},\n {\"prompt\": \"b\", \"n\": 2}]\n";

    @TempDir
    Path folder;

    private Path write(String name, byte[] content) throws IOException {
        Path file = folder.resolve(name);
        try (OutputStream out = name.endsWith(".gz")
                ? new GZIPOutputStream(Files.newOutputStream(file))
                : Files.newOutputStream(file)) {
            out.write(content);
        }
        return file;
    }

    private Path write(String name, String content) throws IOException {
        return write(name, content.getBytes(StandardCharsets.UTF_8));
    }

    private Path parquet(String name, String select) throws SQLException {
        Path file = folder.resolve(name);
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = connection.createStatement()) {
            statement.execute("COPY (" + select + ") TO '" + file + "' (FORMAT parquet)");
        }
        return file;
    }

    private static List<String> prompts(Path file) {
        return Rows.read(file).stream().map(row -> row.requireText("prompt")).toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.jsonl", "a.jsonl.gz", "a.json", "a.json.gz", "A.JSONL"})
    void jsonLines(String name) throws IOException {
        assertThat(prompts(write(name, "\uFEFF" + LINES + "\n"))).containsExactly("a", "b");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.json", "a.json.gz"})
    void jsonArrays(String name) throws IOException {
        Path file = write(name, ARRAY);
        assertThat(prompts(file)).containsExactly("a", "b");
        assertThat(Rows.read(file).get(1).where()).isEqualTo(file + ", line 2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.jsonl", "a.jsonl.gz", "a.json"})
    void aKeyGivenTwiceIsRefused(String name) throws IOException {
        Path file = write(name, LINES + "\n{\"prompt\": \"c\", \"meta\": {\"x\": 1, \"x\": 2}}\n");
        assertThatThrownBy(() -> Rows.read(file))
                .isInstanceOf(UserError.class)
                .hasMessageContaining(file + ", line ")
                .hasMessageContaining("Duplicate field 'x'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.csv", "a.csv.gz", "odd [1]*.csv"})
    void csv(String name) throws IOException {
        Path file = write(name, "prompt,n,empty\n\"a, \"\"b\"\";\nc\",007,\nd,1e5,x\n");
        List<Row> rows = Rows.read(file);
        assertThat(prompts(file)).containsExactly("a, \"b\";\nc", "d");
        assertThat(rows.get(0).requireText("n")).as("cells stay texts").isEqualTo("007");
        assertThat(rows.get(0).has("empty")).isFalse();
        assertThat(rows.get(1).where()).isEqualTo(file + ", row 2");
    }

    @Test
    void csvHoldsPreferencesWithMargins() throws IOException {
        Path file = write("a.csv", "prompt,chosen,rejected,gap\np,good,bad,1.5\n");
        assertThat(PreferenceData.read(file, new Margin.Column("gap")).pairs())
                .containsExactly(new Preference(Conversation.ofPrompt("p"), "good", "bad", OptionalDouble.of(1.5)));
    }

    @Test
    void parquetWithNestedMessages() throws SQLException {
        Path file = parquet(
                "a.parquet",
                """
                SELECT [{'role': 'user', 'content': 'p "q" ' || i}, {'role': 'assistant', 'content': 'good'}] AS chosen,
                       [{'role': 'user', 'content': 'p "q" ' || i}, {'role': 'assistant', 'content': 'bad'}] AS rejected,
                       8.5::DOUBLE AS score_chosen, 7 AS score_rejected
                FROM range(3000) t(i) ORDER BY i""");
        List<Preference> pairs =
                PreferenceData.read(file, new Margin.ScoreDifference()).pairs();
        assertThat(pairs).hasSize(3000);
        assertThat(pairs.get(2999))
                .isEqualTo(
                        new Preference(Conversation.ofPrompt("p \"q\" 2999"), "good", "bad", OptionalDouble.of(1.5)));
    }

    @Test
    void parquetColumnsReachTheExamples() throws SQLException {
        Path file =
                parquet("a.parquet", "SELECT 'p' AS prompt, [1, 2] AS answer, {'k': 'v'} AS info, NULL::INT AS none");
        assertThat(PromptData.read(file))
                .containsExactly(new PromptExample(
                        new Conversation(List.of(Message.user("p"))),
                        Map.of("answer", List.of(1, 2), "info", Map.of("k", "v"))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.jsonl", "a.json", "a.json.gz", "a.jsonl.gz", "a.csv"})
    void aFileWithoutRowsIsRefused(String name) throws IOException {
        Path file = write(name, name.endsWith(".csv") ? "prompt,n\n" : "");
        assertThatThrownBy(() -> Rows.read(file))
                .isInstanceOf(UserError.class)
                .hasMessage(file + " has no rows: give a data file with at least one.");
    }

    @Test
    void aMissingFileAndAnUnknownEndingAreNamed() throws IOException {
        assertThatThrownBy(() -> Rows.read(folder.resolve("no.jsonl")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("no.jsonl is missing");
        Path text = write("a.txt", LINES);
        assertThatThrownBy(() -> Rows.read(text))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("a.txt has a name whose ending is not known");
        assertThatThrownBy(() -> Rows.read(Files.createDirectory(folder.resolve("empty"))))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("a folder without files");
    }

    @Test
    void damagedFilesAreNamedWithTheLine() throws IOException {
        assertRefused(write("cut.json", "[{\"prompt\": \"a\"},\n{\"prompt\": \"b\"}"), "cut.json");
        assertRefused(
                write("bad.json", "[{\"prompt\": \"a\"},\n{\"prompt\" \"b\"}]"), "bad.json, line 2 is not valid JSON");
        assertRefused(write("more.json", ARRAY + "[]"), "more.json is not one JSON array");
        assertRefused(
                write("latin.jsonl", "{\"prompt\": \"gr\u00fcn\"}".getBytes(StandardCharsets.ISO_8859_1)),
                "latin.jsonl cannot be read beyond line 1");
        assertRefused(write("deep.jsonl", "[".repeat(5000)), "deep.jsonl, line 1 is not valid JSON");
        assertRefused(write("text.parquet", LINES), "text.parquet cannot be read");
        assertRefused(write("ragged.csv", "a,b\n1,2\n1,2,3,4\n\"open"), "ragged.csv cannot be read");
        assertRefused(write("wide.csv", "a,b\n1,2\n1,2,3,4\n"), "wide.csv cannot be read");
        Path notGzip = Files.writeString(folder.resolve("plain.jsonl.gz"), LINES);
        assertRefused(notGzip, "plain.jsonl.gz cannot be read beyond line 1");
        byte[] whole = Files.readAllBytes(write("whole.jsonl.gz", LINES.repeat(100)));
        Path half = Files.write(folder.resolve("half.jsonl.gz"), Arrays.copyOf(whole, whole.length / 2));
        assertRefused(half, "half.jsonl.gz");
    }

    @Test
    void aFileThatMayNotBeReadIsToldSo() throws IOException {
        for (String name : List.of("a.jsonl", "a.csv", "a.json")) {
            Path file = write(name, LINES);
            Files.setPosixFilePermissions(file, Set.of());
            assumeFalse(Files.isReadable(file), "the superuser may read all files");
            assertRefused(file, name + " cannot be read (permission denied): correct its permissions.");
        }
    }

    @Test
    void whatIsWrongWithARowIsSaidInItsOwnTerms() throws IOException {
        assertThatThrownBy(() -> Rows.read(write("open.jsonl", "{\"prompt\": \"a\"}\n{\"prompt\": \"b\"\n")))
                .hasMessage(
                        folder.resolve("open.jsonl")
                                + ", line 2 is not valid JSON (Unexpected end-of-input: expected close marker for Object): correct that line.");
        assertRefused(
                write("row.jsonl", "{\"prompt\": \"gr\u00fcn\"}".getBytes(StandardCharsets.ISO_8859_1)),
                "beyond line 1 (not UTF-8 text): it must be UTF-8 text.");
    }

    private static void assertRefused(Path file, String message) {
        assertThatThrownBy(() -> Rows.read(file)).isInstanceOf(UserError.class).hasMessageContaining(message);
    }

    @Test
    void aFolderOfShardsIsReadInTheOrderOfItsNames() throws IOException {
        Path shards = Files.createDirectory(folder.resolve("shards"));
        Files.writeString(shards.resolve("b.jsonl"), "{\"n\": 3}\n");
        Files.writeString(shards.resolve("a.jsonl"), "{\"n\": 1}\n{\"n\": 2}\n");
        Files.writeString(shards.resolve(".hidden"), "no data");
        List<Row> rows = Rows.read(shards);
        assertThat(rows).extracting(row -> row.require("n").asInt()).containsExactly(1, 2, 3);
        assertThat(rows.get(2).where()).isEqualTo(shards.resolve("b.jsonl") + ", line 1");
    }
}
