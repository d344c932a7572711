package dev.flipside.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.reward.RewardHost;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The programs in Python of examples/rewards reward a run of their configurations, cut to a step and a tiny model.
 * Their tests are skipped where there is no Python.
 */
class RewardExamplesTest {
    private static final Path EXAMPLES = Path.of("../examples").toAbsolutePath().normalize();
    private static final List<String> WORDS = List.of("happy", "smile", "laugh", "love", "play");
    private static final String TOKEN = "token-marker-of-the-rewards-0123456789";
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private static void requirePython() {
        try {
            Process python = new ProcessBuilder("python3", "--version").start();
            assumeTrue(python.waitFor() == 0, "python3 --version fails");
        } catch (IOException e) {
            assumeTrue(false, "there is no python3: " + e.getMessage());
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private List<String> arguments(String config, String... overrides) throws IOException {
        Path prompts = Files.writeString(
                folder.resolve("prompts.jsonl"), "{\"prompt\": \"One day\"}\n{\"prompt\": \"Tom was\"}\n");
        List<String> arguments = new ArrayList<>(List.of(
                "train",
                EXAMPLES.resolve(config).toString(),
                "policy.model=" + TinyModel.policy(folder.resolve("policy")),
                "data.prompts=" + prompts,
                "run.output_dir=" + folder.resolve("run"),
                "run.max_steps=1",
                "run.save_steps=1",
                "rollout.generation_batch_size=16",
                "rollout.max_completion_length=24"));
        arguments.addAll(List.of(overrides));
        return arguments;
    }

    /** The functions of a file of examples, with an address or a path that fits here. */
    private static String functions(String config, String from, String to) throws IOException {
        String entry = Files.readString(EXAMPLES.resolve(config))
                .lines()
                .filter(line -> line.strip().startsWith("- {name: "))
                .findFirst()
                .orElseThrow()
                .strip()
                .substring(2);
        assertThat(entry).contains(from);
        return "reward_model.functions=[" + entry.replace(from, to) + "]";
    }

    private void assertRewarded(String function) throws IOException {
        List<String> lines = Files.readAllLines(folder.resolve("run/samples.jsonl"));
        assertThat(lines).hasSize(16);
        for (String line : lines) {
            JsonNode sample = JSON.readTree(line);
            String completion = sample.get("completion").asText();
            assertThat(sample.get("rewards").get(function).asDouble())
                    .as(completion)
                    .isEqualTo(WORDS.stream().filter(completion::contains).count() / 5.0);
        }
    }

    @Test
    void aProcessInPythonRewardsARun() throws IOException {
        requirePython();
        String functions =
                functions("stories-process-grpo.yaml", "examples/rewards/", EXAMPLES.resolve("rewards") + "/");
        CommandRun.of(arguments("stories-process-grpo.yaml", functions).toArray(String[]::new))
                .succeeded();
        assertRewarded("process");
    }

    /** The run begins with the server, and asks again until it is there. */
    @Test
    void aServerInPythonRewardsARun() throws IOException {
        requirePython();
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        Process server = new ProcessBuilder(
                        "python3", EXAMPLES.resolve("rewards/http_reward.py").toString(), Integer.toString(port))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("server.log").toFile())
                .start();
        try {
            String functions = functions("stories-http-grpo.yaml", ":8000/", ":" + port + "/");
            CommandRun.of(arguments("stories-http-grpo.yaml", functions).toArray(String[]::new))
                    .succeeded();
            assertRewarded("http");
        } finally {
            server.destroy();
        }
    }

    /** What the words of the examples earn, where tiny models do not write them. */
    @Test
    void theProgramInPythonCountsWords() throws IOException, InterruptedException {
        requirePython();
        Path batch = Files.writeString(
                folder.resolve("batch"),
                "{\"prompts\": [\"a\", \"b\"], \"completions\": [\"happy to play\", \"sad\"], \"finished\": [true, true]}\n");
        Process python = new ProcessBuilder(
                        "python3", EXAMPLES.resolve("rewards/process_reward.py").toString())
                .redirectInput(batch.toFile())
                .start();
        String out = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(python.waitFor()).isZero();
        assertThat(out).isEqualTo("[0.4, 0.0]\n");
    }

    @Test
    void theTokenOfAServerIsFoundNowhere() throws IOException {
        try (RewardHost host = RewardHost.ofLengths()) {
            ChildRun.End end = ChildRun.start(
                            folder.resolve("run.log"),
                            Map.of("MY_REWARD_TOKEN", TOKEN),
                            List.of(),
                            arguments(
                                    "stories-http-grpo.yaml",
                                    "reward_model.functions=[{name: http, token_variable: MY_REWARD_TOKEN, url: '"
                                            + host.url() + "'}]",
                                    "--debug"))
                    .end();
            assertThat(end.code()).as(end.log()).isZero();
            assertThat(host.authorizations()).isNotEmpty().containsOnly("Bearer " + TOKEN);
        }
        try (Stream<Path> files = Files.walk(folder)) {
            List<Path> left = files.filter(Files::isRegularFile).toList();
            assertThat(left).hasSizeGreaterThan(10);
            for (Path file : left) {
                assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(TOKEN))
                        .as(file.toString())
                        .isFalse();
            }
        }
        assertThat(Files.readString(folder.resolve("run/config.yaml"))).contains("MY_REWARD_TOKEN");
    }
}
