package dev.flipside.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher {@code flipside}, in a checkout that is already built. */
class LauncherTest {
    @TempDir
    Path checkout;

    private Path work;

    private record Run(int exitCode, String out, String err) {}

    @BeforeEach
    void build() throws IOException {
        work = Files.createDirectories(checkout.resolve(".flipside"));
        for (String folder : new String[] {"core/src/main", "cli/src/main"}) {
            Files.createDirectories(checkout.resolve(folder));
        }
        for (String pom : new String[] {"pom.xml", "core/pom.xml", "cli/pom.xml"}) {
            Files.createFile(checkout.resolve(pom));
        }
        Files.copy(Path.of("../flipside"), checkout.resolve("flipside"));
        Path jar = work.resolve("flipside-mkl.jar");
        int packed = ToolProvider.findFirst("jar")
                .orElseThrow()
                .run(
                        System.out,
                        System.err,
                        "--create",
                        "--file",
                        jar.toString(),
                        "-C",
                        "target/classes",
                        ".",
                        "-C",
                        "../core/target/classes",
                        ".");
        assertThat(packed).isZero();
        // Without libtorch's bindings, whose classes make most of an archive and of the time it takes.
        String libraries = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> entry.endsWith(".jar") && !entry.matches(".*/(flipside-core|pytorch|openblas)-.*"))
                .collect(Collectors.joining(File.pathSeparator));
        Files.writeString(work.resolve("classpath-mkl"), jar + File.pathSeparator + libraries);
    }

    @Test
    void startsFromAnArchiveOfItsClasses() throws IOException, InterruptedException {
        Run first = flipside(Map.of(), "--version");
        assumeTrue(archive().isPresent(), "this Java cannot archive classes");
        Path log = checkout.resolve("classes.log");
        Run second = flipside(Map.of("FLIPSIDE_JAVA_OPTS", "-Xlog:class+load=info:file=" + log), "--version");

        assertThat(first).isEqualTo(second);
        assertThat(first.out()).startsWith("flipside ");
        assertThat(first.err()).isEmpty();
        try (Stream<String> lines = Files.lines(log)) {
            assertThat(lines.filter(line -> line.contains(" " + Main.class.getName() + " ")))
                    .singleElement()
                    .asString()
                    .contains("shared objects file");
        }
    }

    @Test
    void anArchiveThatDoesNotFitIsIgnored() throws IOException, InterruptedException {
        Run whole = flipside(Map.of(), "--version");
        assumeTrue(archive().isPresent(), "this Java cannot archive classes");

        assertThat(flipside(Map.of("FLIPSIDE_JAVA_OPTS", "-XX:-UseCompressedOops -XX:+UseParallelGC"), "--version"))
                .isEqualTo(whole);
        Files.setLastModifiedTime(
                work.resolve("flipside-mkl.jar"), FileTime.from(Instant.now().minusSeconds(5)));
        assertThat(flipside(Map.of(), "--version")).isEqualTo(whole);
    }

    @Test
    void aDamagedArchiveIsMadeAgain() throws IOException, InterruptedException {
        Run whole = flipside(Map.of(), "--version");
        assumeTrue(archive().isPresent(), "this Java cannot archive classes");
        Path archive = archive().orElseThrow();

        long size = Files.size(archive);
        assertThat(archive.toFile().setWritable(true)).isTrue();
        try (RandomAccessFile file = new RandomAccessFile(archive.toFile(), "rw")) {
            // Java 17 checks its header only, and crashes on what follows.
            file.seek(1 << 12);
            file.write(new byte[1 << 16]);
        }
        assertThat(flipside(Map.of(), "--version")).isEqualTo(whole);

        assertThat(archive.toFile().setWritable(true)).isTrue();
        try (RandomAccessFile file = new RandomAccessFile(archive.toFile(), "rw")) {
            file.setLength(size / 2);
        }
        assertThat(flipside(Map.of(), "--version")).isEqualTo(whole);
        assertThat(Files.size(archive)).isGreaterThan(size / 2);
    }

    @Test
    void setsWhatTheNativeLibrariesReadOnceAndLeavesTheUsersOwn() throws IOException, InterruptedException {
        Path home = checkout.resolve("java");
        Path java = Files.createDirectories(home.resolve("bin")).resolve("java");
        Files.writeString(home.resolve("release"), "JAVA_VERSION=\"17.0.1\"\nJAVA_RUNTIME_VERSION=\"17.0.1+1\"\n");
        Files.writeString(
                java,
                """
                #!/bin/sh
                echo "$MKL_THREADING_LAYER $GLIBC_TUNABLES $OMP_NUM_THREADS"
                """);
        assertThat(java.toFile().setExecutable(true)).isTrue();
        String javaHome = home.toString();

        assertThat(flipside(Map.of("JAVA_HOME", javaHome, "OMP_NUM_THREADS", "3"), "doctor"))
                .isEqualTo(new Run(0, "GNU glibc.malloc.hugetlb=1 3\n", ""));
        assertThat(flipside(
                        Map.of(
                                "JAVA_HOME", javaHome,
                                "MKL_THREADING_LAYER", "INTEL",
                                "GLIBC_TUNABLES", "glibc.malloc.check=0"),
                        "doctor",
                        "--threads",
                        "2"))
                .isEqualTo(new Run(0, "INTEL glibc.malloc.check=0 2\n", ""));
        // This Java archives nothing; the launcher does not try again at every start.
        assertThat(work.resolve("classes-mkl-17.0.1+1.jsa.none")).exists();
        assertThat(archive()).isEmpty();
    }

    private Optional<Path> archive() throws IOException {
        try (Stream<Path> files = Files.list(work)) {
            return files.filter(file -> file.toString().endsWith(".jsa")).findFirst();
        }
    }

    private Run flipside(Map<String, String> environment, String... arguments)
            throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(
                Stream.concat(Stream.of("bash", checkout.resolve("flipside").toString()), Arrays.stream(arguments))
                        .toList());
        Map<String, String> variables = new HashMap<>(Map.of("JAVA_HOME", System.getProperty("java.home")));
        variables.putAll(environment);
        // What the tests themselves run with is not to be seen here.
        builder.environment().keySet().removeIf(name -> name.matches("(FLIPSIDE|MKL|OMP|GLIBC|JAVA|JDK)_.*"));
        builder.environment().putAll(variables);
        Path out = checkout.resolve("out");
        Path err = checkout.resolve("err");
        Process process =
                builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
        int exitCode = process.waitFor();
        return new Run(exitCode, Files.readString(out), Files.readString(err));
    }
}
