package dev.flipside.engine;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_FROM;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_TO;
import static org.bytedeco.dnnl.global.dnnl.dnnl_f32;
import static org.bytedeco.dnnl.global.dnnl.dnnl_format_tag_any;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_clone;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_create_with_strides;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_create_with_tag;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_equal;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_get_size;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_query_md;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_execute;
import static org.bytedeco.dnnl.global.dnnl.dnnl_query_weights_md;
import static org.bytedeco.dnnl.global.dnnl.dnnl_reorder_primitive_desc_create;

import java.util.Optional;
import org.bytedeco.dnnl.dnnl_exec_arg_t;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A copy of a dense layer's weight in the order that oneDNN's product of a few rows reads it in, for the products of
 * decoding.
 *
 * <p>A snapshot: it does not follow later changes of the weight. Where {@link MatrixProduct#available}. Lives outside
 * every scope until {@link #close}, and must outlive its products.
 */
public final class PackedWeight implements AutoCloseable {
    /** Elements between two rows from which on columns are read faster; at 1536 rows still are. */
    private static final long FAR = 4096;

    private final Tensor packed;
    private final Optional<Tensor> bias;
    private final dnnl_memory_desc layout;
    private final long inputs;
    private final long outputs;

    /**
     * Packs a weight.
     *
     * @param weight [outputs, inputs] on the CPU, float32 or bfloat16: the copy has its type, but for shapes that
     *     oneDNN does not multiply in bfloat16
     * @param bias float32 [outputs] or absent; copied too
     * @param rows how many rows inputs will mostly have; others work, maybe slower
     */
    public PackedWeight(Tensor weight, TensorOptional bias, long rows) {
        if (weight.dim() != 2 || rows < 1) {
            throw new IllegalArgumentException("a matrix for at least one row");
        }
        outputs = weight.size(0);
        inputs = weight.size(1);
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor input = torch.empty(rows, inputs);
            Tensor output = torch.empty(rows, outputs);
            Tensor constant = weight.detach();
            Tensor own = MatrixProduct.multipliesRounded(inputs, outputs) ? constant : constant.to(ScalarType.Float);
            layout = order(input, output, OneDnn.type(own));
            long floats = (dnnl_memory_desc_get_size(layout) + Float.BYTES - 1) / Float.BYTES;
            packed = Scopes.keep(torch.empty(floats));
            copy(own.t());
            this.bias = bias.has_value()
                    ? Optional.of(Scopes.keep(bias.get().detach().clone().view(1, outputs)))
                    : Optional.empty();
        }
    }

    /**
     * The order for such a product; a bias and an epilogue make no difference. To be destroyed.
     *
     * <p>Without AVX-512 oneDNN asks for rows of [inputs, outputs] as they are. Where these are far apart it reads them
     * at half the speed of columns: 20 ms instead of 9 for 8 x 576 x 49152 on two cores of Zen 1.
     */
    private dnnl_memory_desc order(Tensor input, Tensor output, int type) {
        dnnl_memory_desc chosen = preferred(input, output, type);
        dnnl_memory_desc rows = strided(type, outputs, 1);
        boolean far = type == dnnl_f32 && outputs >= FAR && dnnl_memory_desc_equal(chosen, rows) != 0;
        dnnl_memory_desc_destroy(rows);
        if (!far) {
            return chosen;
        }
        dnnl_memory_desc_destroy(chosen);
        return strided(type, 1, inputs);
    }

    private dnnl_memory_desc strided(int type, long ofInput, long ofOutput) {
        dnnl_memory_desc layout = new dnnl_memory_desc();
        OneDnn.check(dnnl_memory_desc_create_with_strides(
                layout, 2, new long[] {inputs, outputs}, type, new long[] {ofInput, ofOutput}));
        return layout;
    }

    /** What oneDNN asks for when it may choose. To be destroyed. */
    private dnnl_memory_desc preferred(Tensor input, Tensor output, int type) {
        dnnl_memory_desc any = new dnnl_memory_desc();
        OneDnn.check(dnnl_memory_desc_create_with_tag(any, 2, new long[] {inputs, outputs}, type, dnnl_format_tag_any));
        dnnl_memory_desc in = OneDnn.layout(input);
        dnnl_memory_desc out = OneDnn.layout(output);
        dnnl_primitive_desc description = MatrixProduct.describe(in, any, new dnnl_memory_desc(), out, Epilogue.NONE);
        dnnl_memory_desc chosen = new dnnl_memory_desc();
        // What a query returns belongs to the description.
        OneDnn.check(
                dnnl_memory_desc_clone(chosen, dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0)));
        dnnl_primitive_desc_destroy(description);
        dnnl_memory_desc_destroy(any);
        dnnl_memory_desc_destroy(in);
        dnnl_memory_desc_destroy(out);
        return chosen;
    }

    /** @param weight [inputs, outputs] in any order */
    private void copy(Tensor weight) {
        dnnl_memory_desc plain = OneDnn.layout(weight);
        dnnl_primitive_desc description = new dnnl_primitive_desc();
        OneDnn.check(dnnl_reorder_primitive_desc_create(
                description, plain, OneDnn.engine(), layout, OneDnn.engine(), new dnnl_primitive_attr()));
        dnnl_primitive reorder = new dnnl_primitive();
        OneDnn.check(dnnl_primitive_create(reorder, description));
        dnnl_memory from = OneDnn.memory(plain, weight.data_ptr());
        dnnl_memory to = OneDnn.memory(layout, packed.data_ptr());
        dnnl_exec_arg_t arguments = new dnnl_exec_arg_t(2);
        arguments.position(0).arg(DNNL_ARG_FROM).memory(from);
        arguments.position(1).arg(DNNL_ARG_TO).memory(to);
        OneDnn.check(dnnl_primitive_execute(reorder, OneDnn.stream(), 2, arguments.position(0)));
        dnnl_memory_destroy(from);
        dnnl_memory_destroy(to);
        dnnl_primitive_destroy(reorder);
        dnnl_primitive_desc_destroy(description);
        dnnl_memory_desc_destroy(plain);
    }

    /**
     * Prepares {@code into = epilogue(input weight^T + bias)}.
     *
     * @param input float32 [rows, inputs]
     * @param into float32 [rows, outputs]
     */
    public MatrixProduct product(Tensor input, Tensor into, Epilogue epilogue) {
        boolean fits = input.dim() == 2
                && into.dim() == 2
                && input.size(1) == inputs
                && into.size(1) == outputs
                && input.size(0) == into.size(0);
        if (!fits) {
            throw new IllegalArgumentException("a weight of " + outputs + " x " + inputs + " does not fit");
        }
        return new MatrixProduct(input, layout, packed.data_ptr(), bias, into, epilogue);
    }

    @Override
    public void close() {
        Scopes.release(packed);
        bias.ifPresent(Scopes::release);
        dnnl_memory_desc_destroy(layout);
    }
}
