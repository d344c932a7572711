/**
 * Models and comparisons on an Apache Spark cluster.
 *
 * <ul>
 *   <li>{@link dev.flipside.spark.Flipside}: {@code score}, {@code generate} and {@code logprobs} on a
 *       {@code Dataset<Row>}; {@code RowColumns}: the columns that they add.
 *   <li>{@code SparkEngine}: what stands behind {@code --master}; {@code SparkSessions} builds every session,
 *       {@code RowFiles} reads and writes JSON Lines and Parquet in their order.
 *   <li>{@code RowProgram}: a command over rows as it is shipped; {@code RowNumbers}: the places of rows;
 *       {@code RowParts}: the parts that are computed at once; {@code RowFunction}: what an executor does with them, a
 *       {@code RowResult} each; {@code ExecutorModels}: the models that it holds.
 *   <li>{@code SparkComparison}: the parts of a comparison as tasks; {@code ComparisonTask}: one of them.
 *   <li>{@code SparkFailures}: what is told of a job that failed.
 * </ul>
 */
package dev.flipside.spark;
