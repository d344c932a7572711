package dev.flipside.gguf;

import java.nio.file.Path;
import java.util.List;

/**
 * A tensor as a GGUF file stores it.
 *
 * @param name such as {@code blk.0.attn_q.weight}
 * @param shape dimensions in the order of PyTorch, the one that varies fastest last (the file lists them the other way
 *     round)
 * @param type how its numbers are stored
 * @param file the file that holds it
 * @param begin its first byte in that file
 */
record GgufTensor(String name, List<Long> shape, BlockType type, Path file, long begin) {
    GgufTensor {
        shape = List.copyOf(shape);
    }

    long elements() {
        return shape.stream().reduce(1L, (a, b) -> a * b);
    }

    long columns() {
        return shape.get(shape.size() - 1);
    }

    /** All dimensions but the last, multiplied. */
    long rows() {
        return elements() / columns();
    }

    /** Bytes in the file. */
    long bytes() {
        return type.bytes(elements());
    }
}
