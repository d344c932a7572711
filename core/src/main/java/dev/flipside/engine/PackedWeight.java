package dev.flipside.engine;

import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.OperatorHandleOptional;
import org.bytedeco.pytorch.OperatorName;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * A copy of a dense layer's weight in the order that oneDNN's product of a few rows reads it in, for the products of decoding: two to four times as fast as torch's
 * {@code linear} there, which brings the weight into such an order at every call.
 *
 * <p>A snapshot: it does not follow later changes of the weight. Float32 on the CPU, where {@link #available}. Lives outside every scope until {@link #close}.
 */
public final class PackedWeight implements AutoCloseable {
    private final Tensor packed;
    private final int inputs;
    /** The operator's arguments, the input at place 0 yet to be filled in. */
    private final IValueVector plain;

    private final IValueVector swish;
    private final IValueVector times;

    /** oneDNN's dense layer, which torch knows by name alone. */
    private static final class Operators {
        static final Optional<OperatorHandle> REORDER = find("mkldnn::_reorder_linear_weight", "");
        static final Optional<OperatorHandle> LINEAR = find("mkldnn::_linear_pointwise", "");
        static final Optional<OperatorHandle> LINEAR_BINARY = find("mkldnn::_linear_pointwise", "binary");
        static final boolean COMPLETE =
                torch.hasMKLDNN() && REORDER.isPresent() && LINEAR.isPresent() && LINEAR_BINARY.isPresent();

        private Operators() {}

        private static Optional<OperatorHandle> find(String name, String overload) {
            try (PointerScope scope = new PointerScope()) {
                OperatorHandleOptional found = Dispatcher.singleton().findSchema(new OperatorName(name, overload));
                return found.has_value() ? Optional.of(Scopes.keep(new OperatorHandle(found.get()))) : Optional.empty();
            }
        }

        /** The result of a call; the arguments are used up. */
        static Tensor call(Optional<OperatorHandle> operator, IValueVector arguments) {
            operator.orElseThrow().callBoxed(arguments);
            // toTensor() only points into the argument list, which ends with the scope.
            return new Tensor(arguments.get(0).toTensor());
        }

        /** No parameters of an activation. */
        static IValue noScalars() {
            // Only the type of the list's elements is needed, and the schema has it.
            return new IValue(new GenericList(LINEAR.orElseThrow()
                    .schema()
                    .arguments()
                    .position(4)
                    .type()
                    .get()
                    .containedType(0)));
        }
    }

    /** Whether this libtorch has oneDNN with what this class calls. */
    public static boolean available() {
        return Operators.COMPLETE;
    }

    /**
     * Packs a weight.
     *
     * @param weight float32 [outputs, inputs] on the CPU
     * @param bias float32 [outputs] or absent; not copied
     * @param rows how many rows inputs will mostly have; others work, maybe slower
     */
    public PackedWeight(Tensor weight, TensorOptional bias, int rows) {
        if (weight.dim() != 2 || !weight.is_cpu()) {
            throw new IllegalArgumentException("a matrix on the CPU");
        }
        inputs = Math.toIntExact(weight.size(1));
        try (Scopes.Frozen scope = Scopes.frozen()) {
            IValueVector arguments =
                    new IValueVector(new IValue(weight.detach().contiguous()), new IValue((long) rows));
            packed = Scopes.keep(Operators.call(Operators.REORDER, arguments));
            IValue addend = bias.has_value() ? new IValue(bias.get().detach()) : new IValue();
            plain = unary(addend, "none");
            swish = unary(addend, "swish");
            times = Scopes.keep(
                    new IValueVector(new IValue(), new IValue(), new IValue(packed), addend, new IValue("mul")));
        }
    }

    private IValueVector unary(IValue addend, String activation) {
        return Scopes.keep(new IValueVector(
                new IValue(),
                new IValue(packed),
                addend,
                new IValue(activation),
                Operators.noScalars(),
                new IValue("")));
    }

    /**
     * {@code input weight^T + bias}.
     *
     * @param input float32 [rows, inputs], contiguous
     * @return [rows, outputs], in the caller's scope
     */
    public Tensor multiply(Tensor input) {
        return call(Operators.LINEAR, plain, input);
    }

    /** {@code silu(input weight^T + bias)}. */
    public Tensor multiplySwish(Tensor input) {
        return call(Operators.LINEAR, swish, input);
    }

    /**
     * {@code (input weight^T + bias) * factor}.
     *
     * @param factor float32 [rows, outputs]
     */
    public Tensor multiplyTimes(Tensor input, Tensor factor) {
        require(input);
        IValueVector arguments = new IValueVector().put(times);
        arguments.put(0, new IValue(input));
        arguments.put(1, new IValue(factor));
        return Operators.call(Operators.LINEAR_BINARY, arguments);
    }

    private Tensor call(Optional<OperatorHandle> operator, IValueVector template, Tensor input) {
        require(input);
        IValueVector arguments = new IValueVector().put(template);
        arguments.put(0, new IValue(input));
        return Operators.call(operator, arguments);
    }

    private void require(Tensor input) {
        if (input.dim() != 2 || input.size(1) != inputs) {
            throw new IllegalArgumentException("rows of " + inputs + " numbers");
        }
    }

    @Override
    public void close() {
        Scopes.release(plain);
        Scopes.release(swish);
        Scopes.release(times);
        Scopes.release(packed);
    }
}
