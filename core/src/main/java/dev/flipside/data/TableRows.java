package dev.flipside.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.flipside.config.JsonReason;
import dev.flipside.config.UserError;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.function.Consumer;

/**
 * CSV and Parquet through DuckDB, nested columns included; rows are counted from 1, the header aside.
 *
 * <p>Columns are asked for by their place and named here: in SQL a name would be compared without its case, could be
 * taken for another column's or the table's, and is changed where two are alike.
 */
final class TableRows {
    // Nothing is guessed: a dialect found from a sample can change when a text holds semicolons or quotes, and a
    // folder named column=value would put that value in the column's place.
    private static final String CSV =
            "SELECT * FROM read_csv(?, header = false, skip = 0, all_varchar = true, delim = ',', quote = '\"',"
                    + " escape = '\"', hive_partitioning = false, compression = '%s')";
    private static final String CSV_REMEDY =
            "each row needs as many cells as the header, parted by commas, and double quotes around a text with commas or line breaks";

    private static final String PARQUET = "SELECT %s FROM read_parquet(?, hive_partitioning = false)%s";
    private static final String PARQUET_REMEDY = "check that it is an undamaged Parquet file";
    private static final String PARQUET_SCHEMA = "SELECT name, num_children FROM parquet_schema(?)";

    private TableRows() {}

    static void csv(Path file, boolean compressed, Consumer<Row> rows) {
        read(file, CSV_REMEDY, connection -> {
            String query = String.format(CSV, compressed ? "gzip" : "none");
            try (PreparedStatement statement = prepared(connection, query, file);
                    ResultSet cells = statement.executeQuery()) {
                if (!cells.next()) {
                    return;
                }
                // The first line is read like the others: DuckDB's own header is repeated as a row after an empty line.
                List<String> names = ColumnNames.ofHeader(file, texts(cells));
                for (long number = 1; cells.next(); number++) {
                    ObjectNode columns = JsonRows.MAPPER.createObjectNode();
                    List<String> row = texts(cells);
                    for (int i = 0; i < names.size(); i++) {
                        columns.set(names.get(i), row.get(i) == null ? NullNode.instance : new TextNode(row.get(i)));
                    }
                    rows.accept(new Row(where(file, number), columns));
                }
            }
        });
    }

    private static List<String> texts(ResultSet cells) throws SQLException {
        int width = cells.getMetaData().getColumnCount();
        List<String> texts = new ArrayList<>();
        for (int i = 1; i <= width; i++) {
            texts.add(cells.getString(i));
        }
        return texts;
    }

    static void parquet(Path file, Consumer<Row> rows) {
        read(file, PARQUET_REMEDY, connection -> {
            String json = String.join(", ", jsonOfColumns(connection, file));
            List<String> names = ColumnNames.ofFields(file, fields(connection, file));
            try (PreparedStatement statement = prepared(connection, String.format(PARQUET, json, ""), file);
                    ResultSet cells = statement.executeQuery()) {
                for (long number = 1; cells.next(); number++) {
                    String where = where(file, number);
                    ObjectNode columns = JsonRows.MAPPER.createObjectNode();
                    List<String> row = texts(cells);
                    for (int i = 0; i < names.size(); i++) {
                        columns.set(names.get(i), value(where, names.get(i), row.get(i)));
                    }
                    rows.accept(new Row(where, columns));
                }
            }
        });
    }

    /** What makes each column's value JSON. */
    private static List<String> jsonOfColumns(Connection connection, Path file) throws SQLException {
        List<String> columns = new ArrayList<>();
        try (PreparedStatement statement = prepared(connection, String.format(PARQUET, "*", " LIMIT 0"), file);
                ResultSet none = statement.executeQuery()) {
            ResultSetMetaData types = none.getMetaData();
            for (int i = 1; i <= types.getColumnCount(); i++) {
                String json =
                        switch (types.getColumnTypeName(i)) {
                            // Through its text: as a double 0.1 would become 0.10000000149011612.
                            case "FLOAT" -> "to_json(#%1$d::VARCHAR::DOUBLE)";
                            // A text that its writer did not mark as one; other bytes stay escaped.
                            case "BLOB" -> "coalesce(to_json(TRY(decode(#%1$d))), to_json(#%1$d))";
                            default -> "to_json(#%1$d)";
                        };
                columns.add(String.format(json + "::VARCHAR", i));
            }
        }
        return columns;
    }

    private static List<ColumnNames.Field> fields(Connection connection, Path file) throws SQLException {
        List<ColumnNames.Field> fields = new ArrayList<>();
        try (PreparedStatement statement = prepared(connection, PARQUET_SCHEMA, file);
                ResultSet schema = statement.executeQuery()) {
            while (schema.next()) {
                fields.add(new ColumnNames.Field(
                        Optional.ofNullable(schema.getString(1)).orElse(""), schema.getInt(2)));
            }
        }
        return fields;
    }

    private static JsonNode value(String where, String column, String json) {
        try {
            return json == null ? NullNode.instance : JsonRows.MAPPER.readTree(json);
        } catch (JsonProcessingException e) {
            throw new UserError(
                    where + " holds in column '" + column + "' a value that JSON cannot carry (" + JsonReason.of(e)
                            + "): leave that column out.",
                    e);
        }
    }

    /** What is done with an open connection. */
    private interface Work {
        void with(Connection connection) throws SQLException;
    }

    private static void read(Path file, String remedy, Work work) {
        Properties options = new Properties();
        options.setProperty("jdbc_stream_results", "true"); // else the whole table would be held
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:", options)) {
            try (Statement settings = connection.createStatement()) {
                settings.execute("SET autoinstall_known_extensions = false");
                settings.execute("SET autoload_known_extensions = false");
                settings.execute("SET threads = 1");
            }
            work.with(connection);
        } catch (SQLException e) {
            throw new UserError(file + " cannot be read (" + summary(e) + "): " + remedy + ".", e);
        }
    }

    private static PreparedStatement prepared(Connection connection, String query, Path file) throws SQLException {
        PreparedStatement statement = connection.prepareStatement(query);
        statement.setString(1, literally(file.toAbsolutePath().toString()));
        return statement;
    }

    private static String where(Path file, long number) {
        return file + ", row " + number;
    }

    /** DuckDB reads a path as a glob pattern. */
    private static String literally(String path) {
        return path.replaceAll("[\\[*?]", "[$0]");
    }

    private static String summary(SQLException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("unknown reason");
    }
}
