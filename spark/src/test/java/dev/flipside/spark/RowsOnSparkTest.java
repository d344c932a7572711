package dev.flipside.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Functions on datasets and commands with {@code --master} against the plain commands, to the bit. */
class RowsOnSparkTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final StructType SCHEMA = StructType.fromDDL("id string, prompt string, completion string");

    @TempDir
    static Path models;

    @TempDir
    Path folder;

    private static String policy;
    private static String rewardModel;

    @BeforeAll
    static void makeModels() throws IOException {
        Path directory = TinyFiles.policy(models.resolve("policy"));
        policy = directory.toString();
        rewardModel = TinyFiles.rewardModel(directory, models.resolve("rm")).toString();
    }

    @AfterEach
    void stop() {
        SparkSession.getDefaultSession().foreach(session -> {
            session.stop();
            return null;
        });
    }

    private static SparkSession local() {
        return SparkSession.builder()
                .master("local[2]")
                .config("spark.ui.enabled", "false")
                .getOrCreate();
    }

    private static Dataset<Row> dataset(SparkSession spark, List<ObjectNode> rows, int partitions) {
        List<Row> all = rows.stream()
                .map(row -> org.apache.spark.sql.RowFactory.create(
                        row.get("id").asText(),
                        row.get("prompt").asText(),
                        row.has("completion") ? row.get("completion").asText() : null))
                .toList();
        return spark.createDataset(all, org.apache.spark.sql.Encoders.row(SCHEMA))
                .coalesce(partitions);
    }

    private List<JsonNode> plain(List<ObjectNode> rows, String... args) throws IOException {
        Path input = TinyFiles.write(folder.resolve("plain.jsonl"), rows);
        List<String> words = new ArrayList<>(List.of(args));
        words.addAll(List.of("--input", input.toString()));
        List<JsonNode> results = new ArrayList<>();
        for (String line : Command.run("", words).succeeded().out().lines().toList()) {
            results.add(JSON.readTree(line));
        }
        return results;
    }

    @Test
    void scoresAreTheCommandsWhateverThePartitions() throws IOException {
        List<ObjectNode> rows = TinyFiles.rows(300);
        List<JsonNode> plain = plain(rows, "score", "--model", rewardModel);
        for (int partitions : new int[] {1, 3}) {
            List<Row> scored = Flipside.score(dataset(local(), rows, 7).coalesce(partitions), rewardModel)
                    .collectAsList();

            assertThat(scored).hasSize(300);
            for (int i = 0; i < 300; i++) {
                assertThat(scored.get(i).<String>getAs("id")).isEqualTo("row " + i);
                assertThat(scored.get(i).<Double>getAs("score"))
                        .isEqualTo(plain.get(i).get("score").doubleValue());
                assertThat(scored.get(i).<Double>getAs("value"))
                        .isEqualTo(plain.get(i).get("value").doubleValue());
            }
        }
    }

    @Test
    void completionsAreTheCommands() throws IOException {
        List<ObjectNode> rows = TinyFiles.rows(150);
        rows.forEach(row -> row.remove("completion"));
        List<JsonNode> plain = plain(
                rows, "generate", "--model", policy, "--num-generations=2", "--max-completion-length=6", "--seed=3");
        List<Row> generated = Flipside.generate(
                        dataset(local(), rows, 4).drop("completion"),
                        policy,
                        Map.of("num-generations", "2", "max-completion-length", "6", "seed", "3"))
                .collectAsList();

        assertThat(generated).hasSize(300);
        for (int i = 0; i < 300; i++) {
            assertThat(generated.get(i).<String>getAs("id"))
                    .isEqualTo(plain.get(i).get("id").asText());
            assertThat(generated.get(i).<String>getAs("completion"))
                    .isEqualTo(plain.get(i).get("completion").asText());
            assertThat(generated
                            .get(i)
                            .getList(generated.get(i).fieldIndex("token_ids"))
                            .toString())
                    .isEqualTo(plain.get(i).get("token_ids").toString().replace(",", ", "));
            assertThat(generated.get(i).<String>getAs("finish_reason"))
                    .isEqualTo(plain.get(i).get("finish_reason").asText());
        }
    }

    @Test
    void logProbabilitiesAreTheCommands() throws IOException {
        List<ObjectNode> rows = TinyFiles.rows(140);
        List<JsonNode> plain = plain(rows, "logprobs", "--model", policy);
        List<Row> measured =
                Flipside.logprobs(dataset(local(), rows, 2), policy).collectAsList();

        assertThat(measured).hasSize(140);
        for (int i = 0; i < 140; i++) {
            List<Double> values = measured.get(i).getList(measured.get(i).fieldIndex("logprobs"));
            assertThat(values).hasSize(plain.get(i).get("logprobs").size());
            for (int j = 0; j < values.size(); j++) {
                assertThat(values.get(j))
                        .isEqualTo(plain.get(i).get("logprobs").get(j).doubleValue());
            }
        }
    }

    /** Part files in the order of their names, blank lines, rows without an id. */
    @Test
    void filesOfJsonLinesGiveTheBytesOfTheCommand() throws IOException {
        List<ObjectNode> rows = TinyFiles.rows(400);
        rows.get(5).remove("id");
        rows.get(399).put("id", 7);
        Path whole = TinyFiles.write(folder.resolve("whole.jsonl"), rows);
        Path parts = folder.resolve("parts");
        TinyFiles.write(parts.resolve("part-1.jsonl"), rows.subList(0, 10));
        TinyFiles.write(parts.resolve("part-2.jsonl"), rows.subList(10, 330));
        TinyFiles.write(parts.resolve("part-3.jsonl"), rows.subList(330, 400));
        Files.writeString(parts.resolve("_SUCCESS"), "");
        for (String[] words : new String[][] {
            {"score", "--model", rewardModel},
            {"generate", "--model", policy, "--max-completion-length=4", "--temperature=0.9"}
        }) {
            String plain = Command.run("", with(words, "--input", whole.toString()))
                    .succeeded()
                    .out();
            for (Path input : List.of(whole, parts)) {
                Path output = folder.resolve(words[0] + "-" + input.getFileName());
                Command command = Command.run(
                                "",
                                with(
                                        words,
                                        "--master",
                                        "local[2]",
                                        "--input",
                                        input.toString(),
                                        "--output",
                                        output.toString(),
                                        "--json"))
                        .succeeded();
                assertThat(TinyFiles.parts(output)).isEqualTo(plain);
                assertThat(JSON.readTree(command.out()).get("rows").asInt()).isEqualTo(400);
            }
        }
    }

    @Test
    void mistakesAreOneSentence() throws IOException {
        List<ObjectNode> rows = new ArrayList<>(TinyFiles.rows(3));
        rows.get(1).remove("completion");
        Path input = TinyFiles.write(folder.resolve("rows.jsonl"), rows);
        assertThat(failure(input, "out", "local[1]", rewardModel))
                .contains("rows.jsonl, line 2 needs a text in 'completion'.");
        assertThat(failure(input, "out2", "local[1]", folder.resolve("no-model").toString()))
                .startsWith("flipside: executor driver on ")
                .contains("there is no such model directory");
        assertThat(failure(input, "out3", "locl[1]", rewardModel))
                .contains("--master: 'locl[1]' is no master of Spark");
        assertThat(failure(folder.resolve("none.jsonl"), "out4", "local[1]", rewardModel))
                .contains("--input: there is no file or folder");
        Files.createDirectories(folder.resolve("there"));
        assertThat(failure(input, "there", "local[1]", rewardModel)).contains("is there already; name a new folder.");
        assertThat(Command.run("score", "--model", rewardModel, "--conf", "spark.a=b")
                        .err())
                .contains("--conf sets something of Spark, so it has no effect without --master");
        assertThat(Command.run("score", "--model", rewardModel, "--master", "local[1]")
                        .err())
                .contains("executors have no standard input and output");

        Dataset<Row> few = dataset(local(), TinyFiles.rows(2), 1);
        assertThatThrownBy(() -> Flipside.generate(few, policy))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("has a column 'completion' already");
        assertThatThrownBy(() -> Flipside.score(few.select("id"), policy))
                .hasMessageContaining("none of the columns text, messages, prompt and completion, only id");
        assertThatThrownBy(() -> Flipside.generate(few.drop("completion"), policy, Map.of("temprature", "1")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("temprature");
        assertThatThrownBy(() -> Flipside.score(few.limit(0), rewardModel)).hasMessageContaining("has no rows");
    }

    private String failure(Path input, String output, String master, String model) {
        Command command = Command.run(
                "score",
                "--master",
                master,
                "--model",
                model,
                "--input",
                input.toString(),
                "--output",
                folder.resolve(output).toString());
        assertThat(command.exitCode()).as(command.err()).isEqualTo(2);
        return command.err()
                .lines()
                .filter(line -> line.startsWith("flipside"))
                .findFirst()
                .orElse(command.err());
    }

    private static List<String> with(String[] words, String... more) {
        List<String> all = new ArrayList<>(List.of(words));
        all.addAll(List.of(more));
        return all;
    }
}
