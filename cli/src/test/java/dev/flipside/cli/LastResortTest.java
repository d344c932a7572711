package dev.flipside.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.InvalidPathException;
import org.junit.jupiter.api.Test;

/** Every kind of error of the Java machine is a sentence too. */
class LastResortTest {
    private static String told(Error error) {
        StringWriter text = new StringWriter();
        assertThat(LastResort.report(error, new PrintWriter(text))).isEqualTo(1);
        return text.toString();
    }

    @Test
    void errorsOfTheJavaMachineAreSentences() {
        assertThat(told(new OutOfMemoryError("Java heap space")))
                .contains("not enough memory (Java heap space)", "-Xmx");
        assertThat(told(new StackOverflowError())).contains("nested too deeply");
        assertThat(told(new UnsatisfiedLinkError("no jniTorch in path")))
                .contains("UnsatisfiedLinkError: no jniTorch in path", "flipside doctor");
        assertThat(told(new NoClassDefFoundError("a.B"))).contains("NoClassDefFoundError: a.B");
        assertThat(told(new AssertionError("x"))).contains("please report it").hasLineCount(1);
    }

    @Test
    void aPathThatCannotBeOneIsTheUsersToMend() {
        assertThat(LastResort.wrongInput(new InvalidPathException("a\0b", "Nul character not allowed")))
                .hasValueSatisfying(
                        told -> assertThat(told).contains("'a?b' cannot be a path (Nul character not allowed)"));
        assertThat(LastResort.wrongInput(new IllegalStateException("x"))).isEmpty();
    }
}
