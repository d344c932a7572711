package dev.flipside.spark;

import dev.flipside.cli.rows.RowRemark;
import dev.flipside.config.UserError;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.util.CollectionAccumulator;

/** A command over the rows of a distributed input. */
final class RowPlan {
    private final JavaSparkContext spark;
    private final RowProgram program;
    private final int atATime;
    private final CollectionAccumulator<RowFunction.Remark> remarks;

    /** @throws UserError when the program has a wrong option */
    RowPlan(JavaSparkContext spark, RowProgram program) {
        this.spark = spark;
        this.program = program;
        this.atATime = program.parse().task().rowsAtATime();
        this.remarks = spark.sc().collectionAccumulator("flipside remarks");
    }

    /**
     * The results of all rows, in their order, whatever the partitions of the input.
     *
     * @param isRow whether an item is a row
     * @throws UserError when there is no row
     */
    <T, U> JavaRDD<U> results(
            JavaRDD<T> input,
            Function<T, Boolean> isRow,
            RowFunction.Reading<T> reading,
            RowFunction.Writing<T, U> writing) {
        RowNumbers<T> numbers = RowNumbers.of(input, isRow);
        if (numbers.rows() == 0) {
            throw new UserError(program.command() + ": the input has no rows.");
        }
        if (numbers.rows() > Integer.MAX_VALUE) {
            throw new UserError(program.command() + ": the input has " + numbers.rows() + " rows, more than "
                    + Integer.MAX_VALUE + "; divide it.");
        }
        int most = Math.max(2 * spark.defaultParallelism(), input.getNumPartitions());
        return numbers.number(input)
                .repartitionAndSortWithinPartitions(new RowParts(numbers.rows(), atATime, most))
                .mapPartitions(new RowFunction<>(program, atATime, reading, writing, remarks), true);
    }

    /** What executors have said of the rows so far, added up. */
    List<RowRemark> remarks() {
        Map<String, Long> rows = new LinkedHashMap<>();
        remarks.value().forEach(remark -> rows.merge(remark.text(), remark.rows(), Long::sum));
        return rows.entrySet().stream()
                .map(entry -> new RowRemark(entry.getValue(), entry.getKey()))
                .toList();
    }
}
