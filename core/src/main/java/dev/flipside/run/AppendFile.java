package dev.flipside.run;

import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A file that only grows, except when a resumed run cuts off what its checkpoint does not know. */
final class AppendFile implements AutoCloseable {
    private final Path path;
    private final FileChannel channel;
    private long position;

    private AppendFile(Path path, FileChannel channel, long position) {
        this.path = path;
        this.channel = channel;
        this.position = position;
    }

    static AppendFile open(Path path) {
        try {
            Files.createDirectories(path.toAbsolutePath().getParent());
            FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
            long end = channel.size();
            channel.position(end);
            return new AppendFile(path, channel, end);
        } catch (IOException e) {
            throw Durable.refused("open", path, e);
        }
    }

    void append(byte[] bytes) {
        try {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
            position += bytes.length;
        } catch (IOException e) {
            throw Durable.refused("append to", path, e);
        }
    }

    long position() {
        return position;
    }

    void truncateTo(long length) {
        try {
            if (channel.size() < length) {
                throw new UserError(path + ": the file has " + channel.size()
                        + " bytes but the checkpoint was written when it had " + length
                        + ", so its beginning is lost; restore the file, or start anew in another run.output_dir.");
            }
            channel.truncate(length);
            channel.position(length);
            position = length;
        } catch (IOException e) {
            throw Durable.refused("truncate", path, e);
        }
    }

    void sync() {
        try {
            channel.force(true);
        } catch (IOException e) {
            throw Durable.refused("flush", path, e);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw Durable.refused("close", path, e);
        }
    }
}
