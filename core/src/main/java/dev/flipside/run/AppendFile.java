package dev.flipside.run;

import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.Optional;

/** A file that only grows, except when a resumed run cuts off what its checkpoint does not know. */
final class AppendFile implements AutoCloseable {
    private final Path path;
    private final FileChannel channel;
    private final Optional<MessageDigest> digest;
    private long position;

    private AppendFile(Path path, FileChannel channel, Optional<MessageDigest> digest, long position) {
        this.path = path;
        this.channel = channel;
        this.digest = digest;
        this.position = position;
    }

    /** At its end, without a hash. */
    static AppendFile open(Path path) {
        try {
            Files.createDirectories(path.toAbsolutePath().getParent());
            FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
            long end = channel.size();
            channel.position(end);
            return new AppendFile(path, channel, Optional.empty(), end);
        } catch (IOException e) {
            throw Durable.refused("open", path, e);
        }
    }

    /**
     * Cut to its first {@code length} bytes, with a hash that grows with it.
     *
     * @throws UserError when the file is shorter than that
     */
    static AppendFile hashed(Path path, long length) {
        AppendFile file = open(path);
        try {
            file.truncateTo(length);
            return new AppendFile(path, file.channel, Optional.of(FileHash.digestOfStart(path, length)), length);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    void append(byte[] bytes) {
        try {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
            digest.ifPresent(d -> d.update(bytes));
            position += bytes.length;
        } catch (IOException e) {
            throw Durable.refused("append to", path, e);
        }
    }

    long position() {
        return position;
    }

    /** SHA-256 of everything in a file that was opened with {@link #hashed}. */
    String sha256() {
        return FileHash.soFar(digest.orElseThrow());
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
