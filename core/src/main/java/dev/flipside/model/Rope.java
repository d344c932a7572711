package dev.flipside.model;

import dev.flipside.engine.Device;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The tables of one rotation, float32, grown on demand.
 *
 * <p>A head (x1, x2) becomes (x1 cos - x2 sin, x2 cos + x1 sin). The sine table carries the sign of its first half, so that a rotation is two products and a
 * roll. Tables live outside every scope; what is handed out are views of the caller's scope, which stay valid when the tables grow.
 */
final class Rope implements AutoCloseable {
    private static final int FIRST_LENGTH = 512;

    /**
     * Rows of the tables, shaped to broadcast over [B, T, heads, headDim].
     *
     * @param cos cosines
     * @param sin sines, negative in the first half of a head
     */
    record Angles(Tensor cos, Tensor sin) {
        /** Rotates every head of x [B, T, heads, headDim], or its first dimensions where the tables are narrower. */
        Tensor rotate(Tensor x) {
            long rotated = cos.size(-1);
            long kept = x.size(-1) - rotated;
            return kept == 0 ? whole(x) : Tensors.cat(-1, whole(x.narrow(-1, 0, rotated)), x.narrow(-1, rotated, kept));
        }

        private Tensor whole(Tensor x) {
            long half = x.size(-1) / 2;
            return x.mul(cos).add_(x.roll(new long[] {half}, -1).mul_(sin));
        }
    }

    private final RopeConfig config;
    private final int rotaryDim;
    private final boolean beyondOriginalContext;
    private final Device device;
    private Tensor cos;
    private Tensor sin;
    private long length;

    /** For texts within the original context, where that matters. */
    Rope(RopeConfig config, int rotaryDim, Device device) {
        this(config, rotaryDim, false, device);
    }

    /** @param beyondOriginalContext whether texts are longer than the original context of {@link RopeConfig.LongRope} */
    Rope(RopeConfig config, int rotaryDim, boolean beyondOriginalContext, Device device) {
        this.config = config;
        this.rotaryDim = rotaryDim;
        this.beyondOriginalContext = beyondOriginalContext;
        this.device = device;
        build(FIRST_LENGTH);
    }

    /** Positions 0 to tokens - 1, [T, 1, rotaryDim]. */
    synchronized Angles upTo(long tokens) {
        grow(tokens);
        return new Angles(
                cos.narrow(0, 0, tokens).unsqueeze(1), sin.narrow(0, 0, tokens).unsqueeze(1));
    }

    /** The given position of each token, [T, 1, rotaryDim]. */
    synchronized Angles at(long[] positions) {
        grow(LongStream.of(positions).max().orElse(0) + 1);
        Tensor index = Tensors.ofLongs(positions, device, positions.length);
        return new Angles(
                cos.index_select(0, index).unsqueeze(1),
                sin.index_select(0, index).unsqueeze(1));
    }

    /**
     * One position per row, [B, 1, 1, rotaryDim].
     *
     * @param positions int64 [B] on the device
     * @param beyond more than every position
     */
    synchronized Angles at(Tensor positions, long beyond) {
        grow(beyond);
        return new Angles(
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
            Tensor positions = torch.arange(new Scalar(tokens), new TensorOptions(ScalarType.Float));
            Tensor angles = torch.outer(positions, frequencies());
            cos = Scopes.keep(onDevice(Tensors.cat(-1, angles.cos(), angles.cos())));
            sin = Scopes.keep(onDevice(Tensors.cat(-1, angles.sin().neg(), angles.sin())));
            if (config instanceof RopeConfig.LongRope longRope && longRope.attentionFactor() != 1) {
                cos.mul_(Tensors.scalar(longRope.attentionFactor()));
                sin.mul_(Tensors.scalar(longRope.attentionFactor()));
            }
        }
        length = tokens;
    }

    private Tensor onDevice(Tensor table) {
        return device.isCpu() ? table : table.to(device.torchDevice(), ScalarType.Float);
    }

    /** Frequencies [rotaryDim / 2], float32 in every step, as transformers computes them. */
    private Tensor frequencies() {
        float[] plain;
        try (PointerScope scope = new PointerScope()) {
            Tensor exponents = torch.arange(
                            new Scalar(0L),
                            new Scalar((long) rotaryDim),
                            new Scalar(2L),
                            new TensorOptions(ScalarType.Float))
                    .div(new Scalar((double) rotaryDim));
            plain = Tensors.toFloats(torch.pow(new Scalar(config.theta()), exponents));
        }
        float[] scaled = new float[plain.length];
        for (int i = 0; i < plain.length; i++) {
            scaled[i] = config instanceof RopeConfig.LongRope longRope
                    ? 1.0f / (divisor(longRope, i) * plain[i])
                    : scaled(1.0f / plain[i]);
        }
        return Tensors.ofFloats(scaled, Device.CPU, scaled.length);
    }

    private float divisor(RopeConfig.LongRope rope, int pair) {
        return (beyondOriginalContext ? rope.longFactors() : rope.shortFactors())
                .get(pair)
                .floatValue();
    }

    private float scaled(float frequency) {
        if (config instanceof RopeConfig.Linear linear) {
            return frequency / (float) linear.factor();
        }
        return config instanceof RopeConfig.Llama3 llama3 ? scaled(frequency, llama3) : frequency;
    }

    private static float scaled(float frequency, RopeConfig.Llama3 rope) {
        float wave = (float) (2 * Math.PI) / frequency;
        float slowed = frequency / (float) rope.factor();
        if (wave > (float) (rope.originalContext() / rope.lowFrequencyFactor())) {
            return slowed;
        }
        if (wave < (float) (rope.originalContext() / rope.highFrequencyFactor())) {
            return frequency;
        }
        float smooth = (rope.originalContext() / wave - (float) rope.lowFrequencyFactor())
                / (float) (rope.highFrequencyFactor() - rope.lowFrequencyFactor());
        return (1 - smooth) * frequency / (float) rope.factor() + smooth * frequency;
    }

    @Override
    public void close() {
        Scopes.release(cos);
        Scopes.release(sin);
    }
}
