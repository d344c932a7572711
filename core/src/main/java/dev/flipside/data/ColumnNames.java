package dev.flipside.data;

import dev.flipside.config.UserError;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;

/** The names that a table's columns have in its file: any text, with its case. */
final class ColumnNames {
    private ColumnNames() {}

    /**
     * One field of a Parquet schema, which lists every field before those inside it.
     *
     * @param children number of fields directly inside it
     */
    record Field(String name, int children) {}

    /** @param cells the first line of a CSV file; a null is an empty cell */
    static List<String> ofHeader(Path file, List<String> cells) {
        return named(
                file,
                cells.stream().map(cell -> cell == null ? "" : cell.strip()).toList());
    }

    /** @param schema of a Parquet file, the root first */
    static List<String> ofFields(Path file, List<Field> schema) {
        List<String> names = new ArrayList<>();
        for (int at = 1; at < schema.size(); at = end(file, schema, at)) {
            names.add(schema.get(at).name());
        }
        return named(file, names);
    }

    /**
     * Where the fields behind one and all inside it begin. DuckDB renames fields of one struct that differ only in
     * case.
     */
    private static int end(Path file, List<Field> schema, int at) {
        Field field = schema.get(at);
        Set<String> inside = new HashSet<>();
        int next = at + 1;
        for (int child = 0; child < field.children(); child++) {
            String name = schema.get(next).name();
            if (!inside.add(name.toLowerCase(Locale.ROOT))) {
                throw new UserError(file + " has inside '" + field.name() + "' two fields named '" + name
                        + "' when case does not count, which cannot be told apart: rename one of them.");
            }
            next = end(file, schema, next);
        }
        return next;
    }

    /** The names, with {@code column} and its place for a column that has none. */
    private static List<String> named(Path file, List<String> names) {
        Set<String> taken = new HashSet<>();
        for (String name : names) {
            if (!name.isEmpty() && !taken.add(name)) {
                throw new UserError(file + " has two columns named '" + name
                        + "', and only one of them could be read: rename or remove the other.");
            }
        }
        return IntStream.range(0, names.size())
                .mapToObj(i -> names.get(i).isEmpty() ? free(taken, "column" + i) : names.get(i))
                .toList();
    }

    private static String free(Set<String> taken, String wanted) {
        String name = wanted;
        while (!taken.add(name)) {
            name += "_";
        }
        return name;
    }
}
