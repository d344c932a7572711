package dev.flipside.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Native libraries that an earlier start unpacked and something has damaged since: they are unpacked again, where
 * loading them would crash the Java machine.
 */
class DamagedCachesTest {
    @TempDir
    Path folder;

    @Test
    void theTokenizerLibraryIsUnpackedAgain() throws IOException, InterruptedException {
        String model = TinyModel.policy(folder.resolve("policy")).toString();
        String rows = Files.writeString(folder.resolve("rows.jsonl"), "{\"prompt\": \"a\", \"completion\": \"b\"}")
                .toString();
        CommandRun whole = logprobs(model, rows).succeeded();
        Path library;
        try (Stream<Path> files = Files.walk(folder.resolve("djl"))) {
            library = files.filter(file -> file.toString().endsWith(".so"))
                    .findFirst()
                    .orElseThrow();
        }
        long size = Files.size(library);

        try (RandomAccessFile file = new RandomAccessFile(library.toFile(), "rw")) {
            file.setLength(size / 2);
        }
        assertThat(logprobs(model, rows).out()).isEqualTo(whole.out());
        assertThat(library).hasSize(size);

        FileTime time = Files.getLastModifiedTime(library);
        try (RandomAccessFile file = new RandomAccessFile(library.toFile(), "rw")) {
            file.write(new byte[1 << 20]);
        }
        Files.setLastModifiedTime(library, time);
        assertThat(logprobs(model, rows).out()).isEqualTo(whole.out());
    }

    private CommandRun logprobs(String model, String rows) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
                "-Dorg.bytedeco.javacpp.platform.extension=",
                "-Dorg.bytedeco.openblas.load=" + System.getProperty("org.bytedeco.openblas.load", "mkl"),
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "logprobs",
                "--quiet",
                "--model",
                model,
                "--input",
                rows));
        builder.environment().put("DJL_CACHE_DIR", folder.resolve("djl").toString());
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        int exitCode = builder.directory(folder.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start()
                .waitFor();
        return new CommandRun(exitCode, Files.readString(out), Files.readString(err));
    }
}
