package dev.flipside.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.UserError;
import dev.flipside.data.Margin;
import dev.flipside.data.PreferenceData;
import dev.flipside.data.Row;
import dev.flipside.data.Rows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Datasets by name: which files are which split, as the library datasets sorts them. */
class DatasetTest {
    private static final String REPO = "datasets/org/pairs";

    @TempDir
    Path folder;

    private TestHub server;

    @BeforeEach
    void start() throws IOException {
        server = new TestHub();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private static HubName name(String text) {
        return HubName.require(RepoType.DATASET, text);
    }

    private List<String> texts(String text) {
        Path path = server.client(folder.resolve("cache")).dataset(name(text));
        return Rows.read(path).stream().map(row -> row.requireText("text")).toList();
    }

    private void commit(String... pathsAndTexts) {
        Map<String, byte[]> files = new TreeMap<>();
        for (int i = 0; i < pathsAndTexts.length; i += 2) {
            boolean data = pathsAndTexts[i].endsWith(".jsonl");
            files.put(
                    pathsAndTexts[i],
                    TestHub.bytes(data ? "{\"text\": \"" + pathsAndTexts[i + 1] + "\"}\n" : pathsAndTexts[i + 1]));
        }
        server.commit(REPO, "main", files);
    }

    private byte[] parquet(String query) throws IOException, SQLException {
        Path file = Files.createTempDirectory(folder, "parquet").resolve("made.parquet");
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = connection.createStatement()) {
            statement.execute("COPY (" + query + ") TO '" + file + "' (FORMAT parquet)");
        }
        return Files.readAllBytes(file);
    }

    @Test
    void splitsByTheNamesOfShards() {
        commit(
                "data/train-00001-of-00002.jsonl", "b",
                "data/train-00000-of-00002.jsonl", "a",
                "data/test_prefs-00000-of-00001.jsonl", "t",
                "README.md", "# no metadata");
        assertThat(texts("org/pairs")).containsExactly("a", "b");
        assertThat(texts("org/pairs:test_prefs")).containsExactly("t");
        assertThat(texts("org/pairs:default/train")).containsExactly("a", "b");
        assertThatThrownBy(() -> texts("org/pairs:validation"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("has no split 'validation'; it has test_prefs, train");
        assertThatThrownBy(() -> texts("org/pairs:other/train"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("has no configuration 'other'; it has default");
    }

    @Test
    void splitsByWordsInNamesAndFolders() {
        commit(
                "harmless/train/pairs.jsonl", "h",
                "my-dev-set.jsonl", "d",
                "evaluation/x.jsonl", "e",
                "latest.jsonl", "l");
        assertThat(texts("org/pairs:validation")).containsExactly("d");
        assertThat(texts("org/pairs:test")).containsExactly("e");
        // "latest" has the letters of test and is not the word.
        assertThat(texts("org/pairs")).containsExactly("h", "l");
    }

    @Test
    void configurationsByTheCard() {
        commit(
                "README.md",
                """
                ---
                license: mit
                configs:
                - config_name: main
                  default: true
                  data_files:
                  - split: train
                    path: main/tr-*
                  - split: test
                    path: [main/te-1.jsonl, "main/te-2.jsonl"]
                - config_name: hard
                  data_files: "hard/**/*.jsonl"
                ---
                # Pairs
                """,
                "main/tr-1.jsonl",
                "m1",
                "main/te-2.jsonl",
                "t2",
                "main/te-1.jsonl",
                "t1",
                "hard/deep/er/x.jsonl",
                "x",
                "hard/y.jsonl",
                "y",
                "loose.jsonl",
                "z");
        assertThat(texts("org/pairs")).containsExactly("m1");
        assertThat(texts("org/pairs:test")).containsExactly("t1", "t2");
        assertThat(texts("org/pairs:hard/train")).containsExactlyInAnyOrder("x", "y");
        List<HubFile> all = server.client(folder.resolve("cache"))
                .pull(name("org/pairs"), Patterns.NONE, Optional.empty())
                .files();
        assertThat(all).extracting(HubFile::path).hasSize(5).doesNotContain("loose.jsonl");
    }

    /** A card is a stranger's: its words must not become paths, and its patterns may be none. */
    @Test
    void aCardCannotLeadOutOfTheCache() {
        commit(
                "README.md",
                "---\nconfigs:\n- config_name: ../../../../outside\n  data_files: [\"[\", \"*.jsonl\"]\n---\n",
                "a.jsonl",
                "a",
                "b.jsonl",
                "b");
        assertThatThrownBy(() -> texts("org/pairs"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("'../../../../outside', which is no plain name");
        assertThat(folder.resolve("outside")).doesNotExist();
    }

    @Test
    void severalConfigurationsWithoutADefaultMustBeNamed() {
        commit(
                "README.md",
                "---\nconfigs:\n- config_name: en\n  data_files: en.jsonl\n- config_name: de\n  data_files: de.jsonl\n---\n",
                "en.jsonl",
                "e",
                "de.jsonl",
                "d");
        assertThat(texts("org/pairs:de/train")).containsExactly("d");
        assertThatThrownBy(() -> texts("org/pairs"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("several configurations (en, de); say which, such as org/pairs:en/train");
    }

    @Test
    void aRepositoryWithAScriptOnlyIsReadFromTheHubsConversion() throws Exception {
        commit("pairs.py", "import os", "dataset_infos.json", "{}");
        server.commit(
                REPO,
                "refs/convert/parquet",
                new TreeMap<>(Map.of(
                        "default/train/0000.parquet", parquet("SELECT 'p0' AS text"),
                        "default/train/0001.parquet", parquet("SELECT 'p1' AS text"),
                        "default/partial-test/0000.parquet", parquet("SELECT 'q' AS text"))));
        assertThat(texts("org/pairs:train")).containsExactly("p0", "p1");
        Lines lines = new Lines();
        Hub hub = new Hub(server.settings(folder.resolve("cache")), lines);
        assertThat(Rows.read(hub.dataset(name("org/pairs:test")))).hasSize(1);
        assertThat(lines.lines).anyMatch(l -> l.contains("only the beginning"));

        Hub offline = new Hub(server.offline(folder.resolve("cache")), lines);
        assertThat(Rows.read(offline.dataset(name("org/pairs:train")))).hasSize(2);
    }

    @Test
    void nothingToReadIsToldWithWhatIsThere() {
        commit("images.zip", "PK");
        server.commit(REPO, "refs/convert/parquet", Map.of("README.md", TestHub.bytes("x")));
        assertThatThrownBy(() -> texts("org/pairs"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("has no data that Flipside reads")
                .hasMessageContaining("images.zip");
    }

    /** Shards of Parquet with messages, read as any preference file. */
    @Test
    void shardsOfPreferencesAreOneSet() throws Exception {
        String row =
                "SELECT [{'role': 'user', 'content': 'q%d'}, {'role': 'assistant', 'content': 'good'}] AS chosen, [{'role': 'user', 'content': 'q%d'}, {'role': 'assistant', 'content': 'bad'}] AS rejected";
        server.commit(
                REPO,
                "main",
                new TreeMap<>(Map.of(
                        "data/train-00000-of-00002.parquet", parquet(row.formatted(1, 1)),
                        "data/train-00001-of-00002.parquet", parquet(row.formatted(2, 2)))));
        Path split = server.client(folder.resolve("cache")).dataset(name("org/pairs"));
        PreferenceData data = PreferenceData.read(split, new Margin.None());
        assertThat(data.pairs()).extracting(p -> p.prompt().last().content()).containsExactly("q1", "q2");
        assertThat(HubSource.of(split))
                .hasValueSatisfying(s -> assertThat(s.name()).isEqualTo("org/pairs"));
        Row second = Rows.read(split).get(1);
        assertThat(second.where()).endsWith("00001-train-00001-of-00002.parquet, row 1");
    }
}
