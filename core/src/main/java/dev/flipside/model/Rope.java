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
 * Rotary tables of one model, float32, grown on demand.
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
        /** Rotates every head of x [B, T, heads, headDim]. */
        Tensor rotate(Tensor x) {
            long half = x.size(-1) / 2;
            return x.mul(cos).add_(x.roll(new long[] {half}, -1).mul_(sin));
        }
    }

    private final RopeConfig config;
    private final int headDim;
    private final Device device;
    private Tensor cos;
    private Tensor sin;
    private long length;

    Rope(RopeConfig config, int headDim, Device device) {
        this.config = config;
        this.headDim = headDim;
        this.device = device;
        build(FIRST_LENGTH);
    }

    /** Positions 0 to tokens - 1, [T, 1, headDim]. */
    synchronized Angles upTo(long tokens) {
        grow(tokens);
        return new Angles(
                cos.narrow(0, 0, tokens).unsqueeze(1), sin.narrow(0, 0, tokens).unsqueeze(1));
    }

    /** The given position of each token, [T, 1, headDim]. */
    synchronized Angles at(long[] positions) {
        grow(LongStream.of(positions).max().orElse(0) + 1);
        Tensor index = Tensors.ofLongs(positions, device, positions.length);
        return new Angles(
                cos.index_select(0, index).unsqueeze(1),
                sin.index_select(0, index).unsqueeze(1));
    }

    /**
     * One position per row, [B, 1, 1, headDim].
     *
     * @param positions int64 [B] on the device
     * @param beyond more than every position
     */
    synchronized Angles at(Tensor positions, long beyond) {
        grow(beyond);
        return new Angles(
                cos.index_select(0, positions).view(-1, 1, 1, headDim),
                sin.index_select(0, positions).view(-1, 1, 1, headDim));
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
        }
        length = tokens;
    }

    private Tensor onDevice(Tensor table) {
        return device.isCpu() ? table : table.to(device.torchDevice(), ScalarType.Float);
    }

    /** Frequencies [headDim / 2], float32 in every step, as transformers computes them. */
    private Tensor frequencies() {
        float[] plain;
        try (PointerScope scope = new PointerScope()) {
            Tensor exponents = torch.arange(
                            new Scalar(0L),
                            new Scalar((long) headDim),
                            new Scalar(2L),
                            new TensorOptions(ScalarType.Float))
                    .div(new Scalar((double) headDim));
            plain = Tensors.toFloats(torch.pow(new Scalar(config.theta()), exponents));
        }
        float[] scaled = new float[plain.length];
        for (int i = 0; i < plain.length; i++) {
            scaled[i] = scaled(1.0f / plain[i]);
        }
        return Tensors.ofFloats(scaled, Device.CPU, scaled.length);
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
