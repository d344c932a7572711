package dev.flipside.gguf;

import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Reads the little-endian header of a file from front to back. Every length and count is held against what the file
 * still has before anything is allocated for it.
 */
final class HeaderReader {
    /** Several times the largest vocabulary with its merges; keeps a hostile header from filling the memory. */
    private static final long LONGEST_HEADER = 1L << 26;

    private static final int BUFFER_BYTES = 1 << 16;

    private final Path file;
    private final FileChannel channel;
    private final long size;
    private final ByteBuffer buffer =
            ByteBuffer.allocate(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN).limit(0);
    /** The file's position of the buffer's end. */
    private long bufferEnd;

    HeaderReader(Path file, FileChannel channel) throws IOException {
        this.file = file;
        this.channel = channel;
        this.size = channel.size();
    }

    long position() {
        return bufferEnd - buffer.remaining();
    }

    int int8() throws IOException {
        return need(Byte.BYTES).get();
    }

    int int16() throws IOException {
        return need(Short.BYTES).getShort();
    }

    int int32() throws IOException {
        return need(Integer.BYTES).getInt();
    }

    long int64() throws IOException {
        return need(Long.BYTES).getLong();
    }

    float float32() throws IOException {
        return need(Float.BYTES).getFloat();
    }

    double float64() throws IOException {
        return need(Double.BYTES).getDouble();
    }

    /** A number of things that take at least {@code leastBytes} each. */
    int count(String what, int leastBytes) throws IOException {
        long count = int64();
        if (count < 0 || count > remaining() / leastBytes) {
            throw damaged("it claims " + Long.toUnsignedString(count) + " " + what + " and has " + remaining()
                    + " bytes left for them");
        }
        if (count > LONGEST_HEADER / leastBytes) {
            throw damaged("it claims " + count + " " + what + ", more than any model has");
        }
        return (int) count;
    }

    String string(String what) throws IOException {
        int length = count("bytes of " + what, 1);
        byte[] bytes = new byte[length];
        int at = 0;
        while (at < length) {
            int part = Math.min(length - at, BUFFER_BYTES);
            need(part).get(bytes, at, part);
            at += part;
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private long remaining() {
        return size - position();
    }

    /** The buffer with at least {@code bytes} to read. */
    private ByteBuffer need(int bytes) throws IOException {
        if (buffer.remaining() < bytes) {
            if (remaining() < bytes) {
                throw damaged("it ends at byte " + size + " in the middle of its header");
            }
            if (position() + bytes > LONGEST_HEADER) {
                throw damaged("its header is longer than " + LONGEST_HEADER + " bytes, more than any model's");
            }
            buffer.compact();
            while (buffer.position() < bytes) {
                int read = channel.read(buffer, bufferEnd);
                if (read < 0) {
                    throw damaged("it ended while it was read");
                }
                bufferEnd += read;
            }
            buffer.flip();
        }
        return buffer;
    }

    UserError damaged(String why) {
        return new UserError(file + ": is not a whole GGUF file: " + why + "; copy or download it again.");
    }
}
