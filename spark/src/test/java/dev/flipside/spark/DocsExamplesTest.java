package dev.flipside.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The examples of docs/spark.md, compiled as they stand there and run. */
class DocsExamplesTest {
    private static final int ROWS = 20;

    @TempDir
    Path folder;

    private Path classes;
    private String rewardModel;
    private Path input;
    private double best;

    @BeforeEach
    void prepare() throws IOException {
        classes = Files.createDirectories(folder.resolve("classes"));
        rewardModel = TinyFiles.rewardModel(TinyFiles.policy(folder.resolve("policy")), folder.resolve("rm"))
                .toString();
        input = TinyFiles.write(folder.resolve("rows.jsonl"), TinyFiles.rows(ROWS));
        Matcher score = Pattern.compile("\"score\":([-0-9.E]+)")
                .matcher(Command.run("score", "--model", rewardModel, "--input", input.toString())
                        .succeeded()
                        .out());
        best = score.results()
                .mapToDouble(m -> Double.parseDouble(m.group(1)))
                .max()
                .orElseThrow();
    }

    @AfterEach
    void stop() {
        SparkSession.builder().master("local[1]").getOrCreate().stop();
    }

    @Test
    void java() throws Exception {
        Path source = Files.writeString(
                folder.resolve("Example.java"),
                """
                import dev.flipside.spark.Flipside;
                import org.apache.spark.sql.*;
                public class Example {
                    public static double run(SparkSession spark, String input, String model) {
                %s
                        return best;
                    }
                }
                """
                        .formatted(example("java")));
        assertThat(ToolProvider.getSystemJavaCompiler()
                        .run(null, null, null, "-d", classes.toString(), "-cp", classPath(), source.toString()))
                .isZero();

        assertThat(run()).isEqualTo(best);
    }

    @Test
    void scala() throws Exception {
        Path source = Files.writeString(
                folder.resolve("Example.scala"),
                """
                import dev.flipside.spark.Flipside
                import org.apache.spark.sql._
                import org.apache.spark.sql.functions._
                object Example {
                  def run(spark: SparkSession, input: String, model: String): Double = {
                %s
                    best
                  }
                }
                """
                        .formatted(example("scala")));
        assertThat(scala.tools.nsc.Main.process(
                        new String[] {"-d", classes.toString(), "-classpath", classPath(), source.toString()}))
                .isTrue();

        assertThat(run()).isEqualTo(best);
    }

    private static String classPath() {
        return System.getProperty("java.class.path");
    }

    private static String example(String language) throws IOException {
        Matcher block = Pattern.compile("(?s)```" + language + "\n(.*?)```")
                .matcher(Files.readString(Path.of("../docs/spark.md")));
        List<String> found = block.results().map(m -> m.group(1)).toList();
        assertThat(found).hasSize(1);
        return found.get(0);
    }

    private double run() throws Exception {
        SparkSession spark = SparkSession.builder()
                .master("local[2]")
                .config("spark.ui.enabled", "false")
                .getOrCreate();
        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {classes.toUri().toURL()})) {
            return (double) loader.loadClass("Example")
                    .getMethod("run", SparkSession.class, String.class, String.class)
                    .invoke(null, spark, input.toString(), rewardModel);
        }
    }
}
