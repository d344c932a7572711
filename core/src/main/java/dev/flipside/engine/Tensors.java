package dev.flipside.engine;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Between Java arrays and tensors. Tensors belong to the caller's scope. */
public final class Tensors {
    /** An absent optional tensor argument. */
    public static final TensorOptional NONE = Scopes.keep(new TensorOptional());

    /** An absent optional number argument. */
    public static final DoubleOptional NO_DOUBLE = Scopes.keep(new DoubleOptional());

    private Tensors() {}

    /** An int64 tensor of the given shape. */
    public static Tensor ofLongs(long[] values, Device device, long... shape) {
        return on(Tensor.create(values, shape), device);
    }

    /** A bool tensor of the given shape. */
    public static Tensor ofBooleans(boolean[] values, Device device, long... shape) {
        return on(Tensor.create(values, shape), device);
    }

    /** A float32 tensor of the given shape. */
    public static Tensor ofFloats(float[] values, Device device, long... shape) {
        return on(Tensor.create(values, shape), device);
    }

    /** A float32 tensor of the given shape, rounded from doubles. */
    public static Tensor ofDoubles(double[] values, Device device, long... shape) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return ofFloats(floats, device, shape);
    }

    /** Token ids as one right-padded int64 matrix [rows, longest]; padding is id 0, which nothing attends to. */
    public static Tensor padded(int[][] rows, Device device) {
        int longest = 0;
        for (int[] row : rows) {
            longest = Math.max(longest, row.length);
        }
        long[] ids = new long[Math.multiplyExact(rows.length, longest)];
        for (int r = 0; r < rows.length; r++) {
            for (int t = 0; t < rows[r].length; t++) {
                ids[r * longest + t] = rows[r][t];
            }
        }
        return ofLongs(ids, device, rows.length, longest);
    }

    /** The values of a tensor of any floating type and device, in row-major order. */
    public static float[] toFloats(Tensor tensor) {
        Tensor flat = tensor.detach().to(ScalarType.Float).cpu().contiguous();
        float[] values = new float[Math.toIntExact(flat.numel())];
        new FloatPointer(flat.data_ptr_float()).get(values);
        return values;
    }

    /** The values of an int64 tensor on any device, in row-major order. */
    public static long[] toLongs(Tensor tensor) {
        Tensor flat = tensor.detach().to(ScalarType.Long).cpu().contiguous();
        long[] values = new long[Math.toIntExact(flat.numel())];
        new LongPointer(flat.data_ptr_long()).get(values);
        return values;
    }

    /** A floating scalar argument. */
    public static Scalar scalar(double value) {
        return new Scalar(value);
    }

    /** Concatenation along {@code dim}. */
    public static Tensor cat(long dim, Tensor... tensors) {
        return torch.cat(new TensorVector(tensors), dim);
    }

    private static Tensor on(Tensor tensor, Device device) {
        return device.isCpu() ? tensor : tensor.to(device.torchDevice(), tensor.scalar_type());
    }
}
