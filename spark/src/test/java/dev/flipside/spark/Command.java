package dev.flipside.spark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.cli.Main;
import dev.flipside.cli.console.Streams;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** One command line run inside this process. */
record Command(int exitCode, String out, String err) {
    static Command run(String... args) {
        return run("", List.of(args));
    }

    static Command run(String input, List<String> args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exitCode = Main.run(
                new Streams(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)), out, err, 0),
                args.toArray(String[]::new));
        return new Command(exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    Command succeeded() {
        assertThat(exitCode).as(err).isZero();
        return this;
    }
}
