package dev.flipside.model;

import dev.flipside.engine.Device;
import dev.flipside.model.family.RopeConfig;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** The tables of one rotation: one, or several where frequencies depend on the length of the text. */
sealed interface RopeTables extends AutoCloseable {
    static RopeTables of(RopeConfig config, int rotaryDim, Device device) {
        Rope within = new Rope(config, rotaryDim, device);
        if (config instanceof RopeConfig.LongRope rope) {
            return new ShortAndLong(
                    within, new Rope(config, rotaryDim, rope.originalContext() + 1L, device), rope.originalContext());
        }
        return config instanceof RopeConfig.Dynamic dynamic
                ? new ByLength(dynamic, rotaryDim, device, within, Rope.growing(dynamic, rotaryDim, device))
                : new Single(within);
    }

    /** @param context the length of the texts */
    RotaryAngles of(long context, Function<Rope, RotaryAngles> read);

    /** See {@link RotaryTables#ofPrompts}. */
    RotaryAngles ofPrompts(long tokens, int[] lengths, Optional<Tensor> beyond);

    /** See {@link RotaryTables#at(Tensor, long, Optional)}. */
    RotaryAngles ofNext(Tensor rows, long limit, Optional<Tensor> beyond);

    @Override
    void close();

    /** For texts of any length. */
    record Single(Rope rope) implements RopeTables {
        @Override
        public RotaryAngles of(long context, Function<Rope, RotaryAngles> read) {
            return read.apply(rope);
        }

        @Override
        public RotaryAngles ofPrompts(long tokens, int[] lengths, Optional<Tensor> beyond) {
            return rope.upTo(tokens);
        }

        @Override
        public RotaryAngles ofNext(Tensor rows, long limit, Optional<Tensor> beyond) {
            return rope.at(rows, limit);
        }

        @Override
        public void close() {
            rope.close();
        }
    }

    /** One for texts up to a length, one for longer texts; what a text may grow to decides while it grows. */
    record ShortAndLong(Rope within, Rope beyond, int originalContext) implements RopeTables {
        @Override
        public RotaryAngles of(long context, Function<Rope, RotaryAngles> read) {
            return read.apply(context > originalContext ? beyond : within);
        }

        @Override
        public RotaryAngles ofPrompts(long tokens, int[] lengths, Optional<Tensor> rowsBeyond) {
            return byRow(rowsBeyond, rope -> rope.upTo(tokens));
        }

        @Override
        public RotaryAngles ofNext(Tensor rows, long limit, Optional<Tensor> rowsBeyond) {
            return byRow(rowsBeyond, rope -> rope.at(rows, limit));
        }

        private RotaryAngles byRow(Optional<Tensor> rowsBeyond, Function<Rope, RotaryAngles> read) {
            RotaryAngles near = read.apply(within);
            if (rowsBeyond.isEmpty()) {
                return near;
            }
            RotaryAngles far = read.apply(beyond);
            Tensor mask = rowsBeyond.get();
            return new RotaryAngles(torch.where(mask, far.cos(), near.cos()), torch.where(mask, far.sin(), near.sin()));
        }

        @Override
        public void close() {
            within.close();
            beyond.close();
        }
    }

    /**
     * One for texts within the context and one, made when it is asked for, for each length beyond. As in transformers a
     * growing text keeps the keys that it has: each token was rotated by the frequencies of the length that the text
     * had when it came.
     *
     * @param growing see {@link Rope#growing}
     */
    record ByLength(RopeConfig.Dynamic config, int rotaryDim, Device device, Rope within, Rope growing)
            implements RopeTables {
        @Override
        public RotaryAngles of(long context, Function<Rope, RotaryAngles> read) {
            if (context <= config.context()) {
                return read.apply(within);
            }
            try (Rope rope = new Rope(config, rotaryDim, context, device)) {
                return read.apply(rope);
            }
        }

        @Override
        public RotaryAngles ofPrompts(long tokens, int[] lengths, Optional<Tensor> beyond) {
            if (IntStream.of(lengths).allMatch(n -> n <= config.context())) {
                return within.upTo(tokens);
            }
            TensorVector cos = new TensorVector();
            TensorVector sin = new TensorVector();
            for (int length : lengths) {
                RotaryAngles row = of(length, rope -> rope.upTo(tokens));
                cos.push_back(row.cos());
                sin.push_back(row.sin());
            }
            return new RotaryAngles(torch.stack(cos, 0), torch.stack(sin, 0));
        }

        @Override
        public RotaryAngles ofNext(Tensor rows, long limit, Optional<Tensor> beyond) {
            return growing.at(rows, limit);
        }

        @Override
        public void close() {
            within.close();
            growing.close();
        }
    }
}
