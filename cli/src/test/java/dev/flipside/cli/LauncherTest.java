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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The launcher {@code flipside}, in a checkout that is already built. */
class LauncherTest {
    @TempDir
    Path checkout;

    private Path work;
    private String libraries;

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
        libraries = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
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
        FileTime time = Files.getLastModifiedTime(archive);
        assertThat(archive.toFile().setWritable(true)).isTrue();
        try (RandomAccessFile file = new RandomAccessFile(archive.toFile(), "rw")) {
            // Java 17 checks its header only, and crashes on what follows.
            file.seek(1 << 12);
            file.write(new byte[1 << 16]);
        }
        // Neither its size nor its time tells.
        Files.setLastModifiedTime(archive, time);
        assertThat(flipside(Map.of(), "--version")).isEqualTo(whole);

        assertThat(archive.toFile().setWritable(true)).isTrue();
        try (RandomAccessFile file = new RandomAccessFile(archive.toFile(), "rw")) {
            file.setLength(size / 2);
        }
        assertThat(flipside(Map.of(), "--version")).isEqualTo(whole);
        assertThat(Files.size(archive)).isGreaterThan(size / 2);
    }

    @ParameterizedTest
    @CsvSource({
        "-Xmx16m, 'a heap of 16m, and Flipside needs 64 MB at least; raise it, or leave it out (4g).'",
        "-Xmx8g -Xmx1000k, a heap of 1000k",
        "-XX:MaxHeapSize=1000000, a heap of 1000000",
        "-Xmxmuch, 'a heap of ''much'', which is no size; write for example -Xmx8g.'"
    })
    void aHeapThatIsTooSmallIsASentence(String options, String sentence) throws IOException, InterruptedException {
        Run run = flipside(Map.of("FLIPSIDE_JAVA_OPTS", options), "--version");

        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err())
                .startsWith("flipside: FLIPSIDE_JAVA_OPTS gives Java ")
                .contains(sentence)
                .hasLineCount(1);
    }

    @Test
    void theLeastHeapStartsJava() throws IOException, InterruptedException {
        Run run = flipside(Map.of("FLIPSIDE_JAVA_OPTS", "-Xmx64m"), "--version");

        assertThat(run.exitCode()).as(run.err()).isZero();
    }

    @Test
    void setsWhatTheNativeLibrariesReadOnceAndLeavesTheUsersOwn() throws IOException, InterruptedException {
        String javaHome = fakeJava("echo \"$MKL_THREADING_LAYER $GLIBC_TUNABLES $OMP_NUM_THREADS\"");

        assertThat(flipside(Map.of("JAVA_HOME", javaHome, "OMP_NUM_THREADS", "3"), "doctor"))
                .isEqualTo(new Run(
                        0,
                        "GNU glibc.malloc.hugetlb=1:glibc.malloc.arena_max=1:glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=4294967296 3\n",
                        ""));
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

    @Test
    void aCutJarOfItsOwnIsMadeAgain() throws IOException, InterruptedException {
        Run whole = flipside(WITHOUT_ARCHIVE, "--version");
        assertThat(whole.exitCode()).as(whole.err()).isZero();
        Path jar = work.resolve("flipside-mkl.jar");
        long size = Files.size(jar);
        cut(jar);

        Run again = flipside(withMaven(), "--version");
        assertThat(again.out()).as(again.err()).isEqualTo(whole.out());
        assertThat(again.err()).contains(jar + " has changed").contains("flipside: built");
        assertThat(Files.size(jar)).isGreaterThan(size / 2);
        assertThat(flipside(WITHOUT_ARCHIVE, "--version")).isEqualTo(whole);
    }

    @Test
    void aLibraryThatIsGoneIsFetchedAndACutOneIsNamed() throws IOException, InterruptedException {
        Path library = Path.of(Stream.of(libraries.split(File.pathSeparator))
                .filter(entry -> entry.contains("/picocli-"))
                .findFirst()
                .orElseThrow());
        Path own = checkout.resolve("picocli.jar");
        Files.copy(library, own);
        Path jar = work.resolve("flipside-mkl.jar");
        Files.writeString(
                work.resolve("classpath-mkl"),
                jar
                        + File.pathSeparator
                        + own
                        + File.pathSeparator
                        + libraries.replace(library + File.pathSeparator, ""));
        Run whole = flipside(WITHOUT_ARCHIVE, "--version");
        assertThat(whole.exitCode()).as(whole.err()).isZero();

        cut(own);
        assertThat(flipside(WITHOUT_ARCHIVE, "--version"))
                .isEqualTo(new Run(
                        1,
                        "",
                        "flipside: " + own + " is damaged; delete it and start again: Maven downloads it anew.\n"));
        Files.delete(own);
        Run again = flipside(withMaven(), "--version");
        assertThat(again.out()).as(again.err()).isEqualTo(whole.out());
        assertThat(again.err()).contains(own + " is gone");
    }

    @Test
    void aDownloadThatIsNotWhatItsChecksumSaysIsNamedAtTheBuild() throws IOException, InterruptedException {
        Path own = Files.writeString(checkout.resolve("library.jar"), "half of it");
        Files.writeString(checkout.resolve("library.jar.sha1"), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        Map<String, String> maven = new HashMap<>(withMaven());
        maven.put("LIBRARIES", own + File.pathSeparator + libraries);
        Files.delete(work.resolve("classpath-mkl"));

        assertThat(flipside(maven, "--version").err()).contains(own + " is damaged; delete it");
        Files.delete(own);
        maven.put("LIBRARIES", libraries);
        assertThat(flipside(maven, "--version").exitCode()).isZero();
    }

    @Test
    void argumentsAndPathsAreUtf8WhateverTheLocale() throws IOException, InterruptedException {
        Path data = checkout.resolve("données.jsonl");
        Files.writeString(data, "{\"prompt\": \"été\", \"chosen\": \"a\", \"rejected\": \"b\"}\n");
        for (Map<String, String> locale : List.of(
                Map.of("LC_ALL", "C"),
                Map.of("LANG", "C"),
                Map.of("LC_ALL", "", "LANG", "xx_YY.UTF-8"),
                Map.of("LC_ALL", "POSIX", "LC_CTYPE", "C.UTF-8"),
                Map.of("LANG", "C.UTF-8", "LC_TIME", "xx_YY.UTF-8"))) {
            Map<String, String> environment = new HashMap<>(WITHOUT_ARCHIVE);
            environment.putAll(locale);
            Run found = flipside(environment, "data", "inspect", data.toString(), "--json");
            assertThat(found.exitCode()).as(locale + found.err()).isZero();
            assertThat(found.out()).contains("données.jsonl");
        }
    }

    @Test
    void aLocaleThatIsUtf8IsLeftAlone() throws IOException, InterruptedException {
        String java = fakeJava("echo \"$LC_ALL/$LC_CTYPE/$LC_MESSAGES/$LANG\"");
        assertThat(flipside(Map.of("JAVA_HOME", java, "LC_ALL", "C.UTF-8", "LANG", "de"), "doctor")
                        .out())
                .isEqualTo("C.UTF-8///de\n");
        assertThat(flipside(Map.of("JAVA_HOME", java, "LANG", "C.UTF-8", "LC_MESSAGES", "C"), "doctor")
                        .out())
                .isEqualTo("//C/C.UTF-8\n");
        assertThat(flipside(Map.of("JAVA_HOME", java, "LANG", "C"), "doctor").out())
                .isEqualTo("C.UTF-8///C\n");
    }

    @Test
    void anArgumentThatIsNoUtf8IsNamed() throws IOException, InterruptedException {
        Run run = shell(WITHOUT_ARCHIVE, "score --model x --input $'caf\\xe9.jsonl'");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err())
                .startsWith("flipside: the argument 'caf\uFFFD.jsonl' is not UTF-8")
                .hasLineCount(1);
        // The character that stands for such bytes is one like others.
        assertThat(shell(WITHOUT_ARCHIVE, "score --model x --input $'caf\\xef\\xbf\\xbd.jsonl'")
                        .err())
                .contains("there is no file caf\uFFFD.jsonl");
    }

    @Test
    void closedStandardStreamsAreNotTakenByOtherFiles() throws IOException, InterruptedException {
        Run closed = shell(WITHOUT_ARCHIVE, "--version >&-");
        assertThat(closed.exitCode()).isEqualTo(1);
        assertThat(closed.err())
                .contains("standard output could not be written")
                .hasLineCount(1);
        assertThat(shell(WITHOUT_ARCHIVE, "--version 2>&-").out()).startsWith("flipside ");
        assertThat(shell(WITHOUT_ARCHIVE, "score --model x <&-").err()).contains("standard input has no rows");
    }

    /** A start without making an archive of classes first. */
    private static final Map<String, String> WITHOUT_ARCHIVE = Map.of("FLIPSIDE_JAVA_OPTS", "-Xshare:auto");

    private static void cut(Path file) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.setLength(open.length() / 2);
        }
    }

    /** A Maven that has compiled already. */
    private Map<String, String> withMaven() throws IOException {
        Path maven = Files.createDirectories(checkout.resolve("bin")).resolve("mvn");
        Files.writeString(
                maven,
                """
                #!/bin/sh
                mkdir -p cli/target core/target
                cp -r "$CLASSES" cli/target/
                cp -r "$CORE_CLASSES" core/target/
                printf %s "$LIBRARIES" >cli/target/classpath
                """);
        assertThat(maven.toFile().setExecutable(true)).isTrue();
        Map<String, String> environment = new HashMap<>(WITHOUT_ARCHIVE);
        environment.put("PATH", maven.getParent() + File.pathSeparator + System.getenv("PATH"));
        environment.put("CLASSES", Path.of("target/classes").toAbsolutePath().toString());
        environment.put(
                "CORE_CLASSES",
                Path.of("../core/target/classes").toAbsolutePath().toString());
        environment.put("LIBRARIES", libraries);
        return environment;
    }

    private String fakeJava(String command) throws IOException {
        Path home = checkout.resolve("java");
        Path java = Files.createDirectories(home.resolve("bin")).resolve("java");
        Files.writeString(home.resolve("release"), "JAVA_VERSION=\"17.0.1\"\nJAVA_RUNTIME_VERSION=\"17.0.1+1\"\n");
        Files.writeString(java, "#!/bin/sh\n" + command + "\n");
        assertThat(java.toFile().setExecutable(true)).isTrue();
        return home.toString();
    }

    private Optional<Path> archive() throws IOException {
        try (Stream<Path> files = Files.list(work)) {
            return files.filter(file -> file.toString().endsWith(".jsa")).findFirst();
        }
    }

    private Run flipside(Map<String, String> environment, String... arguments)
            throws IOException, InterruptedException {
        return run(
                environment,
                Stream.concat(Stream.of("bash", checkout.resolve("flipside").toString()), Arrays.stream(arguments))
                        .toList());
    }

    /** As a shell starts it that reads {@code arguments} with quotes and redirections. */
    private Run shell(Map<String, String> environment, String arguments) throws IOException, InterruptedException {
        return run(environment, List.of("bash", "-c", "bash '" + checkout.resolve("flipside") + "' " + arguments));
    }

    private Run run(Map<String, String> environment, List<String> command) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command);
        Map<String, String> variables = new HashMap<>(Map.of("JAVA_HOME", System.getProperty("java.home")));
        variables.putAll(environment);
        // What the tests themselves run with is not to be seen here.
        builder.environment().keySet().removeIf(name -> name.matches("(FLIPSIDE|MKL|OMP|GLIBC|JAVA|JDK|LC)_.*|LANG"));
        builder.environment().putAll(variables);
        Path out = checkout.resolve("out");
        Path err = checkout.resolve("err");
        Process process =
                builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
        int exitCode = process.waitFor();
        return new Run(exitCode, Files.readString(out), Files.readString(err));
    }
}
