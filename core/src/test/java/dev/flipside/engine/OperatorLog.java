package dev.flipside.engine;

import com.sun.jna.Callback;
import com.sun.jna.CallbackReference;
import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
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
 * Every operator that libtorch's dispatcher runs on this thread from construction to {@link #close}, with the devices
 * of its tensors: what profilers of torch see, through the same observer ({@code at::RecordFunctionCallback}).
 *
 * <p>The bindings take the observer as an untyped pointer, so it is laid out here as {@code
 * ATen/record_function.h} of libtorch 2.10 has it.
 */
public final class OperatorLog implements AutoCloseable {
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

    /** What copies inside another operator. */
    private static final Set<String> COPIES = Set.of("_to_copy", "clone");

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

    /**
     * One call.
     *
     * @param name without namespace, such as {@code mm}
     * @param depth 0 for what Flipside or autograd called, more for what that called
     * @param inputs devices of tensors of at least one dimension, and of the results
     * @param nested names of all that it called
     */
    public record Call(String name, int depth, Set<String> inputs, Set<String> outputs, List<String> nested) {
        /** Whether a GPU would have to do something for it, as far as can be told without one. */
        public boolean computes() {
            return PERHAPS.contains(name) ? nested.stream().anyMatch(COPIES::contains) : !FREE.contains(name);
        }

        /** Copies of tensors to another type or layout that it makes besides. */
        long copies() {
            return PERHAPS.contains(name) || COPIES.contains(name)
                    ? 0
                    : nested.stream().filter("_to_copy"::equals).count();
        }

        /** Whether it brings numbers of a device to the host, for which the host waits. */
        public boolean reads(String device) {
            return inputs.equals(Set.of(device)) && outputs.equals(Set.of("cpu"))
                    || name.equals("copy_read")
                    || Set.of("item", "_local_scalar_dense", "nonzero", "equal", "is_nonzero", "masked_select", "unique")
                            .contains(name);
        }

        /** Whether it brings numbers of the host to a device. */
        public boolean uploads(String device) {
            return inputs.contains("cpu") && outputs.equals(Set.of(device));
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
            RecordFunction call = observed.at(function);
            String name = call.name().getString();
            String own = name.substring(name.lastIndexOf(':') + 1);
            running.forEach(outer -> outer.nested.add(own));
            running.push(new Call(own, running.size(), inputs(call), new TreeSet<>(), new ArrayList<>()));
        });
        return result;
    }

    private void ended(Pointer function, Pointer context) {
        guarded(() -> {
            Call call = running.pop();
            IValueVector outputs = observed.at(function).outputs();
            for (long i = 0; i < outputs.size(); i++) {
                devices(outputs.get(i), call.outputs);
            }
            calls.add(call);
        });
    }

    private void guarded(Runnable body) {
        try (PointerScope scope = new PointerScope()) {
            body.run();
        } catch (RuntimeException | Error e) {
            // Must not be thrown through libtorch; close() throws it.
            faults.add(e);
        }
    }

    private static Set<String> inputs(RecordFunction call) {
        Set<String> devices = new TreeSet<>();
        IValueArrayRef inputs = call.inputs();
        for (long i = 0; i < inputs.size(); i++) {
            devices(inputs.at(i), devices);
        }
        return devices;
    }

    private static void devices(IValue value, Set<String> into) {
        if (value.isTensor()) {
            device(value.toTensor()).ifPresent(into::add);
        } else if (value.isTensorList()) {
            TensorVector tensors = value.toTensorVector();
            for (long i = 0; i < tensors.size(); i++) {
                device(tensors.get(i)).ifPresent(into::add);
            }
        }
    }

    /** Of a tensor of at least one dimension: numbers may stand beside tensors of any device. */
    private static Optional<String> device(Tensor tensor) {
        return tensor.defined() && tensor.dim() > 0
                ? Optional.of(tensor.device().str().getString().replaceAll(":\\d+", ""))
                : Optional.empty();
    }

    /** All calls so far, inner ones before those that called them. */
    public List<Call> calls() {
        return List.copyOf(calls);
    }

    /** Calls that nothing in libtorch made. */
    public List<Call> outer(Predicate<Call> which) {
        return calls.stream().filter(c -> c.depth == 0 && which.test(c)).toList();
    }

    /** About how many kernels a GPU would be given: one for each call that computes, and one for each copy inside it. */
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
