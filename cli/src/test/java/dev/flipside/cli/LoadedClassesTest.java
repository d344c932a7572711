package dev.flipside.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What needs no model starts without native libraries: their Java classes would load them when they are initialised.
 */
class LoadedClassesTest {
    private static final List<String> NATIVE = List.of("org/bytedeco/", "ai/djl/", "com/sun/jna/", "org/duckdb/");

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--help",
                "score --help",
                "train missing.yaml",
                "score --model missing --input missing.jsonl",
                "chat --model missing",
                "rewards"
            })
    void helpAndWrongInputInitialiseNoNativeLibrary(String line) throws IOException, InterruptedException {
        List<String> initialised = initialised(Main.class, line.split(" "));

        assertThat(initialised).anyMatch(name -> name.contains("'picocli/CommandLine'"));
        assertThat(initialised).noneMatch(name -> NATIVE.stream().anyMatch(name::contains));
    }

    @Test
    void theClassesToArchiveAreLoadedWithoutNativeLibraries() throws IOException, InterruptedException {
        List<String> initialised = initialised(SharedClasses.class);

        assertThat(initialised).anyMatch(name -> name.contains("'dev/flipside/text/ChatTemplate'"));
        assertThat(initialised).noneMatch(name -> NATIVE.stream().anyMatch(name::contains));
    }

    /**
     * What Java logs of the classes that it initialises, one a line, when {@code main} runs in a process of its own.
     */
    private List<String> initialised(Class<?> main, String... arguments) throws IOException, InterruptedException {
        Path log = folder.resolve("classes.log");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Xlog:class+init=info:file=" + log,
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        process.waitFor();
        try (Stream<String> lines = Files.lines(log)) {
            return lines.filter(line -> line.contains("Initializing '")).toList();
        }
    }
}
