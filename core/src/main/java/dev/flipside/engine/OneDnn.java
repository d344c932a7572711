package dev.flipside.engine;

import static org.bytedeco.dnnl.global.dnnl.dnnl_bf16;
import static org.bytedeco.dnnl.global.dnnl.dnnl_cpu;
import static org.bytedeco.dnnl.global.dnnl.dnnl_engine_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_f32;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_create_with_strides;
import static org.bytedeco.dnnl.global.dnnl.dnnl_stream_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_stream_default_flags;
import static org.bytedeco.dnnl.global.dnnl.dnnl_success;

import org.bytedeco.dnnl.dnnl_engine;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_stream;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * oneDNN on the CPU: its engine, and tensors as it sees them.
 *
 * <p>A library of its own beside the one inside libtorch, whose products of float32 matrices torch does not offer. Both
 * use the same pool of threads, libgomp's. Kernels are made for the processor at hand and kept by the library.
 */
final class OneDnn {
    private OneDnn() {}

    /** Made once and never changed; a stream on a CPU is only a name for the calling thread. */
    private static final class Library {
        static final boolean LOADED = load();
        static final dnnl_engine ENGINE = LOADED ? engine() : new dnnl_engine();
        static final dnnl_stream STREAM = LOADED ? stream() : new dnnl_stream();

        private static boolean load() {
            if (NativeLibrary.foreign()) {
                // A libtorch of the user's brings an OpenMP of its own, whose threads would spin against ours.
                return false;
            }
            try {
                Loader.load(dnnl.class);
                return true;
            } catch (UnsatisfiedLinkError | NoClassDefFoundError e) {
                // Another platform: torch's own products do the same, slower.
                return false;
            }
        }

        private static dnnl_engine engine() {
            dnnl_engine engine = new dnnl_engine();
            check(dnnl_engine_create(engine, dnnl_cpu, 0));
            return engine;
        }

        private static dnnl_stream stream() {
            dnnl_stream stream = new dnnl_stream();
            check(dnnl_stream_create(stream, ENGINE, dnnl_stream_default_flags));
            return stream;
        }
    }

    static boolean available() {
        return Library.LOADED;
    }

    static dnnl_engine engine() {
        return Library.ENGINE;
    }

    static dnnl_stream stream() {
        return Library.STREAM;
    }

    /** @throws IllegalStateException when oneDNN refused a call: a mistake of ours */
    static void check(int status) {
        if (status != dnnl_success) {
            throw new IllegalStateException("oneDNN refused a call with status " + status);
        }
    }

    /** Whether these are float32 tensors on the CPU, with memory of their own. */
    static boolean accepts(Tensor... tensors) {
        for (Tensor tensor : tensors) {
            if (!tensor.is_cpu() || tensor.scalar_type().intern() != ScalarType.Float) {
                return false;
            }
        }
        return true;
    }

    /** @throws IllegalArgumentException unless {@link #accepts} does */
    static void require(Tensor... tensors) {
        if (!accepts(tensors)) {
            throw new IllegalArgumentException("oneDNN takes float32 tensors on the CPU");
        }
    }

    /** Whether this is what a product may multiply such tensors with: one of them, or a matrix of bfloat16. */
    static boolean acceptsWeight(Tensor tensor) {
        return accepts(tensor) || tensor.is_cpu() && isRounded(tensor);
    }

    static boolean isRounded(Tensor tensor) {
        return tensor.scalar_type().intern() == ScalarType.BFloat16;
    }

    /** The shape, strides and type of a tensor, to be destroyed. */
    static dnnl_memory_desc layout(Tensor tensor) {
        if (!acceptsWeight(tensor)) {
            require(tensor);
        }
        int dimensions = Math.toIntExact(tensor.dim());
        long[] sizes = new long[dimensions];
        long[] strides = new long[dimensions];
        for (int i = 0; i < dimensions; i++) {
            sizes[i] = tensor.size(i);
            strides[i] = tensor.stride(i);
        }
        dnnl_memory_desc layout = new dnnl_memory_desc();
        check(dnnl_memory_desc_create_with_strides(layout, dimensions, sizes, type(tensor), strides));
        return layout;
    }

    static int type(Tensor tensor) {
        return isRounded(tensor) ? dnnl_bf16 : dnnl_f32;
    }

    /** Memory in a layout, to be destroyed; {@code data} must outlive it. */
    static dnnl_memory memory(dnnl_memory_desc layout, Pointer data) {
        dnnl_memory memory = new dnnl_memory();
        check(dnnl_memory_create(memory, layout, engine(), data));
        return memory;
    }
}
