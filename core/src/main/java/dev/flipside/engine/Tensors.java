package dev.flipside.engine;

import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
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

    /**
     * Elements whose squares are added up in float32: more of them lose digits, fewer make more sums than the memory's
     * speed allows.
     */
    private static final long NORM_ROW = 4096;

    /** Elements whose products are held at once. */
    private static final long DOT_CHUNK = 1 << 20;

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
        Tensor flat = host(tensor.detach().to(ScalarType.Float));
        float[] values = new float[Math.toIntExact(flat.numel())];
        // A tensor without elements has no address to read from.
        if (values.length > 0) {
            new FloatPointer(flat.data_ptr_float()).get(values);
        }
        return values;
    }

    /** The values of an int64 tensor on any device, in row-major order. */
    public static long[] toLongs(Tensor tensor) {
        Tensor flat = host(tensor.detach().to(ScalarType.Long));
        long[] values = new long[Math.toIntExact(flat.numel())];
        if (values.length > 0) {
            new LongPointer(flat.data_ptr_long()).get(values);
        }
        return values;
    }

    /** The values of a tensor of any type and device, in row-major order. */
    public static double[] toDoubles(Tensor tensor) {
        Tensor flat = host(tensor.detach().to(ScalarType.Double));
        double[] values = new double[Math.toIntExact(flat.numel())];
        if (values.length > 0) {
            new DoublePointer(flat.data_ptr_double()).get(values);
        }
        return values;
    }

    /** The value of a tensor of one element. */
    public static double toDouble(Tensor tensor) {
        return toDoubles(tensor)[0];
    }

    /** The value of a tensor of one element, any number but 0 being true. */
    public static boolean toBoolean(Tensor tensor) {
        return toDouble(tensor) != 0;
    }

    /**
     * A tensor's numbers in the host's memory, contiguous. The only way from a device to Java, for which the host waits
     * until the device has computed them.
     */
    public static Tensor host(Tensor tensor) {
        return tensor.cpu().contiguous();
    }

    /** A floating scalar argument. */
    public static Scalar scalar(double value) {
        return new Scalar(value);
    }

    /** Concatenation along {@code dim}. */
    public static Tensor cat(long dim, Tensor... tensors) {
        return torch.cat(new TensorVector(tensors), dim);
    }

    /**
     * The sum of the squares of all elements, for buffers of any length.
     *
     * <p>libtorch adds a float32 norm up in float32, with a few running sums: on the CPU it is 1.5 % too small over 135
     * million elements and 22 % over 1.24 billion. Here {@value #NORM_ROW} elements are added up in float32 at a time,
     * and their norms in float64: within 1e-6 whatever the length.
     *
     * @param tensor float32 or float64, of any shape, on any device
     */
    public static double squaredNorm(Tensor tensor) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor flat = tensor.detach().reshape(-1);
            long whole = flat.numel() / NORM_ROW * NORM_ROW;
            Tensor rows = flat.narrow(0, 0, whole).view(-1, NORM_ROW);
            Tensor norms = torch.linalg_vector_norm(rows, scalar(2), new long[] {1}, false, new ScalarTypeOptional());
            return toDouble(squares(norms).add(squares(flat.narrow(0, whole, flat.numel() - whole))));
        }
    }

    /**
     * The inner product of two float32 buffers of one length, for any length: products in float32, their sum in
     * float64.
     */
    public static double dot(Tensor left, Tensor right) {
        long elements = left.numel();
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor sum = left.new_zeros(new long[] {1}).to(ScalarType.Double);
            for (long at = 0; at < elements; at += DOT_CHUNK) {
                long n = Math.min(DOT_CHUNK, elements - at);
                sum.add_(left.narrow(0, at, n)
                        .mul(right.narrow(0, at, n))
                        .sum(new ScalarTypeOptional(ScalarType.Double)));
            }
            return toDouble(sum);
        }
    }

    private static Tensor squares(Tensor few) {
        Tensor exact = few.to(ScalarType.Double);
        return exact.dot(exact);
    }

    /**
     * A tensor of the host on a device; on the CPU itself. The host does not wait: its memory is not pinned, so that
     * CUDA has copied it when this returns.
     */
    public static Tensor on(Tensor tensor, Device device) {
        return device.isCpu()
                ? tensor
                : tensor.to(device.torchDevice(), tensor.scalar_type(), true, false, new MemoryFormatOptional());
    }
}
