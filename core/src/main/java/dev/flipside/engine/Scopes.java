package dev.flipside.engine;

import java.util.function.Supplier;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * Lifetimes of native memory.
 *
 * <p>JavaCPP attaches every native object to the innermost {@link PointerScope} of the thread and frees it when that
 * scope closes; Flipside runs without JavaCPP's garbage-collector hook, so what is made outside every scope lives until
 * it is released by hand.
 */
public final class Scopes {
    private Scopes() {}

    /** A block without autograd whose native objects are freed at its end. */
    public static Frozen frozen() {
        return new Frozen();
    }

    /**
     * Runs {@code body} in a scope of its own. Only its result survives: it belongs to the enclosing scope, or without
     * one to the caller, who releases it.
     *
     * @param body makes a new tensor; what an in-place operation or {@code grad()} returns only points into another one
     *     and must not leave
     */
    public static Tensor scoped(Supplier<Tensor> body) {
        Tensor result;
        try (PointerScope scope = new PointerScope()) {
            result = keep(body.get());
        }
        PointerScope enclosing = PointerScope.getInnerScope();
        if (enclosing != null) {
            enclosing.attach(result);
            result.releaseReference();
        }
        return result;
    }

    /** Lets {@code pointer} outlive the scope it was made in, until {@link #release}. */
    public static <P extends Pointer> P keep(P pointer) {
        pointer.retainReference();
        return pointer;
    }

    /** Frees what {@link #keep} kept, or what was made outside every scope. */
    public static void release(Pointer pointer) {
        pointer.deallocate();
    }

    /** A pointer scope in which autograd is off. */
    public static final class Frozen implements AutoCloseable {
        private final PointerScope scope = new PointerScope();
        private final NoGradGuard guard = new NoGradGuard();

        private Frozen() {}

        @Override
        public void close() {
            // The guard acts on this thread's grad mode and must restore it before its memory goes with the scope.
            guard.close();
            scope.close();
        }
    }
}
