package dev.flipside.model;

import dev.flipside.engine.Device;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import dev.flipside.model.family.RopeConfig;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The tables of one rotation, float32, grown on demand.
 *
 * <p>A head (x1, x2) becomes (x1 cos - x2 sin, x2 cos + x1 sin). The sine table carries the sign of its first half, so
 * that a rotation is two products and a roll. Tables live outside every scope; what is handed out are views of the
 * caller's scope, which stay valid when the tables grow or are closed.
 */
final class Rope implements AutoCloseable {
    private static final int FIRST_LENGTH = 512;

    /** The angles [tokens, rotaryDim / 2] of positions 0 to tokens - 1. */
    private interface Rotation {
        Tensor angles(long tokens);
    }

    private final RopeConfig config;
    private final int rotaryDim;
    private final Device device;
    private final Rotation rotation;
    private Tensor cos;
    private Tensor sin;
    private long length;

    private Rope(RopeConfig config, int rotaryDim, Device device, Rotation rotation) {
        this.config = config;
        this.rotaryDim = rotaryDim;
        this.device = device;
        this.rotation = rotation;
        build(FIRST_LENGTH);
    }

    /** For texts within the original context, where that matters. */
    Rope(RopeConfig config, int rotaryDim, Device device) {
        this(config, rotaryDim, 0, device);
    }

    /** @param context the length of the texts, on which some rotations depend */
    Rope(RopeConfig config, int rotaryDim, long context, Device device) {
        this(config, rotaryDim, device, tokens -> {
            float[] frequencies = RopeFrequencies.of(config, rotaryDim, context);
            return torch.outer(positions(tokens), Tensors.ofFloats(frequencies, Device.CPU, frequencies.length));
        });
    }

    /**
     * Each position by the frequencies of a text that ends with it: what the tokens of a growing text are rotated by
     * when they come.
     */
    static Rope growing(RopeConfig.Dynamic config, int rotaryDim, Device device) {
        return new Rope(config, rotaryDim, device, tokens -> {
            int pairs = rotaryDim / 2;
            float[] frequencies = new float[Math.toIntExact(tokens * pairs)];
            float[] within = RopeFrequencies.of(config, rotaryDim, 0);
            for (int t = 0; t < tokens; t++) {
                float[] row = t < config.context() ? within : RopeFrequencies.of(config, rotaryDim, t + 1L);
                System.arraycopy(row, 0, frequencies, t * pairs, pairs);
            }
            return positions(tokens).unsqueeze(1).mul(Tensors.ofFloats(frequencies, Device.CPU, tokens, pairs));
        });
    }

    private static Tensor positions(long tokens) {
        return torch.arange(new Scalar(tokens), new TensorOptions(ScalarType.Float));
    }

    /** Positions 0 to tokens - 1, [T, 1, rotaryDim]. */
    synchronized RotaryAngles upTo(long tokens) {
        grow(tokens);
        return new RotaryAngles(
                cos.narrow(0, 0, tokens).unsqueeze(1), sin.narrow(0, 0, tokens).unsqueeze(1));
    }

    /** The given position of each token, [T, 1, rotaryDim]. */
    synchronized RotaryAngles at(long[] positions) {
        grow(LongStream.of(positions).max().orElse(0) + 1);
        Tensor index = Tensors.ofLongs(positions, device, positions.length);
        return new RotaryAngles(
                cos.index_select(0, index).unsqueeze(1),
                sin.index_select(0, index).unsqueeze(1));
    }

    /**
     * One position per row, [B, 1, 1, rotaryDim].
     *
     * @param positions int64 [B] on the device
     * @param beyond more than every position
     */
    synchronized RotaryAngles at(Tensor positions, long beyond) {
        grow(beyond);
        return new RotaryAngles(
                cos.index_select(0, positions).view(-1, 1, 1, rotaryDim),
                sin.index_select(0, positions).view(-1, 1, 1, rotaryDim));
    }

    private void grow(long tokens) {
        if (tokens > length) {
            Tensor oldCos = cos;
            Tensor oldSin = sin;
            build(Math.max(tokens, 2 * length));
            Scopes.release(oldCos);
            Scopes.release(oldSin);
        }
    }

    private void build(long tokens) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor angles = rotation.angles(tokens);
            cos = Scopes.keep(onDevice(Tensors.cat(-1, angles.cos(), angles.cos())));
            sin = Scopes.keep(onDevice(Tensors.cat(-1, angles.sin().neg(), angles.sin())));
            if (config.attentionFactor() != 1) {
                cos.mul_(Tensors.scalar(config.attentionFactor()));
                sin.mul_(Tensors.scalar(config.attentionFactor()));
            }
        }
        length = tokens;
    }

    private Tensor onDevice(Tensor table) {
        return Tensors.on(table, device);
    }

    @Override
    public void close() {
        Scopes.release(cos);
        Scopes.release(sin);
    }
}
