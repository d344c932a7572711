package dev.flipside.spark;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.cli.cluster.ClusterEngine;
import dev.flipside.cli.cluster.ClusterSettings;
import dev.flipside.compare.ComparisonPlan;
import dev.flipside.compare.ComparisonRuns;
import dev.flipside.config.ConfigReader;
import dev.flipside.hub.HubInputs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** World W, two seeds and three arms, on two executor processes against the same in this process. */
class CompareOnSparkTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> ARMS = List.of("frozen", "save", "guarded");

    @TempDir
    static Path folder;

    private static Path config;
    private static JsonNode local;

    @BeforeAll
    static void compareLocally() throws IOException {
        SparkHome.make();
        config = Files.writeString(
                folder.resolve("compare.yaml"),
                """
                comparison:
                  output_dir: %s
                  seeds: [1, 2]
                  baseline: frozen
                  outcomes: [{metric: eval_gold, role: primary}]
                  criterion: "The guarded arm has a higher gold reward than the frozen one."
                  criterion_arms: [save]
                  detectable_effect: 0.02
                base:
                  world: w
                  steps: 3
                  pretraining_steps: 20
                  overrides: ["run.save_steps=1", "eval.eval_steps=2"]
                arms:
                  frozen: {}
                  save: {}
                  guarded: {}
                """
                        .formatted(folder.resolve("none")));
        Path output = folder.resolve("local");
        assertThat(new ComparisonRuns(plan(output)).run()).isPresent();
        local = results(output);
    }

    private static ComparisonPlan plan(Path output) {
        return ComparisonPlan.of(
                ConfigReader.comparison(config, List.of("comparison.output_dir=" + output)), HubInputs.pathsOnly());
    }

    private static Path compareOnSpark(Path output) {
        ClusterSettings cluster = new ClusterSettings(
                "local-cluster[2,1,1024]",
                Map.of("spark.driver.bindAddress", "127.0.0.1", "spark.driver.host", "127.0.0.1"),
                0);
        ComparisonPlan plan = plan(output);
        try (ClusterEngine.ClusterComparison comparison = ClusterEngine.find().comparison(cluster, plan)) {
            assertThat(new ComparisonRuns(plan).runner(comparison.runner()).run())
                    .isPresent();
        }
        return output;
    }

    /** Without what says where and when: the hash is that of a configuration that names its folder. */
    private static JsonNode results(Path output) throws IOException {
        ObjectNode results = (ObjectNode) JSON.readTree(Files.readString(output.resolve("results.json")));
        results.remove(List.of("registered", "config_sha256"));
        return JSON.readTree(results.toString().replace(output.toString(), "OUTPUT"));
    }

    @Test
    void figuresAreTheLocalOnes() throws IOException {
        Path output = compareOnSpark(folder.resolve("spark"));

        assertSame(output);
        assertThat(output.resolve(".stop")).doesNotExist();
    }

    @Test
    void anExecutorThatIsKilledInTheMiddleIsSurvived() throws Exception {
        Path output = folder.resolve("killed");
        CompletableFuture<Path> comparison = CompletableFuture.supplyAsync(() -> compareOnSpark(output));
        Path metrics = output.resolve("seed-1/save/metrics.jsonl");
        while (!comparison.isDone()
                && (!Files.exists(metrics) || Files.readAllLines(metrics).size() < 1)) {
            TimeUnit.MILLISECONDS.sleep(20);
        }
        ProcessHandle executor = executors().findFirst().orElseThrow();
        assertThat(executor.destroyForcibly()).isTrue();
        comparison.get(5, TimeUnit.MINUTES);

        assertSame(output);
    }

    /** Those whose parent is this process, as a local cluster's workers live in it. */
    private static Stream<ProcessHandle> executors() {
        return ProcessHandle.current().children().filter(CompareOnSparkTest::isExecutor);
    }

    /** Its command line is longer than what Java reads of one. */
    private static boolean isExecutor(ProcessHandle process) {
        try {
            return Files.readString(Path.of("/proc/" + process.pid() + "/cmdline"))
                    .contains("CoarseGrainedExecutorBackend");
        } catch (IOException e) {
            // It has ended.
            return false;
        }
    }

    private static void assertSame(Path output) throws IOException {
        assertThat(results(output)).isEqualTo(local);
        for (int seed = 1; seed <= 2; seed++) {
            for (String arm : ARMS) {
                Path run = Path.of("seed-" + seed, arm);
                assertThat(figures(output.resolve(run)))
                        .isEqualTo(figures(folder.resolve("local").resolve(run)));
                assertThat(output.resolve(run).resolve("policy/model.safetensors"))
                        .hasSameBinaryContentAs(
                                folder.resolve("local").resolve(run).resolve("policy/model.safetensors"));
            }
        }
    }

    /** Every metric of every step but times and memory. */
    private static List<String> figures(Path run) throws IOException {
        List<String> figures = new ArrayList<>();
        for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
            ObjectNode step = (ObjectNode) JSON.readTree(line);
            step.properties()
                    .removeIf(entry -> entry.getKey().matches(".*(timing|time|second|memory|per_s|_mb|throughput).*"));
            figures.add(step.toString());
        }
        return figures;
    }
}
