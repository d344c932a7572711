package dev.flipside.gguf;

import java.util.List;

/**
 * A tensor of transformers and where its numbers are.
 *
 * @param name such as {@code model.layers.0.self_attn.q_proj.weight}
 * @param shape its dimensions in transformers
 * @param source the tensor of GGUF that holds its numbers
 * @param layout how they differ
 * @param index which part of a stack it is; 0 for other layouts
 */
record HuggingFaceTensor(String name, List<Long> shape, GgufTensor source, TensorRule.Layout layout, int index) {
    HuggingFaceTensor {
        shape = List.copyOf(shape);
    }

    long elements() {
        return shape.stream().reduce(1L, (a, b) -> a * b);
    }
}
