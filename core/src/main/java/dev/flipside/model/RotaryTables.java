package dev.flipside.model;

import dev.flipside.engine.Device;
import dev.flipside.engine.Tensors;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** The rotations of all layers of a model: one table for each that occurs, and two for one whose frequencies depend on the length of the text. */
final class RotaryTables implements AutoCloseable {
    /**
     * Angles of the same tokens in every layer.
     *
     * @param layers empty where a layer does not rotate
     */
    record Angles(List<Optional<Rope.Angles>> layers) {
        Optional<Rope.Angles> of(int layer) {
            return layers.get(layer);
        }

        /** Of a model whose layers are all rotated alike. */
        Rope.Angles uniform() {
            return layers.get(0).orElseThrow();
        }
    }

    /** @param beyond for texts beyond the original context; the same table where that makes no difference */
    private record Tables(Rope within, Rope beyond, int originalContext) implements AutoCloseable {
        static Tables of(RopeConfig config, int rotaryDim, Device device) {
            Rope within = new Rope(config, rotaryDim, device);
            return config instanceof RopeConfig.LongRope longRope
                    ? new Tables(within, new Rope(config, rotaryDim, true, device), longRope.originalContext())
                    : new Tables(within, within, Integer.MAX_VALUE);
        }

        Rope of(long context) {
            return context > originalContext ? beyond : within;
        }

        /** Row by row. */
        Rope.Angles of(Optional<Tensor> rowsBeyond, Function<Rope, Rope.Angles> read) {
            Rope.Angles near = read.apply(within);
            if (rowsBeyond.isEmpty() || beyond == within) {
                return near;
            }
            Rope.Angles far = read.apply(beyond);
            Tensor mask = rowsBeyond.get();
            return new Rope.Angles(torch.where(mask, far.cos(), near.cos()), torch.where(mask, far.sin(), near.sin()));
        }

        @Override
        public void close() {
            within.close();
            if (beyond != within) {
                beyond.close();
            }
        }
    }

    private final DecoderConfig.Positions positions;
    private final Map<RopeConfig, Tables> tables = new LinkedHashMap<>();

    RotaryTables(DecoderConfig.Positions positions, Device device) {
        this.positions = positions;
        for (Optional<RopeConfig> rope : positions.ropes()) {
            rope.ifPresent(r -> tables.computeIfAbsent(r, c -> Tables.of(c, positions.rotaryDim(), device)));
        }
    }

    /** Positions 0 to tokens - 1 of texts that are no longer. */
    Angles upTo(long tokens) {
        return angles(tables -> tables.of(tokens).upTo(tokens));
    }

    /** Positions 0 to tokens - 1 of rows that may become longer, see {@link #beyond}. */
    Angles upTo(long tokens, Optional<Tensor> beyond) {
        return angles(tables -> tables.of(beyond, rope -> rope.upTo(tokens)));
    }

    /**
     * The given position of each token.
     *
     * @param context the length of the longest text
     */
    Angles at(long[] tokens, long context) {
        return angles(tables -> tables.of(context).at(tokens));
    }

    /**
     * One position per row.
     *
     * @param rows int64 [B] on the device
     * @param limit more than every position
     */
    Angles at(Tensor rows, long limit, Optional<Tensor> beyond) {
        return angles(tables -> tables.of(beyond, rope -> rope.at(rows, limit)));
    }

    /**
     * Which rows become longer than the original context of {@link RopeConfig.LongRope}: bool [B, 1, 1, 1], or nothing when none does.
     *
     * @param contexts the length that each row may reach
     */
    static Optional<Tensor> beyond(DecoderConfig config, int[] contexts, Device device) {
        int limit = config.originalContext().orElse(Integer.MAX_VALUE);
        boolean[] beyond = new boolean[contexts.length];
        for (int r = 0; r < beyond.length; r++) {
            beyond[r] = contexts[r] > limit;
        }
        return IntStream.of(contexts).anyMatch(c -> c > limit)
                ? Optional.of(Tensors.ofBooleans(beyond, device, beyond.length, 1, 1, 1))
                : Optional.empty();
    }

    private Angles angles(Function<Tables, Rope.Angles> read) {
        Map<RopeConfig, Rope.Angles> angles = new LinkedHashMap<>();
        tables.forEach((rope, table) -> angles.put(rope, read.apply(table)));
        return new Angles(
                positions.ropes().stream().map(rope -> rope.map(angles::get)).toList());
    }

    @Override
    public void close() {
        tables.values().forEach(Tables::close);
    }
}
