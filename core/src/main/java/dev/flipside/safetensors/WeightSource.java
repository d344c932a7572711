package dev.flipside.safetensors;

import java.io.IOException;
import java.nio.channels.WritableByteChannel;

/** Gives the numbers of a tensor when a file is ready for them. */
public interface WeightSource {
    /**
     * Writes all numbers of the tensor, in order, in the little-endian form of the type that the file is written in.
     *
     * @throws IOException when {@code to} cannot take them
     */
    void write(String name, WritableByteChannel to) throws IOException;
}
