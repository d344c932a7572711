package dev.flipside.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.SharedFiles;
import dev.flipside.TestResources;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A column may have any name: it is neither taken for a word of SQL nor for another column. */
class ColumnNamesTest {
    @TempDir
    Path folder;

    private Path csv(String text) throws IOException {
        return Files.writeString(folder.resolve("a.csv"), text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"t", "T", "select", "rowid", "read_csv", "a b", "\"x\"\"y\"", "é", "#1", "*", "column0"})
    void aColumnOfACsvFileMayHaveAnyName(String name) throws IOException {
        Path file = csv("prompt,chosen,rejected," + name + "\nHi,Good,Bad,3\n");
        Row row = Rows.read(file).get(0);
        assertThat(row.names()).startsWith("prompt", "chosen", "rejected").hasSize(4);
        assertThat(row.requireText(name.equals("\"x\"\"y\"") ? "x\"y" : name)).isEqualTo("3");
        assertThat(PairShape.read(row).chosen()).isEqualTo("Good");
    }

    @Test
    void theCaseOfSharedIsRead() {
        Path file = SharedFiles.require("cases/tables/t-column.csv");
        assertThat(PromptData.read(file).get(0).columns()).containsEntry("t", "3");
    }

    @Test
    void namesThatDifferOnlyInCaseStayApart() throws IOException {
        Row row = Rows.read(csv("Prompt,prompt,PROMPT\na,b,c\n")).get(0);
        assertThat(row.names()).containsExactly("Prompt", "prompt", "PROMPT");
        assertThat(row.requireText("prompt")).isEqualTo("b");
    }

    @Test
    void columnsWithoutNamesAreNumbered() throws IOException {
        Row row = Rows.read(csv(",prompt,column0,\n1,p,2,3\n")).get(0);
        assertThat(row.names()).containsExactly("column0_", "prompt", "column0", "column3");
        assertThat(row.requireText("column0")).isEqualTo("2");
    }

    @Test
    void twoColumnsOfOneNameAreRefused() throws IOException {
        Path file = csv("prompt,prompt\na,b\n");
        String problem =
                " has two columns named 'prompt', and only one of them could be read: rename or remove the other.";
        assertThatThrownBy(() -> Rows.read(file)).isInstanceOf(UserError.class).hasMessage(file + problem);
        Path parquet = TestResources.path("data/twice.parquet");
        assertThatThrownBy(() -> Rows.read(parquet))
                .isInstanceOf(UserError.class)
                .hasMessage(parquet + problem);
    }

    @Test
    void aColumnOfAParquetFileMayHaveAnyName() {
        Row row = Rows.read(TestResources.path("data/names.parquet")).get(0);
        assertThat(row.names())
                .containsExactly(
                        "t", "prompt", "Prompt", "chosen", "rejected", "column5", "#1", "é\"q'", "select * from t");
        PairShape pair = PairShape.read(row);
        assertThat(List.of(pair.chosenPrompt().last().content(), pair.chosen(), pair.rejected()))
                .containsExactly("p", "good", "bad");
        assertThat(row.requireText("Prompt")).isEqualTo("other");
        assertThat(row.require("t").get("prompt").asText()).isEqualTo("inner");
        assertThat(row.requireText("é\"q'")).isEqualTo("quoted");
    }

    @Test
    void fieldsInsideAColumnThatCannotBeToldApartAreRefused() {
        Path file = TestResources.path("data/inside.parquet");
        assertThatThrownBy(() -> Rows.read(file))
                .isInstanceOf(UserError.class)
                .hasMessage(
                        file
                                + " has inside 'info' two fields named 'K' when case does not count, which cannot be told apart: rename one of them.");
    }

    /** DuckDB would take the folder's name for a column of every row and put it in the place of the file's own. */
    @ParameterizedTest
    @ValueSource(strings = {"a.csv", "names.parquet"})
    void aFolderNamedLikeAColumnChangesNothing(String name) throws IOException {
        Path part = Files.createDirectories(folder.resolve("prompt=wrong"));
        Path file = part.resolve(name);
        if (name.endsWith(".csv")) {
            Files.writeString(file, "prompt,chosen,rejected\np,good,bad\n");
        } else {
            Files.copy(TestResources.path("data/" + name), file);
        }
        assertThat(Rows.read(file).get(0).requireText("prompt")).isEqualTo("p");
    }

    @Test
    void emptyLinesBeforeTheHeaderAreNoRows() throws IOException {
        List<Row> rows = Rows.read(csv("\n\nprompt,t\np,1\n"));
        assertThat(rows).hasSize(1);
        assertThat(rows.get(0).requireText("prompt")).isEqualTo("p");
    }
}
