package dev.flipside.spark;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The assembled jar as it is submitted to a standalone cluster: a master and two workers as daemons, started from the
 * jars that Maven has resolved, none of which is Flipside's or a native library.
 */
class AssembledJarTest {
    private static final Pattern NOT_SPARKS = Pattern.compile(
            "(pytorch|javacpp|openblas|mkl|dnnl|opencl|tokenizers|duckdb_jdbc|picocli|logback-.*|jtokkit|jmustache)-.*");
    private static final String HOST = "127.0.0.1";

    @TempDir
    static Path folder;

    private static final List<Process> DAEMONS = new ArrayList<>();
    private static Path home;
    private static int port;

    @BeforeAll
    static void startCluster() throws IOException, InterruptedException {
        // Not in the temporary folder, whose end warns of every link.
        home = Path.of("target/standalone").toAbsolutePath();
        Path jars = Files.createDirectories(home.resolve("jars"));
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            Path jar = Path.of(entry);
            if (entry.endsWith(".jar")
                    && !entry.contains("flipside")
                    && !NOT_SPARKS.matcher(jar.getFileName().toString()).matches()) {
                Path link = jars.resolve(jar.getFileName());
                Files.deleteIfExists(link);
                Files.createSymbolicLink(link, jar.toAbsolutePath());
            }
        }
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getByName(HOST))) {
            port = free.getLocalPort();
        }
        daemon(
                "master",
                "org.apache.spark.deploy.master.Master",
                "--host",
                HOST,
                "--port",
                "" + port,
                "--webui-port",
                "0");
        for (int i = 0; i < 600 && !listens(); i++) {
            TimeUnit.MILLISECONDS.sleep(100);
        }
        for (int worker = 1; worker <= 2; worker++) {
            daemon(
                    "worker-" + worker,
                    "org.apache.spark.deploy.worker.Worker",
                    "--host",
                    HOST,
                    "--cores",
                    "1",
                    "--memory",
                    "1g",
                    "--webui-port",
                    "0",
                    "--work-dir",
                    folder.resolve("work-" + worker).toString(),
                    "spark://" + HOST + ":" + port);
        }
    }

    @AfterAll
    static void stopCluster() {
        DAEMONS.forEach(Process::destroy);
    }

    private static boolean listens() {
        try (Socket socket = new Socket(HOST, port)) {
            return socket.isConnected();
        } catch (IOException e) {
            // Not yet.
            return false;
        }
    }

    private static void daemon(String name, String main, String... arguments) throws IOException {
        DAEMONS.add(java(name, "256m", main, arguments));
    }

    private static Process java(String name, String heap, String main, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(
                List.of(ProcessHandle.current().info().command().orElseThrow(), "-Xmx" + heap, "-XX:+UseSerialGC"));
        command.addAll(opens());
        command.addAll(List.of("-cp", home.resolve("jars") + "/*", main));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve(name + ".log").toFile());
        builder.environment().putAll(Map.of("SPARK_HOME", home.toString(), "SPARK_SCALA_VERSION", "2.13"));
        return builder.start();
    }

    /** Those of this process. */
    private static List<String> opens() {
        return java.lang.management.ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("--add-opens"))
                .toList();
    }

    private static Path assembled() throws IOException {
        try (Stream<Path> jars = Files.list(Path.of("target"))) {
            return jars.filter(jar -> jar.getFileName().toString().endsWith("-assembled.jar"))
                    .findFirst()
                    .orElseThrow()
                    .toAbsolutePath();
        }
    }

    @Test
    void isSubmittedToAStandaloneCluster() throws IOException, InterruptedException {
        Path policy = TinyFiles.policy(folder.resolve("policy"));
        String rewardModel = TinyFiles.rewardModel(policy, folder.resolve("rm")).toString();
        List<ObjectNode> rows = TinyFiles.rows(600);
        Path input = TinyFiles.write(folder.resolve("rows.jsonl"), rows);
        Path output = folder.resolve("scores");

        List<String> submit = new ArrayList<>(List.of("--master", "spark://" + HOST + ":" + port));
        for (String conf : List.of(
                "spark.driver.host=" + HOST,
                "spark.driver.bindAddress=" + HOST,
                "spark.executor.memory=512m",
                "spark.scheduler.minRegisteredResourcesRatio=1",
                "spark.executorEnv.OMP_NUM_THREADS=1",
                "spark.executorEnv.MKL_CBWR=AUTO",
                "spark.ui.enabled=false")) {
            submit.addAll(List.of("--conf", conf));
        }
        submit.addAll(List.of("--class", "dev.flipside.cli.Main", assembled().toString()));
        submit.addAll(
                List.of("score", "--model", rewardModel, "--input", input.toString(), "--output", output.toString()));
        Process submitted =
                java("submit", "512m", "org.apache.spark.deploy.SparkSubmit", submit.toArray(String[]::new));
        assertThat(submitted.waitFor(8, TimeUnit.MINUTES)).isTrue();
        assertThat(submitted.exitValue())
                .as(Files.readString(folder.resolve("submit.log")))
                .isZero();

        String plain = Command.run("score", "--model", rewardModel, "--input", input.toString())
                .succeeded()
                .out();
        assertThat(TinyFiles.parts(output)).isEqualTo(plain);
        assertThat(Arrays.asList(1, 2)).allSatisfy(worker -> assertThat(folder.resolve("work-" + worker))
                .isNotEmptyDirectory());
    }
}
