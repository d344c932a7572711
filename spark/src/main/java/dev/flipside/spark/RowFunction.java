package dev.flipside.spark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.cli.rows.InputRow;
import dev.flipside.cli.rows.ModelRow;
import dev.flipside.cli.rows.RowModel;
import dev.flipside.cli.rows.RowRemark;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.util.CollectionAccumulator;
import org.apache.spark.util.TaskCompletionListener;
import scala.Tuple2;

/**
 * What an executor does with a partition of rows in the order of their places: part after part, as the command does it.
 *
 * @param <T> what a row is
 * @param <U> what its results are
 */
final class RowFunction<T, U> implements FlatMapFunction<Iterator<Tuple2<Long, RowNumbers.Numbered<T>>>, U> {
    private static final long serialVersionUID = 1;

    private final RowProgram program;
    private final int atATime;
    private final Reading<T> reading;
    private final Writing<T, U> writing;
    private final CollectionAccumulator<Remark> remarks;

    /** What the model is given of a row. */
    interface Reading<T> extends Serializable {
        RowText of(RowNumbers.Numbered<T> row);
    }

    /** What is made of a row and one of its results, whose id is as the row had it. */
    interface Writing<T, U> extends Serializable {
        U of(T row, RowResult result);
    }

    /** A {@link RowRemark} on its way to the driver. */
    record Remark(long rows, String text) implements Serializable {
        private static final long serialVersionUID = 1;
    }

    /** @param atATime rows that are computed at once, as {@link RowParts} has put them together */
    RowFunction(
            RowProgram program,
            int atATime,
            Reading<T> reading,
            Writing<T, U> writing,
            CollectionAccumulator<Remark> remarks) {
        this.program = program;
        this.atATime = atATime;
        this.reading = reading;
        this.writing = writing;
        this.remarks = remarks;
    }

    @Override
    public Iterator<U> call(Iterator<Tuple2<Long, RowNumbers.Numbered<T>>> rows) {
        if (!rows.hasNext()) {
            return List.<U>of().iterator();
        }
        ExecutorModels.Lease lease = ExecutorModels.lease(program);
        TaskContext task = TaskContext.get();
        TaskCompletionListener close = ended -> lease.close();
        task.addTaskCompletionListener(close);
        return new Results(rows, lease, task);
    }

    private final class Results implements Iterator<U> {
        private final Iterator<Tuple2<Long, RowNumbers.Numbered<T>>> rows;
        private final ExecutorModels.Lease lease;
        private final TaskContext task;
        private Tuple2<Long, RowNumbers.Numbered<T>> ahead;
        private Iterator<U> ready = List.<U>of().iterator();

        Results(Iterator<Tuple2<Long, RowNumbers.Numbered<T>>> rows, ExecutorModels.Lease lease, TaskContext task) {
            this.rows = rows;
            this.lease = lease;
            this.task = task;
            this.ahead = rows.next();
        }

        @Override
        public boolean hasNext() {
            while (!ready.hasNext() && ahead != null) {
                task.killTaskIfInterrupted();
                ready = results(part()).iterator();
            }
            return ready.hasNext();
        }

        @Override
        public U next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            return ready.next();
        }

        /** The next rows that are computed at once. */
        private List<Tuple2<Long, RowNumbers.Numbered<T>>> part() {
            List<Tuple2<Long, RowNumbers.Numbered<T>>> part = new ArrayList<>();
            long number = ahead._1() / atATime;
            while (ahead != null && ahead._1() / atATime == number) {
                part.add(ahead);
                ahead = rows.hasNext() ? rows.next() : null;
            }
            return part;
        }

        private List<U> results(List<Tuple2<Long, RowNumbers.Numbered<T>>> part) {
            List<InputRow> input = new ArrayList<>();
            List<JsonNode> ids = new ArrayList<>();
            for (Tuple2<Long, RowNumbers.Numbered<T>> row : part) {
                InputRow read = reading.of(row._2()).row();
                ids.add(read.result().get("id"));
                // Its place in the part stands for the id, so that a result says which row it is of.
                read.columns().put("id", input.size());
                input.add(read);
            }
            List<U> results = new ArrayList<>();
            for (ObjectNode result : compute(input, Math.toIntExact(part.get(0)._1()))) {
                int row = result.get("id").intValue();
                result.set("id", ids.get(row));
                results.add(writing.of(part.get(row)._2().row(), new RowResult(result)));
            }
            return results;
        }

        private List<ObjectNode> compute(List<InputRow> input, int firstPlace) {
            try {
                return lease.run(model -> compute(model, input, firstPlace));
            } catch (RuntimeException e) {
                throw e;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("the task was ended", e);
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }

        private <R> List<ObjectNode> compute(RowModel<?, R> model, List<InputRow> input, int firstPlace) {
            List<ModelRow<R>> read = model.read(input, firstPlace);
            model.departure().ifPresent(text -> remarks.add(new Remark(0, text)));
            model.remarks(read).forEach(remark -> remarks.add(new Remark(remark.rows(), remark.text())));
            return model.results(read);
        }
    }
}
