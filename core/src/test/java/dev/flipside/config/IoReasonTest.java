package dev.flipside.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the operating system refuses is told in words, not by the name of a class of Java. */
class IoReasonTest {
    @TempDir
    Path folder;

    private interface Work {
        void run() throws IOException;
    }

    private static String reason(Work work) {
        try {
            work.run();
        } catch (IOException e) {
            return IoReason.of(e);
        }
        throw new AssertionError("nothing was refused");
    }

    @Test
    void whatTheSystemRefuses() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "x");

        assertThat(reason(() -> Files.readString(folder.resolve("gone")))).isEqualTo("no such file or folder");
        assertThat(reason(() -> Files.createDirectories(file))).isEqualTo("something of that name is in the way");
        assertThat(reason(() -> Files.list(file).close())).isEqualTo("not a folder");
        assertThat(reason(() -> Files.writeString(file.resolve("below"), "x"))).isEqualTo("not a directory");
        assertThat(reason(() -> Files.delete(folder))).isEqualTo("the folder is not empty");
        assertThat(reason(() -> Files.readAllBytes(folder))).isEqualTo("Is a directory");
    }

    @Test
    void whatFilesHold() {
        byte[] bytes = {(byte) 0xff, (byte) 0xfe};

        assertThat(reason(() -> StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes))))
                .isEqualTo("not UTF-8 text");
        assertThat(IoReason.of(new EOFException())).isEqualTo("it ends too early");
    }

    @Test
    void whatOtherCodeWrappedOrDidNotSay() {
        assertThat(IoReason.of(new UncheckedIOException(new IOException("first\nsecond"))))
                .isEqualTo("first");
        assertThat(IoReason.of(new IOException())).isEqualTo("input or output failed");
    }
}
