package dev.flipside.spark;

import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.api.java.function.Function2;
import scala.Tuple2;

/**
 * The places of rows: partition after partition, and within each in its order. One job counts them.
 *
 * @param <T> what a row is
 */
final class RowNumbers<T> implements Serializable {
    private static final long serialVersionUID = 1;

    /** Whether something counts as a row; a blank line has a number and no place. */
    private final Function<T, Boolean> isRow;

    private final long[] firstNumbers;
    private final long[] firstPlaces;
    private final long rows;

    /** Of one partition: all that there is, and what are rows. */
    private record Count(long all, long rows) implements Serializable {
        private static final long serialVersionUID = 1;
    }

    private RowNumbers(Function<T, Boolean> isRow, List<Count> counts) {
        this.isRow = isRow;
        this.firstNumbers = firsts(counts.stream().mapToLong(Count::all).toArray());
        this.firstPlaces = firsts(counts.stream().mapToLong(Count::rows).toArray());
        this.rows = counts.stream().mapToLong(Count::rows).sum();
    }

    /** A row with its numbers, both from 0. */
    record Numbered<T>(long number, T row) implements Serializable {
        private static final long serialVersionUID = 1;
    }

    static <T> RowNumbers<T> of(JavaRDD<T> all, Function<T, Boolean> isRow) {
        return new RowNumbers<>(
                isRow,
                all.mapPartitions(items -> {
                            long count = 0;
                            long rows = 0;
                            while (items.hasNext()) {
                                count++;
                                rows += isRow.call(items.next()) ? 1 : 0;
                            }
                            return List.of(new Count(count, rows)).iterator();
                        })
                        .collect());
    }

    private static long[] firsts(long[] counts) {
        return IntStream.range(0, counts.length)
                .mapToLong(i -> IntStream.range(0, i).mapToLong(j -> counts[j]).sum())
                .toArray();
    }

    long rows() {
        return rows;
    }

    /** Every row by its place. */
    JavaPairRDD<Long, Numbered<T>> number(JavaRDD<T> all) {
        Function2<Integer, Iterator<T>, Iterator<Tuple2<Long, Numbered<T>>>> numbers =
                (partition, items) -> new NumberedRows<>(items, isRow, firstNumbers[partition], firstPlaces[partition]);
        return JavaPairRDD.fromJavaRDD(all.mapPartitionsWithIndex(numbers, true));
    }

    /** As they come: a partition may be larger than the memory. */
    private static final class NumberedRows<T> implements Iterator<Tuple2<Long, Numbered<T>>> {
        private final Iterator<T> items;
        private final Function<T, Boolean> isRow;
        private long number;
        private long place;
        private Tuple2<Long, Numbered<T>> next;

        NumberedRows(Iterator<T> items, Function<T, Boolean> isRow, long number, long place) {
            this.items = items;
            this.isRow = isRow;
            this.number = number;
            this.place = place;
        }

        @Override
        public boolean hasNext() {
            while (next == null && items.hasNext()) {
                T item = items.next();
                if (isRow(item)) {
                    next = new Tuple2<>(place++, new Numbered<>(number, item));
                }
                number++;
            }
            return next != null;
        }

        private boolean isRow(T item) {
            try {
                return isRow.call(item);
            } catch (Exception e) {
                throw new IllegalStateException("a row cannot be read", e);
            }
        }

        @Override
        public Tuple2<Long, Numbered<T>> next() {
            if (!hasNext()) {
                throw new java.util.NoSuchElementException();
            }
            Tuple2<Long, Numbered<T>> result = next;
            next = null;
            return result;
        }
    }
}
