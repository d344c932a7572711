package dev.flipside.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.eval.judge.JudgeServer;
import dev.flipside.eval.judge.JudgeServer.Fault;
import dev.flipside.eval.judge.JudgeServer.Reply;
import dev.flipside.hub.TestHub;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Secrets of the environment are sent where they belong and found nowhere else: in no file that is left, no output, no
 * error, no trace; and nobody else may write those files.
 */
class SecretsTest {
    private static final String JUDGE_KEY = "sk-marker-of-the-judge-0123456789";
    private static final String OTHER = "marker-of-something-else-0123456789";

    /** What a company's machine has in its environment beside what Flipside reads. */
    private static final List<String> OTHERS = List.of(
            "AWS_SECRET_ACCESS_KEY",
            "AZURE_OPENAI_API_KEY",
            "ANTHROPIC_API_KEY",
            "GITHUB_TOKEN",
            "HUGGING_FACE_HUB_TOKEN",
            "WANDB_API_KEY",
            "DATABASE_URL",
            "http_proxy_password");

    @TempDir
    Path folder;

    private TestHub hub;
    private JudgeServer judge;
    private Map<String, String> environment;
    private final List<String> printed = new ArrayList<>();

    @BeforeEach
    void start() throws IOException {
        hub = new TestHub();
        judge = new JudgeServer(JUDGE_KEY, request -> Reply.preferring(0.25));
        environment = new HashMap<>();
        OTHERS.forEach(name -> environment.put(name, OTHER));
        environment.put("HF_TOKEN", TestHub.TOKEN);
        environment.put("OPENAI_API_KEY", JUDGE_KEY);
        environment.putAll(hub.environment(folder.resolve("hf")));
        Path policy = TinyModel.policy(folder.resolve("policy"));
        Path rewardModel = TinyModel.rewardModel(policy, folder.resolve("rm"), 0.5);
        hub.commit("models/org/tiny", policy);
        hub.commit("models/org/judge", rewardModel);
    }

    @AfterEach
    void stop() {
        hub.close();
        judge.close();
    }

    private CommandRun run(String... args) {
        CommandRun run = CommandRun.with(environment, "", args);
        printed.add(run.out());
        printed.add(run.err());
        return run;
    }

    private void done(String... args) {
        CommandRun run = run(args).succeeded();
    }

    private void refused(String variable, String value, String... args) {
        String before = environment.put(variable, value);
        assertThat(run(args).exitCode()).as(variable).isNotZero();
        if (before == null) {
            environment.remove(variable);
        } else {
            environment.put(variable, before);
        }
    }

    @Test
    void areSentAndNeverKeptOrShown() throws IOException {
        trainAndPush();
        askTheJudge();
        failInEveryWay();

        assertThat(hub.requests())
                .anyMatch(request -> String.valueOf(request.authorization()).contains(TestHub.TOKEN));
        assertThat(judge.requests()).isNotEmpty();
        for (String secret : List.of(TestHub.TOKEN, JUDGE_KEY, OTHER)) {
            assertThat(printed.stream().flatMap(String::lines).filter(line -> line.contains(secret)))
                    .isEmpty();
            for (Path file : left()) {
                assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(secret))
                        .as("%s in %s", secret, file)
                        .isFalse();
                assertThat(file.toString()).doesNotContain(secret);
            }
        }
    }

    private void trainAndPush() throws IOException {
        Path prompts =
                Files.writeString(folder.resolve("prompts.jsonl"), "{\"prompt\": \"One.\"}\n{\"prompt\": \"Two.\"}\n");
        Path pairs = Files.writeString(
                folder.resolve("pairs.jsonl"),
                "{\"prompt\": \"a\", \"chosen\": \"good\", \"rejected\": \"bad\"}\n"
                        + "{\"prompt\": \"b\", \"chosen\": \"fine\", \"rejected\": \"poor\"}\n");
        Path rm = Files.writeString(
                folder.resolve("rm.yaml"),
                """
                run: {output_dir: %s/rm-run}
                reward_model: {model: org/tiny}
                data: {preferences: %s, eval_fraction: 0.5}
                training: {max_steps: 1, train_batch_size: 1}
                """
                        .formatted(folder, pairs));
        Path train = Files.writeString(
                folder.resolve("train.yaml"),
                """
                run: {output_dir: %s/run, max_steps: 2, save_steps: 1}
                policy: {model: org/tiny}
                reward_model: {model: org/judge}
                data: {prompts: %s}
                rollout: {generation_batch_size: 4, num_generations: 2, max_completion_length: 4}
                save: {preset: off}
                """
                        .formatted(folder, prompts));
        done("pull", "org/tiny", "--debug");
        done("train-rm", rm.toString(), "--debug");
        done("train", train.toString(), "--debug");
        done("report", folder.resolve("run").toString(), "--debug");
        done("push", folder.resolve("run/policy").toString(), "me/mine", "--debug");
        // What was pushed, its card with it, lies in the cache then.
        done("pull", "me/mine", "--debug");
    }

    private void askTheJudge() throws IOException {
        String rows = "[{\"instruction\": \"Say it.\", \"output\": \"%s\", \"generator\": \"%s\"}]";
        Path baseline = Files.writeString(folder.resolve("baseline.json"), rows.formatted("one", "other"));
        Path answers = Files.writeString(folder.resolve("answers.json"), rows.formatted("two", "mine"));
        judge.meet(Fault.status(429, "slow down, " + JUDGE_KEY, "Retry-After", "0"));
        done(
                "eval-policy",
                "alpaca-eval",
                "--debug",
                "--judge",
                "gpt",
                "--judge-url",
                judge.url(),
                "--baseline",
                baseline.toString(),
                "--answers",
                answers.toString(),
                "--out",
                folder.resolve("judged").toString());
        judge.meet(Fault.status(401, "the key " + JUDGE_KEY + " is not known"));
        assertThat(run(
                                "eval-policy",
                                "alpaca-eval",
                                "--debug",
                                "--judge",
                                "gpt2",
                                "--judge-url",
                                judge.url(),
                                "--baseline",
                                baseline.toString(),
                                "--answers",
                                answers.toString(),
                                "--out",
                                folder.resolve("refused").toString())
                        .exitCode())
                .isEqualTo(2);
        for (String url : List.of(
                "http://me:" + OTHER + "@localhost/v1",
                "ftp://me:" + OTHER + "@localhost/v1",
                "http://localhost/v1?key=" + OTHER,
                "ftp://localhost?key=" + OTHER)) {
            assertThat(run(
                                    "eval-policy",
                                    "alpaca-eval",
                                    "--debug",
                                    "--judge",
                                    "gpt3",
                                    "--judge-url",
                                    url,
                                    "--baseline",
                                    baseline.toString(),
                                    "--answers",
                                    answers.toString(),
                                    "--out",
                                    folder.resolve("never").toString())
                            .exitCode())
                    .as(url)
                    .isEqualTo(2);
        }
    }

    private void failInEveryWay() {
        String[] pull = {"pull", "org/other", "--debug"};
        refused("HF_TOKEN", TestHub.TOKEN + "\nX-More: " + OTHER, pull);
        refused("HF_ENDPOINT", "https://me:" + OTHER + "@hub.example", pull);
        refused("HF_ENDPOINT", "https://hub.example?token=" + OTHER, pull);
        refused("HF_ENDPOINT", "hub.example/" + " #" + OTHER, pull);
        for (String proxy : List.of("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")) {
            refused(proxy, "http://me:" + OTHER + "@proxy.example:3128", pull);
        }
        assertThat(run("train", folder.resolve("train.yaml").toString(), "policy.model=org/none", "--debug")
                        .exitCode())
                .isNotZero();
    }

    @Test
    void filesAreForTheirOwnerToWriteAndNotToRun() throws IOException {
        trainAndPush();
        Set<PosixFilePermission> usual = Files.getPosixFilePermissions(Files.createFile(folder.resolve("usual")));
        for (Path file : left()) {
            Set<PosixFilePermission> mode = Files.getPosixFilePermissions(file);
            assertThat(mode)
                    .as(file.toString())
                    .doesNotContain(
                            PosixFilePermission.OTHERS_WRITE,
                            PosixFilePermission.OWNER_EXECUTE,
                            PosixFilePermission.GROUP_EXECUTE,
                            PosixFilePermission.OTHERS_EXECUTE);
            // As the umask has it: others of a group can read a run and a shared cache.
            assertThat(mode).as(file.toString()).isEqualTo(usual);
        }
    }

    private List<Path> left() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS))
                    .toList();
        }
    }
}
