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
import java.util.Properties;
import java.util.function.Consumer;

/** CSV and Parquet through DuckDB, nested columns included; rows are counted from 1, the header aside. */
final class TableRows {
    private TableRows() {}

    static void csv(Path file, Consumer<Row> rows) {
        // Nothing is guessed: a dialect found from a sample can change when a text holds semicolons or quotes.
        read(
                file,
                rows,
                "SELECT to_json(t)::VARCHAR FROM read_csv(?, header = true, skip = 0, all_varchar = true,"
                        + " delim = ',', quote = '\"', escape = '\"') AS t",
                "each row needs as many cells as the header, parted by commas, and double quotes around a text with commas or line breaks");
    }

    static void parquet(Path file, Consumer<Row> rows) {
        read(
                file,
                rows,
                "SELECT to_json(t)::VARCHAR FROM read_parquet(?) AS t",
                "check that it is an undamaged Parquet file");
    }

    private static void read(Path file, Consumer<Row> rows, String query, String remedy) {
        long number = 1;
        Properties options = new Properties();
        options.setProperty("jdbc_stream_results", "true"); // else the whole table would be held
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:", options)) {
            try (Statement settings = connection.createStatement()) {
                settings.execute("SET autoinstall_known_extensions = false");
                settings.execute("SET autoload_known_extensions = false");
                settings.execute("SET threads = 1");
            }
            try (PreparedStatement statement = connection.prepareStatement(query)) {
                statement.setString(1, literally(file.toAbsolutePath().toString()));
                try (ResultSet result = statement.executeQuery()) {
                    for (; result.next(); number++) {
                        String where = file + ", row " + number;
                        rows.accept(new Row(where, JsonRows.MAPPER.readValue(result.getString(1), ObjectNode.class)));
                    }
                }
            }
        } catch (SQLException e) {
            throw new UserError(file + " cannot be read (" + summary(e) + "): " + remedy + ".", e);
        } catch (JsonProcessingException e) {
            throw new UserError(
                    file + ", row " + number + " holds a value that JSON cannot carry (" + e.getOriginalMessage()
                            + "): leave that column out.",
                    e);
        }
    }

    /** DuckDB reads a path as a glob pattern. */
    private static String literally(String path) {
        return path.replaceAll("[\\[*?]", "[$0]");
    }

    private static String summary(SQLException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("unknown reason");
    }
}
