package dev.flipside.safetensors;

import dev.flipside.config.IoReason;
import dev.flipside.config.UserError;
import dev.flipside.engine.Scopes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;

/**
 * Reads and writes the safetensors format (8 bytes of header length, a JSON header, raw little-endian numbers).
 *
 * <p>Files are untrusted: every length, offset and shape is checked against the file before a byte is read. Numbers
 * pass through a bounded buffer instead of a mapping, so neither a file beyond 2 GB nor one that is truncated while it
 * is read can harm the process.
 */
public final class SafeTensors {
    /** Bytes moved at a time; a multiple of every element size. */
    private static final int CHUNK_BYTES = 1 << 24;

    private SafeTensors() {}

    /**
     * The tensors of a file by name, in the order of their bytes.
     *
     * @throws UserError naming the file when it is missing, unreadable or malformed
     */
    public static Map<String, TensorInfo> header(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return SafeTensorsHeader.read(file, channel);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    /**
     * Copies one tensor of a file into {@code destination}, converted to its type and device.
     *
     * @param info the tensor, from {@link #header} of the same file; F32, F16 or BF16
     * @param destination contiguous, of the same number of elements
     * @throws UserError when the type is not one of the three, or the file is missing or ends early
     * @throws IllegalArgumentException when the numbers of elements differ
     */
    public static void read(Path file, String name, TensorInfo info, Tensor destination) {
        read(file, name, info, destination.numel(), 0, destination);
    }

    /**
     * As {@link #read(Path, String, TensorInfo, Tensor)}, for some of the tensor's elements.
     *
     * @param elements that the whole tensor has to have
     * @param from the first that is read, counted in row-major order
     * @param destination contiguous; as many are read as it has
     */
    public static void read(Path file, String name, TensorInfo info, long elements, long from, Tensor destination) {
        WeightType type = WeightType.ofSafeTensorsName(info.dtype())
                .orElseThrow(() -> new UserError(file + ": tensor " + name + " is of type " + info.dtype()
                        + "; weights must be F32, F16 or BF16, so convert the model first."));
        if (elements != info.elements()) {
            throw new IllegalArgumentException(name + ": " + info.elements() + " elements into " + elements);
        }
        long begin = info.begin() + from * type.bytes();
        long end = begin + destination.numel() * type.bytes();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
                Scopes.Frozen outer = Scopes.frozen()) {
            // Not a direct buffer of Java's: those of all tensors would stay until a collection that nothing asks for.
            BytePointer memory = new BytePointer(Math.max(1, Math.min(CHUNK_BYTES, end - begin)));
            ByteBuffer buffer = memory.asByteBuffer();
            Tensor flat = destination.view(-1);
            for (long at = begin; at < end; at += CHUNK_BYTES) {
                int length = (int) Math.min(CHUNK_BYTES, end - at);
                readFully(file, channel, buffer, at, length);
                try (PointerScope inner = new PointerScope()) {
                    long n = length / type.bytes();
                    Tensor part = torch.from_blob(memory, new long[] {n}, new TensorOptions(type.scalarType()));
                    flat.narrow(0, (at - begin) / type.bytes(), n).copy_(part);
                }
            }
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    static void readFully(Path file, FileChannel channel, ByteBuffer buffer, long at, int length) throws IOException {
        buffer.clear().limit(length);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, at + buffer.position()) < 0) {
                throw new UserError(file + ": ends before byte " + (at + length)
                        + " that its header promises; the file is truncated, copy or download it again.");
            }
        }
        buffer.flip();
    }

    /**
     * Writes tensors as one file: written aside, flushed to the disk, then renamed over {@code file}.
     *
     * @param tensors any floating tensors on any device; contiguous in memory order
     * @param type what numbers are written as (float32 is rounded to nearest even)
     * @throws UserError when the file cannot be written
     */
    public static void write(Path file, Map<String, Tensor> tensors, WeightType type) {
        write(file, shapes(tensors), type, (name, to) -> writeNumbers(to, tensors.get(name), type));
    }

    /**
     * As {@link #write(Path, Map, WeightType)} with numbers that are made when their turn comes.
     *
     * @param shapes the tensors by name, in the order in which they are written
     */
    public static void write(Path file, Map<String, List<Long>> shapes, WeightType type, WeightSource source) {
        byte[] header = SafeTensorsHeader.of(shapes, type).getBytes(StandardCharsets.UTF_8);
        Path aside = file.resolveSibling(file.getFileName() + ".partial");
        try {
            Files.deleteIfExists(aside);
            try (FileChannel channel =
                    FileChannel.open(aside, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
                writeFully(channel, length.putLong(header.length).flip());
                writeFully(channel, ByteBuffer.wrap(header));
                for (Map.Entry<String, List<Long>> tensor : shapes.entrySet()) {
                    long end = channel.position() + TensorInfo.elements(tensor.getValue()) * type.bytes();
                    source.write(tensor.getKey(), channel);
                    if (channel.position() != end) {
                        throw new IllegalStateException(
                                tensor.getKey() + " ends at " + channel.position() + ", not " + end);
                    }
                }
                channel.force(true);
            }
            Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UserError(
                    file + ": cannot be written (" + IoReason.of(e) + "); check the folder and the free space.", e);
        }
    }

    static Map<String, List<Long>> shapes(Map<String, Tensor> tensors) {
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> shapes.put(
                name, LongStream.range(0, tensor.dim()).mapToObj(tensor::size).toList()));
        return shapes;
    }

    /**
     * Writes a tensor's numbers in row-major order, as a {@link WeightSource} has to.
     *
     * @throws IOException when the channel cannot take them
     */
    public static void writeNumbers(WritableByteChannel channel, Tensor tensor, WeightType type) throws IOException {
        try (Scopes.Frozen outer = Scopes.frozen()) {
            Tensor flat = tensor.detach().reshape(-1);
            long chunk = CHUNK_BYTES / type.bytes();
            for (long at = 0; at < flat.numel(); at += chunk) {
                try (PointerScope inner = new PointerScope()) {
                    long n = Math.min(chunk, flat.numel() - at);
                    Tensor part =
                            flat.narrow(0, at, n).cpu().to(type.scalarType()).contiguous();
                    BytePointer bytes = new BytePointer(part.data_ptr()).capacity(n * type.bytes());
                    writeFully(channel, bytes.asByteBuffer());
                }
            }
        }
    }

    private static void writeFully(WritableByteChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    /** The error of a file that could not be read: that it is not there, or why. */
    public static UserError unreadable(Path file, IOException e) {
        return new UserError(
                Files.exists(file)
                        ? file + ": cannot be read (" + IoReason.of(e) + ")."
                        : file + ": there is no such file; check the path.",
                e);
    }
}
