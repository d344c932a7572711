package dev.flipside.model;

import dev.flipside.engine.Device;
import dev.flipside.engine.Tensors;
import dev.flipside.model.family.DecoderConfig;
import dev.flipside.model.family.RopeConfig;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/** The rotations of all layers of a model: tables for each that occurs. */
final class RotaryTables implements AutoCloseable {

    private final DecoderConfig.Positions positions;
    private final Map<RopeConfig, RopeTables> tables = new LinkedHashMap<>();

    RotaryTables(DecoderConfig.Positions positions, Device device) {
        this.positions = positions;
        for (Optional<RopeConfig> rope : positions.ropes()) {
            rope.ifPresent(r -> tables.computeIfAbsent(r, c -> RopeTables.of(c, positions.rotaryDim(), device)));
        }
    }

    /** Positions 0 to tokens - 1 of texts of that length. */
    LayerAngles upTo(long tokens) {
        return upTo(tokens, tokens);
    }

    /**
     * Positions 0 to tokens - 1.
     *
     * @param context the length of the texts
     */
    LayerAngles upTo(long tokens, long context) {
        return angles(tables -> tables.of(context, rope -> rope.upTo(tokens)));
    }

    /**
     * Positions 0 to tokens - 1 of prompts that are about to grow.
     *
     * @param lengths of the prompts
     * @param beyond see {@link #beyond}
     */
    LayerAngles ofPrompts(long tokens, int[] lengths, Optional<Tensor> beyond) {
        return angles(tables -> tables.ofPrompts(tokens, lengths, beyond));
    }

    /**
     * The given position of each token.
     *
     * @param context the length of the texts
     */
    LayerAngles at(long[] tokens, long context) {
        return angles(tables -> tables.of(context, rope -> rope.at(tokens)));
    }

    /**
     * One position per row, that of the token by which it grows.
     *
     * @param rows int64 [B] on the device
     * @param limit more than every position
     */
    LayerAngles at(Tensor rows, long limit, Optional<Tensor> beyond) {
        return angles(tables -> tables.ofNext(rows, limit, beyond));
    }

    /**
     * Which rows become longer than the original context of {@link RopeConfig.LongRope}: bool [B, 1, 1, 1], or nothing
     * when none does.
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

    private LayerAngles angles(Function<RopeTables, RotaryAngles> read) {
        Map<RopeConfig, RotaryAngles> angles = new LinkedHashMap<>();
        tables.forEach((rope, table) -> angles.put(rope, read.apply(table)));
        return new LayerAngles(
                positions.ropes().stream().map(rope -> rope.map(angles::get)).toList());
    }

    @Override
    public void close() {
        tables.values().forEach(RopeTables::close);
    }
}
