package dev.flipside.engine;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * Products that a thread has multiplied before, by their shapes: preparing one costs as much as running it where
 * matrices are small, and the steps of a training multiply the same shapes again and again.
 *
 * <p>One holds 10 to 120 kB of native memory without AVX-512, measured from 500 x 64 x 128 to 2000 x 576 x 1536, and
 * 0.2 to 1.2 MB with it. Each thread has its own, since a product is one thread's at a time.
 */
final class RecentProducts {
    /** More than the shapes of a step with its micro-batches; at most 30 MB, with AVX-512 300. */
    private static final int MOST = 256;

    private static final ThreadLocal<RecentProducts> OF_THREAD = ThreadLocal.withInitial(RecentProducts::new);

    private final Map<Shapes, MatrixProduct> products = new LinkedHashMap<>(MOST, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Shapes, MatrixProduct> eldest) {
            if (size() <= MOST) {
                return false;
            }
            eldest.getValue().close();
            return true;
        }
    };

    private RecentProducts() {}

    static RecentProducts ofThread() {
        return OF_THREAD.get();
    }

    /** A product of these tensors' memory, prepared now or before; not to be closed. */
    MatrixProduct of(Tensor a, Tensor b, Tensor into, Epilogue epilogue) {
        Shapes shapes = Shapes.of(a, b, into, epilogue.kind());
        MatrixProduct known = products.get(shapes);
        if (known == null) {
            known = MatrixProduct.of(a, b, into, epilogue);
            products.put(shapes, known);
        } else {
            known.bind(a, b, into, epilogue);
        }
        return known;
    }

    /** Sizes and strides of the three tensors, the second one's type, and what happens to the product. */
    private static final class Shapes {
        private final long[] numbers;
        private final int hash;

        private Shapes(long[] numbers) {
            this.numbers = numbers;
            hash = Arrays.hashCode(numbers);
        }

        static Shapes of(Tensor a, Tensor b, Tensor into, Epilogue.Kind kind) {
            int dimensions = Math.toIntExact(a.dim());
            long[] numbers = new long[2 + 3 * 2 * dimensions];
            numbers[0] = kind.ordinal();
            numbers[1] = OneDnn.type(b);
            int at = 2;
            for (Tensor tensor : new Tensor[] {a, b, into}) {
                for (int i = 0; i < dimensions; i++) {
                    numbers[at++] = tensor.size(i);
                    numbers[at++] = tensor.stride(i);
                }
            }
            return new Shapes(numbers);
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Shapes shapes && Arrays.equals(numbers, shapes.numbers);
        }

        @Override
        public int hashCode() {
            return hash;
        }
    }
}
