package dev.flipside.spark;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;

/**
 * Models on the rows of a {@code Dataset}, from Java and Scala.
 *
 * <pre>{@code
 * Dataset<Row> scored = Flipside.score(spark.read().parquet("pairs"), "/models/reward-model");
 * scored.select("id", "score", "value").show();
 * }</pre>
 *
 * <p>Every function adds columns to those of the dataset and keeps the order of its rows. What a row must have, and
 * what is computed of it, is as with the command of the same name: {@code text}, {@code messages}, or {@code prompt}
 * with {@code completion}. A column that is null in a row counts as missing in it.
 *
 * <p>A row's place is its number in the dataset's own order, partition after partition. Rows are computed together with
 * their neighbours by place, and the random numbers of completions derive from the seed and the place, so that the
 * results do not depend on partitions and executors: they are those of the command for a file with these rows in this
 * order. A dataset whose order is another at every evaluation (after a shuffle) must be sorted or persisted before.
 *
 * <p>Calling a function counts the dataset's rows; models run when the result is used. An executor process loads a
 * model once, with the first row, and its tasks take turns at it.
 *
 * <p>Options are those of the command by their names without dashes, such as {@code "temperature", "0.7"}; a flag has
 * the value {@code "true"}. A model is a directory that every executor sees, or a name of the Hub.
 */
public final class Flipside {
    private Flipside() {}

    /** {@link #score(Dataset, String, Map)} without options. */
    public static Dataset<Row> score(Dataset<Row> rows, String model) {
        return score(rows, model, Map.of());
    }

    /**
     * Adds {@code score} (double), the reward model's, and {@code value} (double), that of the prompt; null without a
     * value head and for a {@code text}.
     *
     * @param model a reward model
     * @throws dev.flipside.config.UserError when an option is wrong, no column can be read, or there is no row
     */
    public static Dataset<Row> score(Dataset<Row> rows, String model, Map<String, String> options) {
        return run("score", rows, model, options);
    }

    /** {@link #generate(Dataset, String, Map)} without options. */
    public static Dataset<Row> generate(Dataset<Row> rows, String model) {
        return generate(rows, model, Map.of());
    }

    /**
     * Adds {@code completion} (string), {@code token_ids} (integers) and {@code finish_reason} ({@code stop} or
     * {@code length}). A row becomes as many rows as it has completions ({@code "num-generations"}).
     *
     * @param model a causal language model
     * @throws dev.flipside.config.UserError when an option is wrong, no column can be read, or there is no row
     */
    public static Dataset<Row> generate(Dataset<Row> rows, String model, Map<String, String> options) {
        return run("generate", rows, model, options);
    }

    /** {@link #logprobs(Dataset, String, Map)} without options. */
    public static Dataset<Row> logprobs(Dataset<Row> rows, String model) {
        return logprobs(rows, model, Map.of());
    }

    /**
     * Adds {@code token_ids} (integers), the completion's, and {@code logprobs} (doubles), their natural logarithms at
     * temperature 1.
     *
     * @param model a causal language model
     * @throws dev.flipside.config.UserError when an option is wrong, no column can be read, or there is no row
     */
    public static Dataset<Row> logprobs(Dataset<Row> rows, String model, Map<String, String> options) {
        return run("logprobs", rows, model, options);
    }

    private static Dataset<Row> run(String command, Dataset<Row> rows, String model, Map<String, String> options) {
        List<String> words = new ArrayList<>(List.of("--model=" + model));
        new TreeMap<>(options)
                .forEach((name, value) -> words.add(value.equals("true") ? "--" + name : "--" + name + "=" + value));
        JavaSparkContext spark =
                JavaSparkContext.fromSparkContext(rows.sparkSession().sparkContext());
        return run(new RowPlan(spark, new RowProgram(command, words)), command, rows, "the dataset");
    }

    /** @param input what the rows are of, for errors */
    static Dataset<Row> run(RowPlan plan, String command, Dataset<Row> rows, String input) {
        StructType schema = RowColumns.with(rows.schema(), command);
        // Spark writes a row's texts as JSON, which is what the commands read.
        JavaRDD<Row> pairs = rows.select(
                        functions.struct(columns(Arrays.asList(rows.columns()), rows)),
                        functions.to_json(functions.struct(columns(RowColumns.read(rows.schema()), rows))))
                .toJavaRDD();
        JavaRDD<Row> results = plan.results(
                pairs,
                row -> true,
                row -> new RowText(input, row.number() + 1, row.row().getString(1)),
                (row, result) -> RowColumns.append(row.getStruct(0), command, result.columns()));
        return rows.sparkSession().createDataFrame(results, schema);
    }

    /** By their names as they are: a dot in one is no path. */
    private static Column[] columns(List<String> names, Dataset<Row> rows) {
        return names.stream()
                .map(name -> rows.col("`" + name.replace("`", "``") + "`"))
                .toArray(Column[]::new);
    }
}
