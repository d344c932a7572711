package dev.flipside.engine;

import com.sun.jna.Callback;
import com.sun.jna.CallbackReference;
import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueArrayRef;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.RecordFunction;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * Every operator that libtorch's dispatcher runs on this thread from construction to {@link #close}, and whether its
 * tensors are of the host or of a device: what profilers of torch see, through the same observer
 * ({@code at::RecordFunctionCallback}).
 *
 * <p>The device is {@link #DEVICE}, the processor by a name with a number. It computes real numbers, and nothing in
 * libtorch tells its tensors from those of the host; but whoever makes a tensor or moves it names a device, and the log
 * remembers for each storage which one was meant. So it finds what a GPU would refuse, tensors of two devices in one
 * operator, and what would be computed on the host in its place. libtorch's device {@code meta} would do that by
 * itself, were there kernels of it for more operators: {@code index_select} has none outside Python.
 *
 * <p>The bindings take the observer as an untyped pointer, so it is laid out here as {@code ATen/record_function.h} of
 * libtorch 2.10 has it.
 */
public final class OperatorLog implements AutoCloseable {
    /** Another device than the processor as far as Flipside knows. */
    public static final Device DEVICE = new Device("cpu:0");

    /** What a tensor of at least one dimension is of; a number may stand beside tensors of any device. */
    public enum Place {
        HOST,
        DEVICE
    }

    /** What neither computes nor moves numbers: views, shapes, and memory without contents. */
    private static final Set<String> FREE = Set.of(
            "alias",
            "as_strided",
            "detach",
            "detach_",
            "empty",
            "empty_like",
            "empty_strided",
            "expand",
            "expand_as",
            "flatten",
            "narrow",
            "permute",
            "requires_grad_",
            "resize_",
            "select",
            "set_",
            "slice",
            "split",
            "squeeze",
            "t",
            "transpose",
            "unbind",
            "unsqueeze",
            "view",
            "view_as");

    /** What is free unless it has to copy. */
    private static final Set<String> PERHAPS = Set.of("to", "reshape", "contiguous", "cpu", "numpy_T", "type_as");

    /**
     * What autocast rounds the arguments of. Other operators of several types convert inside their kernels on CUDA, if
     * not on the CPU.
     */
    private static final Set<String> ROUNDED =
            Set.of("linear", "matmul", "mm", "addmm", "bmm", "baddbmm", "scaled_dot_product_attention");

    /** What copies inside another operator. */
    private static final Set<String> COPIES = Set.of("_to_copy", "clone");

    /** What reads numbers to know what to do next. */
    private static final Set<String> WAITS =
            Set.of("item", "_local_scalar_dense", "nonzero", "equal", "is_nonzero", "masked_select", "_unique2");

    private static final int SCOPES = 10;

    /** Size of the struct: two addresses, a double, a flag for each scope, three flags, padding. */
    private static final int BYTES = 40;

    /** Where {@code inputs_valid_} lies in a {@code RecordFunction}. */
    private static final int INPUTS_VALID = 105;

    private final List<Call> calls = new ArrayList<>();
    private final Deque<Call> running = new ArrayDeque<>();
    private final List<Throwable> faults = new ArrayList<>();
    private final Thread thread = Thread.currentThread();
    // Referenced as long as libtorch may call them.
    private final Start start = this::started;
    private final End end = this::ended;
    private final Observed observed = new Observed();
    private final long handle;

    /** Of each storage, by its address; what was made before the log began, or by no operator, is the host's. */
    private final Map<Long, Place> places = new HashMap<>();

    /**
     * One call.
     *
     * @param name without namespace, such as {@code mm}
     * @param depth 0 for what Flipside or autograd called, more for what that called
     * @param inputs where its tensors of at least one dimension are
     * @param numbers where its other tensors are, of which a GPU takes those of the host, too
     * @param named the place that it was asked to put its result
     * @param empty whether some of its tensors have no elements, and so no place
     * @param nested names of all that it called
     */
    public record Call(
            String name,
            int depth,
            Set<Place> inputs,
            Set<Place> numbers,
            Optional<Place> named,
            boolean empty,
            List<String> nested) {
        /** Whether a GPU would have to do something for it, as far as can be told without one. */
        public boolean computes() {
            return PERHAPS.contains(name) ? nested.stream().anyMatch(COPIES::contains) : !FREE.contains(name);
        }

        /** Copies of what it is given to the type of autocast, each a kernel of its own. */
        long copies() {
            return ROUNDED.contains(name)
                    ? nested.stream().filter("_to_copy"::equals).count()
                    : 0;
        }

        /** Whether it brings numbers of the device to the host, for which the host waits. */
        public boolean reads() {
            return WAITS.contains(name)
                    || nested.stream().anyMatch(WAITS::contains)
                    || isGivenDevice() && named.equals(Optional.of(Place.HOST));
        }

        /** Whether it brings numbers of the host to the device. */
        public boolean uploads() {
            return inputs.contains(Place.HOST)
                    && (named.equals(Optional.of(Place.DEVICE))
                            || name.equals("copy_") && inputs.contains(Place.DEVICE));
        }

        /** Whether a GPU would refuse it. */
        public boolean mixes() {
            return inputs.size() == 2 && !uploads();
        }

        /** Whether numbers are computed on the host. */
        public boolean onHost() {
            return computes()
                    && !isGivenDevice()
                    && !named.equals(Optional.of(Place.DEVICE))
                    && !(inputs.isEmpty() && empty);
        }

        /** Not so are the nodes of autograd's graph, whose operators are called by Flipside as it were. */
        boolean isOperator() {
            return !Character.isUpperCase(name.charAt(0));
        }

        Place result() {
            return named.orElse(isGivenDevice() ? Place.DEVICE : Place.HOST);
        }

        private boolean isGivenDevice() {
            return inputs.contains(Place.DEVICE) || numbers.contains(Place.DEVICE);
        }
    }

    private interface Start extends Callback {
        Pointer call(Pointer result, Pointer function);
    }

    private interface End extends Callback {
        void call(Pointer function, Pointer context);
    }

    private static final class Address extends org.bytedeco.javacpp.Pointer {
        Address(long value) {
            address = value;
        }
    }

    /** The call that an observer was given; the bindings' own constructor from a pointer would begin another one. */
    private static final class Observed extends RecordFunction {
        RecordFunction at(Pointer function) {
            address = Pointer.nativeValue(function);
            return this;
        }
    }

    public OperatorLog() {
        Memory observer = new Memory(BYTES);
        observer.clear();
        observer.setPointer(0, CallbackReference.getFunctionPointer(start));
        observer.setPointer(8, CallbackReference.getFunctionPointer(end));
        observer.setDouble(16, 1.0);
        observer.setByte(24, (byte) 1); // RecordScope::FUNCTION
        observer.setByte(24 + SCOPES, (byte) 1); // needs_inputs_
        observer.setByte(25 + SCOPES, (byte) 1); // needs_outputs_
        handle = torch.addThreadLocalCallback(new Address(Pointer.nativeValue(observer)));
    }

    private Pointer started(Pointer result, Pointer function) {
        // An empty std::unique_ptr, which the caller has made room for.
        result.setLong(0, 0);
        guarded(() -> {
            // The bindings check a field that libtorch, built without assertions, never sets.
            function.setByte(INPUTS_VALID, (byte) 1);
            RecordFunction recorded = observed.at(function);
            String name = recorded.name().getString();
            String own = name.substring(name.lastIndexOf(':') + 1).strip();
            Call call = call(own, recorded);
            if (call.isOperator()) {
                running.forEach(outer -> outer.nested.add(own));
            }
            running.push(call);
        });
        return result;
    }

    private void ended(Pointer function, Pointer context) {
        guarded(() -> {
            Call call = running.pop();
            IValueVector outputs = observed.at(function).outputs();
            for (long i = 0; i < outputs.size(); i++) {
                forEachTensor(outputs.get(i), tensor -> note(tensor, call));
            }
            if (call.isOperator()) {
                calls.add(call);
            }
        });
    }

    private void note(Tensor tensor, Call call) {
        if (tensor.numel() == 0) {
            return;
        }
        // What is read is the tensor itself, as the processor has it already.
        boolean itself = call.named.equals(Optional.of(Place.HOST));
        places.merge(storage(tensor), call.result(), (old, now) -> itself ? old : now);
    }

    private void guarded(Runnable body) {
        try (PointerScope scope = new PointerScope()) {
            body.run();
        } catch (RuntimeException | Error e) {
            // Must not be thrown through libtorch; close() throws it.
            faults.add(e);
        }
    }

    private Call call(String name, RecordFunction recorded) {
        Set<Place> inputs = EnumSet.noneOf(Place.class);
        Optional<Place> named = Optional.empty();
        Set<Place> numbers = EnumSet.noneOf(Place.class);
        boolean[] empty = {false};
        IValueArrayRef values = recorded.inputs();
        for (long i = 0; i < values.size(); i++) {
            IValue value = values.at(i);
            if (value.isDevice()) {
                named = Optional.of(value.toDevice().has_index() ? Place.DEVICE : Place.HOST);
            }
            forEachTensor(value, t -> {
                empty[0] |= t.numel() == 0;
                if (t.numel() > 0) {
                    (t.dim() > 0 ? inputs : numbers).add(places.getOrDefault(storage(t), Place.HOST));
                }
            });
        }
        int depth = (int) running.stream().filter(Call::isOperator).count();
        return new Call(name, depth, inputs, numbers, named, empty[0], new ArrayList<>());
    }

    private static void forEachTensor(IValue value, Consumer<Tensor> consumer) {
        List<Tensor> tensors = new ArrayList<>();
        if (value.isTensor()) {
            tensors.add(value.toTensor());
        } else if (value.isTensorList()) {
            TensorVector list = value.toTensorVector();
            for (long i = 0; i < list.size(); i++) {
                tensors.add(list.get(i));
            }
        }
        tensors.stream().filter(t -> t.defined()).forEach(consumer);
    }

    /** The address of a tensor's memory; 0 without any. */
    private static long storage(Tensor tensor) {
        org.bytedeco.javacpp.Pointer data = tensor.storage().data();
        return data == null ? 0 : data.address();
    }

    /** All calls so far, inner ones before those that called them. */
    public List<Call> calls() {
        return List.copyOf(calls);
    }

    /** Calls that nothing in libtorch made. */
    public List<Call> outer(Predicate<Call> which) {
        return calls.stream().filter(c -> c.depth == 0 && which.test(c)).toList();
    }

    /** Forgets the calls so far, not where tensors are. */
    public void forget() {
        calls.clear();
    }

    /**
     * About how many kernels a GPU would be given: one for each call that computes, and one for each copy inside it.
     */
    public long launches() {
        return outer(Call::computes).stream().mapToLong(c -> 1 + c.copies()).sum();
    }

    @Override
    public void close() {
        if (Thread.currentThread() != thread) {
            throw new IllegalStateException("the observer belongs to " + thread);
        }
        torch.removeCallback(handle);
        if (!faults.isEmpty()) {
            throw new AssertionError(faults.get(0));
        }
    }
}
