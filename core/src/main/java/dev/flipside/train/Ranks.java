package dev.flipside.train;

import dev.flipside.config.UserError;
import dev.flipside.engine.Collective;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import dev.flipside.model.RewardModel;
import dev.flipside.model.ScoredRow;
import dev.flipside.model.Scores;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Who splits a run's work among its processes, and puts the results together again. Nothing else in a training knows
 * how many there are.
 *
 * <p>What a model computes, one rank computes for its part of the prompts. The small numbers that come out of it go to
 * all ranks, in the order of the prompts: whatever decides (thresholds, balances, filters, counts, means, figures) sees
 * the numbers of the whole batch, with the same code on every rank. Gradients alone stay where they were computed until
 * {@link dev.flipside.engine.AdamW} sums them.
 */
final class Ranks {
    static final Ranks ALONE = new Ranks(Collective.alone());

    private final Collective collective;

    Ranks(Collective collective) {
        this.collective = collective;
    }

    /** Sums gradients and shares weights. */
    Collective collective() {
        return collective;
    }

    /** Whether this process writes what the run leaves. */
    boolean writes() {
        return collective.rank() == 0;
    }

    /** Runs a training; where it fails the other ranks are told why. */
    <T> T telling(Supplier<T> training) {
        try {
            return training.get();
        } catch (RuntimeException | Error e) {
            collective.leave(String.valueOf(e.getMessage()));
            throw e;
        }
    }

    /**
     * Every rank needs something to do.
     *
     * @param key of the option that says how many there are
     * @throws UserError when there are more ranks than things
     */
    void requireWork(int count, String things, String key) {
        if (collective.size() > count) {
            throw new UserError(key + ": a step has " + count + " " + things + ", fewer than the " + collective.size()
                    + " ranks; start fewer processes, or raise it.");
        }
    }

    private boolean alone() {
        return collective.size() == 1;
    }

    /** Consecutive things of a list: those from {@code from} on, up to but without {@code to}. */
    record Part(int from, int to) {
        boolean isEmpty() {
            return from == to;
        }

        <T> List<T> of(List<T> all) {
            return all.subList(from, to);
        }

        /** The same of things that stand in groups of a size. */
        <T> List<T> of(List<T> all, int groupSize) {
            return all.subList(from * groupSize, to * groupSize);
        }

        int[] of(int[] all) {
            return Arrays.copyOfRange(all, from, to);
        }
    }

    /** This rank's part of so many things; parts differ by one at most, and can be empty. */
    Part part(int count) {
        long rank = collective.rank();
        int size = collective.size();
        return new Part((int) (count * rank / size), (int) (count * (rank + 1) / size));
    }

    /**
     * Bytes that each rank computes for its part.
     *
     * @return those of all parts, in their order; an empty part has none
     */
    List<byte[]> bytes(int count, Function<Part, byte[]> work) {
        Part own = part(count);
        return collective.gather(own.isEmpty() ? new byte[0] : work.apply(own)).stream()
                .filter(bytes -> bytes.length > 0)
                .toList();
    }

    /**
     * Rows of numbers that each rank computes for its part of some things.
     *
     * @param work is not asked about nothing
     * @return the rows of all parts, in their order
     */
    double[][] rows(int count, Function<Part, double[][]> work) {
        Part own = part(count);
        return parts(alone() || !own.isEmpty() ? work.apply(own) : new double[0][]);
    }

    /** The rows of all ranks, in their order. */
    double[][] parts(double[][] own) {
        if (alone()) {
            return own;
        }
        List<double[]> all = new ArrayList<>();
        for (byte[] bytes : collective.gather(encoded(own))) {
            decode(bytes, all);
        }
        return all.toArray(double[][]::new);
    }

    private static byte[] encoded(double[][] rows) {
        int numbers = Arrays.stream(rows).mapToInt(row -> row.length).sum();
        ByteBuffer buffer = ByteBuffer.allocate(Math.addExact(
                Math.multiplyExact(rows.length + 1, Integer.BYTES), Math.multiplyExact(numbers, Double.BYTES)));
        buffer.putInt(rows.length);
        for (double[] row : rows) {
            buffer.putInt(row.length);
        }
        for (double[] row : rows) {
            for (double number : row) {
                buffer.putDouble(number);
            }
        }
        return buffer.array();
    }

    private static void decode(byte[] bytes, List<double[]> into) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        double[][] rows = new double[buffer.getInt()][];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = new double[buffer.getInt()];
        }
        for (double[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                row[i] = buffer.getDouble();
            }
            into.add(row);
        }
    }

    /** Numbers that each rank computes for its part: those of all parts, in their order. */
    double[] numbers(int count, Function<Part, double[]> work) {
        if (alone()) {
            return work.apply(part(count));
        }
        double[][] rows = rows(count, own -> new double[][] {work.apply(own)});
        return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
    }

    /** A model's scores of rows that stand in groups of one size. */
    Scores score(RewardModel model, List<ScoredRow> rows, int groupSize) {
        if (alone()) {
            return model.score(rows);
        }
        double[][] scored = rows(rows.size() / groupSize, own -> {
            Scores scores = model.score(own.of(rows, groupSize));
            return new double[][] {scores.rewards(), scores.values()};
        });
        double[][] rewards = new double[scored.length / 2][];
        double[][] values = new double[scored.length / 2][];
        for (int i = 0; i < rewards.length; i++) {
            rewards[i] = scored[2 * i];
            values[i] = scored[2 * i + 1];
        }
        return new Scores(flat(rewards), flat(values));
    }

    private static double[] flat(double[][] rows) {
        return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
    }

    /** What every rank says, in their order: to be added up by whoever knows how. */
    double[][] everyone(double... own) {
        return collective.gather(Collective.bytes(own)).stream()
                .map(Collective::doubles)
                .toArray(double[][]::new);
    }

    /** The sum over the ranks, in their order. */
    double sum(double own) {
        return collective.sum(own)[0];
    }

    /** Whether any rank says so. */
    boolean any(boolean own) {
        return collective.any(own);
    }

    /** All ranks go on with the weights of rank 0, whatever their processors' last bits said. */
    void share(Parameters weights) {
        if (alone()) {
            return;
        }
        try (Scopes.Frozen scope = Scopes.frozen()) {
            float[] own = Tensors.toFloats(weights.flat());
            ByteBuffer buffer = ByteBuffer.allocate(Math.multiplyExact(own.length, Float.BYTES));
            buffer.asFloatBuffer().put(own);
            ByteBuffer.wrap(collective.broadcast(buffer.array()))
                    .asFloatBuffer()
                    .get(own);
            weights.flat().copy_(Tensors.ofFloats(own, weights.device(), own.length));
        }
    }
}
