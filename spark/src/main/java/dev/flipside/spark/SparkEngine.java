package dev.flipside.spark;

import dev.flipside.cli.cluster.ClusterEngine;
import dev.flipside.cli.cluster.ClusterFiles;
import dev.flipside.cli.cluster.ClusterSettings;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.rows.RowResults;
import dev.flipside.compare.ComparisonPlan;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.util.LongAccumulator;

/** Commands on Spark. */
public final class SparkEngine implements ClusterEngine {
    /** For the service loader. */
    public SparkEngine() {}

    @Override
    public void rows(
            Console console, ClusterSettings settings, String command, ClusterFiles files, List<String> words) {
        RowProgram program = new RowProgram(command, words);
        program.parse();
        try (SparkSessions.Open open = SparkSessions.open(settings, "flipside " + command)) {
            SparkSession session = open.session();
            RowFiles input = new RowFiles(session, files.input());
            input.requireNew(files.output());
            RowPlan plan = new RowPlan(open.context(), program);
            boolean parquet = input.isParquet();
            console.info(command + ": " + (parquet ? "Parquet" : "JSON Lines") + " of " + files.input() + " on "
                    + settings.master());
            long written = SparkFailures.told(
                    () -> parquet ? parquet(plan, program, input, files) : lines(session, plan, input, files));
            plan.remarks().forEach(remark -> console.warn(remark.sentence()));
            Map<String, Object> summary = new LinkedHashMap<>();
            summary.put("rows", written);
            summary.put("output", files.output());
            console.result(() -> "", summary);
        }
    }

    /** The lines that the command itself would write. */
    private static long lines(SparkSession session, RowPlan plan, RowFiles input, ClusterFiles files) {
        LongAccumulator written = session.sparkContext().longAccumulator("flipside results");
        String name = files.input();
        JavaRDD<String> results = plan.results(
                input.lines(),
                line -> !line.isBlank(),
                row -> new RowText(name, row.number() + 1, row.row()),
                (row, result) -> {
                    RowResults.requireFinite(result.columns());
                    written.add(1);
                    return result.columns().toString();
                });
        results.saveAsTextFile(files.output());
        return written.value();
    }

    /** The row's id, where it has one, and the columns of its result. */
    private static long parquet(RowPlan plan, RowProgram program, RowFiles input, ClusterFiles files) {
        Dataset<Row> rows = input.parquet();
        boolean id = Arrays.asList(rows.columns()).contains("id");
        Dataset<Row> read = rows.select(RowColumns.read(rows.schema()).stream()
                .filter(name -> !program.command().equals("generate") || !name.equals("completion"))
                .map(functions::col)
                .toArray(Column[]::new));
        Dataset<Row> results = Flipside.run(plan, program.command(), read, files.input());
        Stream<String> added = RowColumns.added(program.command()).stream().map(StructField::name);
        Dataset<Row> chosen = results.select(Stream.concat(id ? Stream.of("id") : Stream.of(), added)
                .map(functions::col)
                .toArray(Column[]::new));
        chosen.write().parquet(files.output());
        return rows.sparkSession().read().parquet(files.output()).count();
    }

    @Override
    public ClusterComparison comparison(ClusterSettings settings, ComparisonPlan plan) {
        return new SparkComparison(SparkSessions.open(settings, "flipside compare"), plan);
    }
}
