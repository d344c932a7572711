package dev.flipside.gguf;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The types of numbers that are read: floats, and blocks of quantised numbers with a scale. Layouts and arithmetic are
 * those of ggml's reference implementation (ggml-quants.c, gguf-py's quants.py), operation by operation, so that every
 * value is equal to the bit.
 */
enum BlockType {
    F32(0, 1, 4, (in, at, out, to) -> out[to] = in.getFloat(at)),
    F16(1, 1, 2, (in, at, out, to) -> out[to] = Half.toFloat(in.getShort(at))),
    Q4_0(2, 32, 18, Quants::q40),
    Q4_1(3, 32, 20, Quants::q41),
    Q5_0(6, 32, 22, Quants::q50),
    Q5_1(7, 32, 24, Quants::q51),
    Q8_0(8, 32, 34, Quants::q80),
    Q2_K(10, 256, 84, KQuants::q2),
    Q3_K(11, 256, 110, KQuants::q3),
    Q4_K(12, 256, 144, KQuants::q4),
    Q5_K(13, 256, 176, KQuants::q5),
    Q6_K(14, 256, 210, KQuants::q6),
    BF16(30, 1, 2, (in, at, out, to) -> out[to] = Float.intBitsToFloat(in.getShort(at) << 16));

    /** Types of the format that are not read, for the message that refuses them. */
    private static final Map<Integer, String> OTHERS = Map.ofEntries(
            Map.entry(9, "Q8_1"),
            Map.entry(15, "Q8_K"),
            Map.entry(16, "IQ2_XXS"),
            Map.entry(17, "IQ2_XS"),
            Map.entry(18, "IQ3_XXS"),
            Map.entry(19, "IQ1_S"),
            Map.entry(20, "IQ4_NL"),
            Map.entry(21, "IQ3_S"),
            Map.entry(22, "IQ2_S"),
            Map.entry(23, "IQ4_XS"),
            Map.entry(24, "I8"),
            Map.entry(25, "I16"),
            Map.entry(26, "I32"),
            Map.entry(27, "I64"),
            Map.entry(28, "F64"),
            Map.entry(29, "IQ1_M"),
            Map.entry(34, "TQ1_0"),
            Map.entry(35, "TQ2_0"),
            Map.entry(39, "MXFP4"),
            Map.entry(40, "NVFP4"));

    private final int id;
    private final int blockElements;
    private final int blockBytes;
    private final BlockReader reader;

    /** Reads the block at byte {@code at} of a little-endian buffer into the floats from {@code to} on. */
    private interface BlockReader {
        void read(ByteBuffer in, int at, float[] out, int to);
    }

    BlockType(int id, int blockElements, int blockBytes, BlockReader reader) {
        this.id = id;
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
        this.reader = reader;
    }

    /** The type with ggml's number, if it is one that is read. */
    static Optional<BlockType> of(int id) {
        return Arrays.stream(values()).filter(t -> t.id == id).findFirst();
    }

    /** What ggml calls the type with a number. */
    static String nameOf(int id) {
        return of(id).map(BlockType::name).orElse(OTHERS.getOrDefault(id, "number " + Integer.toUnsignedString(id)));
    }

    static String supported() {
        return Arrays.stream(values()).map(BlockType::name).collect(Collectors.joining(", "));
    }

    /** Numbers that share a scale; each row of a tensor is a multiple of it. */
    int blockElements() {
        return blockElements;
    }

    /** Bytes of so many numbers, a multiple of {@link #blockElements()}. */
    long bytes(long elements) {
        return elements / blockElements * blockBytes;
    }

    /**
     * Reads {@code count} numbers, a multiple of {@link #blockElements()}, from the start of a little-endian buffer.
     */
    void read(ByteBuffer in, float[] out, int count) {
        for (int to = 0, at = 0; to < count; to += blockElements, at += blockBytes) {
            reader.read(in, at, out, to);
        }
    }
}
