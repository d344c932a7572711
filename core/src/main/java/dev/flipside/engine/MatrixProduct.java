package dev.flipside.engine;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_BIAS;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC_1;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_WEIGHTS;
import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_mul;
import static org.bytedeco.dnnl.global.dnnl.dnnl_data_type_undef;
import static org.bytedeco.dnnl.global.dnnl.dnnl_eltwise_swish;
import static org.bytedeco.dnnl.global.dnnl.dnnl_matmul_primitive_desc_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_set_data_handle;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_append_binary;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_append_eltwise;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_append_sum;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_set_post_ops;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_execute;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.bytedeco.dnnl.dnnl_exec_arg_t;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;

/**
 * A product of matrices, or of as many matrices as there are in a batch, from given memory into given memory: one
 * native call a run, nothing allocated.
 *
 * <p>Float32 on the CPU by oneDNN. Its kernels use the instruction set at hand whoever built the processor, where MKL
 * keeps AVX-512 from AMD's; small and batched products are faster than MKL's everywhere we looked. The second matrix
 * may be bfloat16: its elements become float32 inside the kernel, and nothing else is rounded. The tensors must outlive
 * the product. One thread at a time; lives outside every scope until {@link #close}.
 */
public final class MatrixProduct implements AutoCloseable {
    private static final int MOST_ARGUMENTS = 5;

    private final dnnl_primitive primitive;
    private final List<dnnl_memory> memories = new ArrayList<>();
    private final dnnl_exec_arg_t arguments;

    /**
     * Rows and columns of b of bfloat16 must be multiples of this. Without AVX-512 oneDNN 3.8 has no fast kernel for
     * other numbers of columns, and its kernel for columns that are stored one after the other multiplies wrongly where
     * the rows are none.
     */
    static final long ROUNDED_MULTIPLE = 8;

    /** Whether oneDNN could be loaded, beside a libtorch whose threads it shares. */
    public static boolean available() {
        return OneDnn.available();
    }

    /**
     * Prepares {@code into = epilogue(a b)}.
     *
     * @param a [M, K] or [batch, M, K]
     * @param b [K, N] or [batch, K, N]; a matrix may be bfloat16 where {@link #multipliesRounded}
     * @param into [M, N] or [batch, M, N]; of every tensor the last or the second last stride is 1
     */
    public static MatrixProduct of(Tensor a, Tensor b, Tensor into, Epilogue epilogue) {
        requireShapes(a, b, into);
        if (isScattered(into)) {
            return of(a.unsqueeze(0), b.unsqueeze(0), into.unsqueeze(0), epilogue);
        }
        requireTypes(a, b, into);
        dnnl_memory_desc layout = OneDnn.layout(b);
        try {
            return new MatrixProduct(a, layout, b.data_ptr(), Optional.empty(), into, epilogue);
        } finally {
            dnnl_memory_desc_destroy(layout);
        }
    }

    /** {@code into = epilogue(a b)}, once. */
    public static void multiply(Tensor a, Tensor b, Tensor into, Epilogue epilogue) {
        requireShapes(a, b, into);
        if (isScattered(into)) {
            multiply(a.unsqueeze(0), b.unsqueeze(0), into.unsqueeze(0), epilogue);
        } else {
            RecentProducts.ofThread().of(a, b, into, epilogue).run();
        }
    }

    /**
     * Whether this is one column whose elements lie apart. With AVX-512 oneDNN 3.8 takes it for a vector and writes its
     * elements side by side; of a batch of such columns it writes each where it belongs.
     */
    private static boolean isScattered(Tensor into) {
        return into.dim() == 2 && into.size(1) == 1 && into.size(0) > 1 && into.stride(0) != 1;
    }

    /** The same product of other memory, of the shapes that it was prepared for and without a bias. */
    void bind(Tensor a, Tensor b, Tensor into, Epilogue epilogue) {
        // Shapes say nothing of it, and an address is all that the library is given.
        requireTypes(a, b, into);
        requireFactor(epilogue, into);
        bind(0, a.data_ptr_float());
        bind(1, b.data_ptr());
        bind(2, into.data_ptr_float());
        epilogue.factor().ifPresent(factor -> bind(3, factor.data_ptr_float()));
    }

    private void bind(int argument, Pointer data) {
        OneDnn.check(dnnl_memory_set_data_handle(memories.get(argument), data));
    }

    private static void requireTypes(Tensor a, Tensor b, Tensor into) {
        OneDnn.require(a, into);
        if (!(OneDnn.acceptsWeight(b) && b.dim() == 2 && multipliesRounded(b.size(0), b.size(1)))) {
            OneDnn.require(b);
        }
    }

    /** Whether a second matrix of this shape may be bfloat16. */
    static boolean multipliesRounded(long rows, long columns) {
        return rows % ROUNDED_MULTIPLE == 0 && columns % ROUNDED_MULTIPLE == 0;
    }

    private static void requireFactor(Epilogue epilogue, Tensor into) {
        epilogue.factor().ifPresent(OneDnn::require);
        epilogue.factor().filter(f -> !sameShape(f, into)).ifPresent(f -> {
            throw new IllegalArgumentException("a factor that does not fit the product");
        });
        epilogue.factor().filter(f -> f.is_alias_of(into)).ifPresent(f -> {
            throw new IllegalArgumentException("a factor in the memory that the product is written to");
        });
    }

    private static void requireShapes(Tensor a, Tensor b, Tensor into) {
        long dimensions = a.dim();
        boolean fits = (dimensions == 2 || dimensions == 3)
                && b.dim() == dimensions
                && into.dim() == dimensions
                && a.size(-1) == b.size(-2)
                && into.size(-2) == a.size(-2)
                && into.size(-1) == b.size(-1)
                && (dimensions == 2 || a.size(0) == b.size(0) && a.size(0) == into.size(0));
        if (!fits) {
            throw new IllegalArgumentException("matrices that do not fit each other");
        }
    }

    /**
     * @param layoutB of b, which may be one of oneDNN's own, of float32 or bfloat16
     * @param bias [1, N], added before the epilogue
     */
    MatrixProduct(
            Tensor a, dnnl_memory_desc layoutB, Pointer b, Optional<Tensor> bias, Tensor into, Epilogue epilogue) {
        OneDnn.require(a, into);
        requireFactor(epilogue, into);
        dnnl_memory_desc layoutA = OneDnn.layout(a);
        dnnl_memory_desc layoutInto = OneDnn.layout(into);
        dnnl_memory_desc layoutBias = bias.map(OneDnn::layout).orElseGet(dnnl_memory_desc::new);
        dnnl_primitive_desc description = describe(layoutA, layoutB, layoutBias, layoutInto, epilogue);
        try {
            primitive = new dnnl_primitive();
            OneDnn.check(dnnl_primitive_create(primitive, description));
            arguments = Scopes.keep(new dnnl_exec_arg_t(MOST_ARGUMENTS));
            argument(DNNL_ARG_SRC, layoutA, a.data_ptr_float());
            argument(DNNL_ARG_WEIGHTS, layoutB, b);
            argument(DNNL_ARG_DST, layoutInto, into.data_ptr_float());
            bias.ifPresent(addend -> argument(DNNL_ARG_BIAS, layoutBias, addend.data_ptr_float()));
            epilogue.factor()
                    .ifPresent(factor -> argument(
                            DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE | DNNL_ARG_SRC_1, layoutInto, factor.data_ptr_float()));
            arguments.position(0);
        } finally {
            dnnl_primitive_desc_destroy(description);
            dnnl_memory_desc_destroy(layoutA);
            dnnl_memory_desc_destroy(layoutInto);
            bias.ifPresent(addend -> dnnl_memory_desc_destroy(layoutBias));
        }
    }

    private static boolean sameShape(Tensor x, Tensor y) {
        return x.dim() == y.dim()
                && IntStream.range(0, Math.toIntExact(x.dim()))
                        .allMatch(i -> x.size(i) == y.size(i) && x.stride(i) == y.stride(i));
    }

    private void argument(int name, dnnl_memory_desc layout, Pointer data) {
        dnnl_memory memory = OneDnn.memory(layout, data);
        arguments.position(memories.size()).arg(name).memory(memory);
        memories.add(memory);
    }

    /**
     * @param bias a null pointer for none
     * @return to be destroyed
     */
    static dnnl_primitive_desc describe(
            dnnl_memory_desc a, dnnl_memory_desc b, dnnl_memory_desc bias, dnnl_memory_desc into, Epilogue epilogue) {
        dnnl_primitive_attr attributes = new dnnl_primitive_attr();
        OneDnn.check(dnnl_primitive_attr_create(attributes));
        dnnl_post_ops after = new dnnl_post_ops();
        OneDnn.check(dnnl_post_ops_create(after));
        try {
            switch (epilogue.kind()) {
                case NONE -> {}
                case ACCUMULATE -> OneDnn.check(dnnl_post_ops_append_sum(after, 1, 0, dnnl_data_type_undef));
                case SWISH -> OneDnn.check(dnnl_post_ops_append_eltwise(after, dnnl_eltwise_swish, 1, 0));
                case TIMES -> {
                    Tensor factor = epilogue.factor().orElseThrow();
                    dnnl_memory_desc layout = OneDnn.layout(factor);
                    OneDnn.check(dnnl_post_ops_append_binary(after, dnnl_binary_mul, layout));
                    dnnl_memory_desc_destroy(layout);
                }
            }
            OneDnn.check(dnnl_primitive_attr_set_post_ops(attributes, after));
            dnnl_primitive_desc description = new dnnl_primitive_desc();
            OneDnn.check(dnnl_matmul_primitive_desc_create(description, OneDnn.engine(), a, b, bias, into, attributes));
            return description;
        } finally {
            dnnl_post_ops_destroy(after);
            dnnl_primitive_attr_destroy(attributes);
        }
    }

    /** Multiplies what the tensors hold now. */
    public void run() {
        OneDnn.check(dnnl_primitive_execute(primitive, OneDnn.stream(), memories.size(), arguments));
    }

    @Override
    public void close() {
        memories.forEach(memory -> dnnl_memory_destroy(memory));
        Scopes.release(arguments);
        dnnl_primitive_destroy(primitive);
    }
}
