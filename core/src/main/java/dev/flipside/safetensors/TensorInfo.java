package dev.flipside.safetensors;

import java.util.List;

/**
 * Where one tensor lies in a safetensors file.
 *
 * @param dtype the format's name of the element type, such as {@code BF16}
 * @param shape dimensions, empty for a scalar
 * @param begin first byte, counted from the start of the file
 * @param end byte after the last, counted from the start of the file
 */
public record TensorInfo(String dtype, List<Long> shape, long begin, long end) {
    public TensorInfo {
        shape = List.copyOf(shape);
    }

    /** The number of elements: the product of the dimensions, 1 for a scalar. */
    long elements() {
        return elements(shape);
    }

    static long elements(List<Long> shape) {
        return shape.stream().reduce(1L, (a, b) -> a * b);
    }
}
