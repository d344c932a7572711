package dev.flipside.spark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.UserError;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import scala.jdk.javaapi.CollectionConverters;

/** The columns that commands over rows read, and those that they add. */
final class RowColumns {
    private static final Set<String> READ = Set.of("id", "text", "messages", "prompt", "completion");

    private static final Map<String, List<StructField>> ADDED = Map.of(
            "score",
            List.of(
                    DataTypes.createStructField("score", DataTypes.DoubleType, false),
                    DataTypes.createStructField("value", DataTypes.DoubleType, true)),
            "generate",
            List.of(
                    DataTypes.createStructField("completion", DataTypes.StringType, false),
                    DataTypes.createStructField("token_ids", array(DataTypes.IntegerType), false),
                    DataTypes.createStructField("finish_reason", DataTypes.StringType, false)),
            "logprobs",
            List.of(
                    DataTypes.createStructField("token_ids", array(DataTypes.IntegerType), false),
                    DataTypes.createStructField("logprobs", array(DataTypes.DoubleType), false)));

    private RowColumns() {}

    private static DataType array(DataType element) {
        return DataTypes.createArrayType(element, false);
    }

    /**
     * Columns of a dataset that a command reads.
     *
     * @throws UserError when there is none
     */
    static List<String> read(StructType schema) {
        List<String> read = Arrays.stream(schema.fieldNames())
                .filter(READ::contains)
                .distinct()
                .toList();
        if (read.stream().allMatch("id"::equals)) {
            throw new UserError("the dataset has none of the columns text, messages, prompt and completion, only "
                    + String.join(", ", schema.fieldNames()) + "; rename the one that holds the texts.");
        }
        return read;
    }

    static List<StructField> added(String command) {
        return ADDED.get(command);
    }

    /**
     * A dataset's columns and those that a command adds.
     *
     * @throws UserError when it has one of them already
     */
    static StructType with(StructType schema, String command) {
        for (StructField column : added(command)) {
            if (Arrays.asList(schema.fieldNames()).contains(column.name())) {
                throw new UserError(command + ": the dataset has a column '" + column.name()
                        + "' already, and the results would be a second one; drop or rename it.");
            }
        }
        return new StructType(Stream.concat(Arrays.stream(schema.fields()), added(command).stream())
                .toArray(StructField[]::new));
    }

    /** A row with the columns of a result behind its own. */
    static Row append(Row row, String command, ObjectNode result) {
        List<Object> values = new ArrayList<>(CollectionConverters.asJava(row.toSeq()));
        for (StructField column : added(command)) {
            values.add(value(result.get(column.name()), column.dataType()));
        }
        return RowFactory.create(values.toArray());
    }

    private static Object value(JsonNode node, DataType type) {
        if (node.isNull()) {
            return null;
        } else if (type instanceof ArrayType array) {
            List<Object> values = new ArrayList<>();
            node.forEach(element -> values.add(value(element, array.elementType())));
            return CollectionConverters.asScala(values).toSeq();
        } else if (type.equals(DataTypes.DoubleType)) {
            return node.doubleValue();
        } else if (type.equals(DataTypes.IntegerType)) {
            return node.intValue();
        }
        return node.textValue();
    }

    /** For messages. */
    static String names(String command) {
        return added(command).stream().map(StructField::name).collect(Collectors.joining(", "));
    }
}
