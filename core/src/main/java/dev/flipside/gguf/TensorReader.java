package dev.flipside.gguf;

import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Numbers of the tensors of one file as float32, a bounded part at a time. The file is read, not mapped: one that is
 * truncated meanwhile ends in an error instead of a fault of the process.
 */
final class TensorReader implements AutoCloseable {
    private final Path file;
    private final FileChannel channel;
    private ByteBuffer buffer = ByteBuffer.allocate(0);

    TensorReader(Path file) {
        this.file = file;
        try {
            channel = FileChannel.open(file, StandardOpenOption.READ);
        } catch (IOException e) {
            throw GgufFile.unreadable(file, e);
        }
    }

    Path file() {
        return file;
    }

    /**
     * Reads some numbers of a tensor of this file.
     *
     * @param from the first, a multiple of the type's block
     * @param count how many, a multiple of the type's block
     * @throws UserError when one of them is not finite, which no trained weight is
     */
    void read(GgufTensor tensor, long from, int count, float[] out) {
        int bytes = Math.toIntExact(tensor.type().bytes(count));
        if (buffer.capacity() < bytes) {
            buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        }
        readFully(tensor.begin() + tensor.type().bytes(from), bytes);
        tensor.type().read(buffer, out, count);
        for (int i = 0; i < count; i++) {
            if (!Float.isFinite(out[i])) {
                throw new UserError(file + ": number " + (from + i) + " of the tensor " + tensor.name() + " is "
                        + out[i] + "; the file is damaged, copy or download it again.");
            }
        }
    }

    /** Whether two tensors of this file are stored as the same bytes. */
    boolean same(GgufTensor one, GgufTensor other, int chunkBytes) {
        if (one.type() != other.type() || !one.shape().equals(other.shape())) {
            return false;
        }
        byte[] first = new byte[chunkBytes];
        buffer = ByteBuffer.allocate(chunkBytes).order(ByteOrder.LITTLE_ENDIAN);
        for (long at = 0; at < one.bytes(); at += chunkBytes) {
            int length = (int) Math.min(chunkBytes, one.bytes() - at);
            readFully(one.begin() + at, length);
            buffer.get(first, 0, length);
            readFully(other.begin() + at, length);
            if (!buffer.equals(ByteBuffer.wrap(first, 0, length))) {
                return false;
            }
        }
        return true;
    }

    private void readFully(long at, int bytes) {
        buffer.clear().limit(bytes);
        try {
            while (buffer.hasRemaining()) {
                if (channel.read(buffer, at + buffer.position()) < 0) {
                    throw new UserError(file + ": ended while it was read; copy or download it again.");
                }
            }
        } catch (IOException e) {
            throw GgufFile.unreadable(file, e);
        }
        buffer.flip();
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw GgufFile.unreadable(file, e);
        }
    }
}
