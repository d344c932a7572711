package dev.flipside.spark;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands on two executor processes of this machine. */
class LocalClusterTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String MASTER = "local-cluster[2,1,2048]";
    private static final int ROWS = 10_000;

    @TempDir
    static Path folder;

    private static String rewardModel;

    @BeforeAll
    static void makeModel() throws IOException {
        SparkHome.make();
        rewardModel = TinyFiles.rewardModel(TinyFiles.policy(folder.resolve("policy")), folder.resolve("rm"))
                .toString();
    }

    @Test
    void tenThousandRowsOfParquetAreTheCommands() throws IOException {
        List<ObjectNode> rows = TinyFiles.rows(ROWS);
        Path lines = TinyFiles.write(folder.resolve("rows.jsonl"), rows);
        String plain = Command.run("score", "--model", rewardModel, "--input", lines.toString())
                .succeeded()
                .out();
        Path parquet = folder.resolve("rows.parquet");
        try (SparkSession spark = session()) {
            // Parts of which a later one is the largest: Spark would read it first.
            Dataset<Row> all = spark.read().json(lines.toString()).coalesce(1);
            all.where(functions.expr("cast(substring(id, 5) as int) < 2000"))
                    .write()
                    .parquet(parquet.toString());
            all.where(functions.expr("cast(substring(id, 5) as int) >= 2000"))
                    .write()
                    .parquet(folder.resolve("rest").toString());
            move(folder.resolve("rest"), parquet);
        }
        Path output = folder.resolve("scores");
        Command command = Command.run(
                        "score",
                        "--master",
                        MASTER,
                        "--conf",
                        "spark.driver.bindAddress=127.0.0.1",
                        "--conf",
                        "spark.driver.host=127.0.0.1",
                        "--model",
                        rewardModel,
                        "--input",
                        parquet.toString(),
                        "--output",
                        output.toString(),
                        "--json")
                .succeeded();
        assertThat(JSON.readTree(command.out()).get("rows").asInt()).isEqualTo(ROWS);
        try (SparkSession spark = session()) {
            List<Row> scored = new RowFiles(spark, output.toString()).parquet().collectAsList();
            List<String> expected = plain.lines().toList();
            assertThat(scored).hasSize(ROWS);
            for (int i = 0; i < ROWS; i++) {
                JsonNode row = JSON.readTree(expected.get(i));
                assertThat(scored.get(i).<String>getAs("id"))
                        .isEqualTo(row.get("id").asText());
                assertThat(scored.get(i).<Double>getAs("score"))
                        .isEqualTo(row.get("score").doubleValue());
                assertThat(scored.get(i).<Double>getAs("value"))
                        .isEqualTo(row.get("value").doubleValue());
            }
        }
    }

    private static SparkSession session() {
        return SparkSession.builder()
                .master("local[1]")
                .config("spark.ui.enabled", "false")
                .getOrCreate();
    }

    private static void move(Path from, Path to) throws IOException {
        try (var files = Files.list(from)) {
            for (Path file :
                    files.filter(f -> f.toString().endsWith(".parquet")).toList()) {
                Files.move(file, to.resolve("z-" + file.getFileName()));
            }
        }
    }
}
