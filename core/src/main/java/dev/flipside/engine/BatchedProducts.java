package dev.flipside.engine;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.mkl.global.mkl_rt;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Many small float32 products at equal distances in memory, by one call of MKL: ten to twenty times as fast as {@code bmm} of these bindings, which is not linked
 * to MKL's batched routine.
 *
 * <p>MKL sees bare addresses, so every call is checked here against the size of the tensors behind them.
 */
public final class BatchedProducts {
    private static final int ROW_MAJOR = 101;
    private static final int AS_IT_IS = 111;
    private static final int TRANSPOSED = 112;

    private BatchedProducts() {}

    /** Whether MKL was swapped in for the bindings' own BLAS: neither OpenBLAS nor a libtorch of the user's brings what this class calls. */
    public static boolean available() {
        return Available.YES;
    }

    private static final class Available {
        static final boolean YES = probe();

        private static boolean probe() {
            if (NativeLibrary.foreign() || !NativeLibrary.blas().equals(NativeLibrary.SWAPPED_MKL)) {
                return false;
            }
            try {
                Loader.load(mkl_rt.class);
                return true;
            } catch (UnsatisfiedLinkError | NoClassDefFoundError e) {
                // Built without MKL's natives: the functional path does the same, slower.
                return false;
            }
        }
    }

    /** Float32 memory of a contiguous tensor on the CPU, which must outlive this view of it. */
    public static final class Memory {
        private final FloatPointer data;
        private final long elements;

        private Memory(FloatPointer data, long elements) {
            this.data = data;
            this.elements = elements;
        }

        /** All of a tensor. */
        public static Memory of(Tensor tensor) {
            if (tensor.scalar_type().intern() != ScalarType.Float || !tensor.is_contiguous() || !tensor.is_cpu()) {
                throw new IllegalArgumentException("a contiguous float32 tensor on the CPU");
            }
            return new Memory(tensor.data_ptr_float(), tensor.numel());
        }

        /** The memory behind the first {@code offset} elements. */
        public Memory from(long offset) {
            if (offset < 0 || offset > elements) {
                throw new IndexOutOfBoundsException(offset + " of " + elements);
            }
            return new Memory(new FloatPointer(data).position(offset), elements - offset);
        }

        /** Equally shaped row-major matrices in it. */
        public Matrices matrices(int rowStride, int matrixStride) {
            return new Matrices(this, rowStride, matrixStride);
        }
    }

    /**
     * Matrices one after the other.
     *
     * @param memory where the first begins
     * @param rowStride elements from one row to the next
     * @param matrixStride elements from one matrix to the next
     */
    public record Matrices(Memory memory, int rowStride, int matrixStride) {
        private void require(int count, int rows, int columns) {
            long end = (count - 1L) * matrixStride + (rows - 1L) * rowStride + columns;
            if (rowStride < columns || matrixStride < 0 || end > memory.elements) {
                throw new IndexOutOfBoundsException(
                        count + " matrices of " + rows + " x " + columns + " in " + memory.elements + " elements");
            }
        }
    }

    /**
     * {@code c = alpha a b + beta c} for each of {@code count} matrices.
     *
     * @param m rows of a and c
     * @param n columns of c
     * @param k columns of a
     * @param transposeB whether b is stored [n, k] rather than [k, n]
     */
    public static void multiply(
            int count,
            int m,
            int n,
            int k,
            float alpha,
            Matrices a,
            Matrices b,
            boolean transposeB,
            float beta,
            Matrices c) {
        if (count < 1 || m < 1 || n < 1 || k < 1) {
            throw new IllegalArgumentException(count + " products of " + m + " x " + k + " x " + n);
        }
        a.require(count, m, k);
        b.require(count, transposeB ? n : k, transposeB ? k : n);
        c.require(count, m, n);
        mkl_rt.cblas_sgemm_batch_strided(
                ROW_MAJOR,
                AS_IT_IS,
                transposeB ? TRANSPOSED : AS_IT_IS,
                m,
                n,
                k,
                alpha,
                a.memory.data,
                a.rowStride,
                a.matrixStride,
                b.memory.data,
                b.rowStride,
                b.matrixStride,
                beta,
                c.memory.data,
                c.rowStride,
                c.matrixStride,
                count);
    }
}
