package dev.flipside.cli.dashboard;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LineFollowerTest {
    @TempDir
    Path folder;

    private final List<String> told = new ArrayList<>();

    private boolean poll(LineFollower follower) throws IOException {
        told.clear();
        return follower.poll(() -> told.add("again"), told::add);
    }

    private static void append(Path file, String text) throws IOException {
        Files.writeString(file, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    @Test
    void aLineIsToldOnceAndWhole() throws IOException {
        Path file = folder.resolve("lines");
        LineFollower follower = new LineFollower(file);
        assertThat(poll(follower)).isFalse();
        append(file, "one\ntw");
        assertThat(poll(follower)).isTrue();
        assertThat(told).containsExactly("one");
        assertThat(poll(follower)).isFalse();
        append(file, "o\n\u00e9\n");
        poll(follower);
        assertThat(told).containsExactly("two", "\u00e9");
    }

    @Test
    void aFileThatWasCutIsReadAgain() throws IOException {
        Path file = folder.resolve("lines");
        LineFollower follower = new LineFollower(file);
        append(file, "one\ntwo\nthree\n");
        poll(follower);
        Files.writeString(file, "one\n");
        assertThat(poll(follower)).isTrue();
        assertThat(told).containsExactly("again", "one");
    }

    /** A resumed run cuts its file back and writes on, perhaps beyond where it was, between two looks. */
    @Test
    void aFileThatWasCutAndGrewAgainIsReadAgain() throws IOException {
        Path file = folder.resolve("lines");
        LineFollower follower = new LineFollower(file);
        append(file, "one\ntwo\nthree\n");
        poll(follower);
        Files.writeString(file, "one\nTWO\nTHREE\nfour\n");
        poll(follower);
        assertThat(told).containsExactly("again", "one", "TWO", "THREE", "four");
    }

    @Test
    void aLineThatNoMemoryNeedHoldIsPassedOver() throws IOException {
        Path file = folder.resolve("lines");
        LineFollower follower = new LineFollower(file);
        append(file, "one\n" + "x".repeat(3 << 20) + "\ntwo\n");
        poll(follower);
        assertThat(told).containsExactly("one", "two");
    }
}
