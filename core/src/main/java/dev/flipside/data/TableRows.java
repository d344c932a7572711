package dev.flipside.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.UserError;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** CSV and Parquet through DuckDB, nested columns included; rows are counted from 1, the header aside. */
final class TableRows {
    private TableRows() {}

    static List<Row> csv(Path file) {
        // Nothing is guessed: a dialect found from a sample can change when a text holds semicolons or quotes.
        return read(
                file,
                "SELECT to_json(t)::VARCHAR FROM read_csv(?, header = true, skip = 0, all_varchar = true,"
                        + " delim = ',', quote = '\"', escape = '\"') AS t",
                "each row needs as many cells as the header, parted by commas, and double quotes around a text with commas or line breaks");
    }

    static List<Row> parquet(Path file) {
        return read(
                file,
                "SELECT to_json(t)::VARCHAR FROM read_parquet(?) AS t",
                "check that it is an undamaged Parquet file");
    }

    private static List<Row> read(Path file, String query, String remedy) {
        List<Row> rows = new ArrayList<>();
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:")) {
            try (Statement settings = connection.createStatement()) {
                settings.execute("SET autoinstall_known_extensions = false");
                settings.execute("SET autoload_known_extensions = false");
                settings.execute("SET threads = 1");
            }
            try (PreparedStatement statement = connection.prepareStatement(query)) {
                statement.setString(1, literally(file.toAbsolutePath().toString()));
                try (ResultSet result = statement.executeQuery()) {
                    while (result.next()) {
                        String where = file + ", row " + (rows.size() + 1);
                        rows.add(new Row(where, JsonRows.MAPPER.readValue(result.getString(1), ObjectNode.class)));
                    }
                }
            }
        } catch (SQLException e) {
            throw new UserError(file + " cannot be read (" + summary(e) + "): " + remedy + ".", e);
        } catch (JsonProcessingException e) {
            throw new UserError(
                    file + ", row " + (rows.size() + 1) + " holds a value that JSON cannot carry ("
                            + e.getOriginalMessage() + "): leave that column out.",
                    e);
        }
        return rows;
    }

    /** DuckDB reads a path as a glob pattern. */
    private static String literally(String path) {
        return path.replaceAll("[\\[*?]", "[$0]");
    }

    private static String summary(SQLException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("unknown reason");
    }
}
