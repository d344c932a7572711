package dev.flipside.cli.dashboard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.compare.ComparisonDirectory;
import dev.flipside.config.UserError;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DashboardServerTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String TOKEN = "a-token-of-the-test-0123";
    private static final Map<String, String> ENVIRONMENT = Map.of(Access.VARIABLE, TOKEN);

    @TempDir
    Path folder;

    private DashboardServer server;

    @BeforeEach
    void start() {
        server = DashboardServer.start(folder, 0, Optional.empty(), ENVIRONMENT);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private record Answer(int status, JsonNode body) {}

    private Answer ask(String method, String path, String... headers) throws IOException {
        HttpURLConnection connection =
                (HttpURLConnection) URI.create(server.origin() + path).toURL().openConnection();
        connection.setRequestMethod(method);
        for (int i = 0; i < headers.length; i += 2) {
            connection.setRequestProperty(headers[i], headers[i + 1]);
        }
        int status = connection.getResponseCode();
        try (var body = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
            return new Answer(status, JSON.readTree(body));
        }
    }

    private JsonNode get(String path) throws IOException {
        Answer answer = ask("GET", path);
        assertThat(answer.status()).as(path).isEqualTo(200);
        return answer.body();
    }

    /** Looks again until it is so: the server looks twice a second. */
    private JsonNode until(String path, Predicate<JsonNode> so) throws IOException, InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        JsonNode seen = get(path);
        while (!so.test(seen)) {
            assertThat(System.nanoTime()).as(seen.toString()).isLessThan(end);
            Thread.sleep(50);
            seen = get(path);
        }
        return seen;
    }

    private JsonNode run(String id, Predicate<JsonNode> so) throws IOException, InterruptedException {
        return find(until("/api/runs", all -> so.test(find(all, id))), id);
    }

    private static JsonNode find(JsonNode all, String id) {
        for (JsonNode run : all.path("runs")) {
            if (run.path("id").asText().equals(id)) {
                return run;
            }
        }
        return JSON.missingNode();
    }

    private static Predicate<JsonNode> at(int step) {
        return run -> run.path("status").path("step").asInt(-1) == step;
    }

    @Test
    void aRunUnderWayIsFollowed() throws IOException, InterruptedException {
        Path run = RunFiles.begin(folder.resolve("going"), 40, 1e-6);
        RunFiles.ownedBy(run, ProcessHandle.current());
        RunFiles.steps(run, 0, 10);
        JsonNode status = run("going", at(10)).path("status");
        assertThat(status.path("state").asText()).isEqualTo("running");
        assertThat(status.path("total").asInt()).isEqualTo(40);
        assertThat(status.path("seconds_left").asDouble()).isEqualTo(60);
        RunFiles.append(run, RunFiles.line(11, 0.5) + "{\"step\": 12, \"rewa");
        assertThat(run("going", at(11)).path("status").path("damaged").asInt()).isZero();
        JsonNode points =
                get("/api/series?run=going&metric=reward&metric=nothing").path("going");
        assertThat(points.path("reward").path("x")).hasSize(12);
        assertThat(points.path("reward").path("y").get(11).asDouble()).isEqualTo(0.5);
        assertThat(points.has("nothing")).isFalse();
    }

    @Test
    void aResumedRunForgetsWhatWasCutOff() throws IOException, InterruptedException {
        Path run = RunFiles.begin(folder.resolve("resumed"), 40, 1e-6);
        RunFiles.steps(run, 0, 30);
        run("resumed", at(30));
        Files.writeString(run.resolve("metrics.jsonl"), "");
        RunFiles.steps(run, 0, 20);
        run("resumed", at(20));
        assertThat(get("/api/series?run=resumed&metric=reward")
                        .path("resumed")
                        .path("reward")
                        .path("x"))
                .hasSize(21);
    }

    @Test
    void finishedStoppedAndDeadRunsAreToldApart() throws IOException, InterruptedException {
        RunFiles.finish(RunFiles.begin(folder.resolve("finished"), 3, 1e-6));
        RunFiles.begin(folder.resolve("stopped"), 3, 1e-6);
        // A number that another process has got since: this one has it, but was not started then.
        RunFiles.owned(
                RunFiles.begin(folder.resolve("dead"), 3, 1e-6),
                ProcessHandle.current().pid(),
                "2001-01-01T00:00:00Z");
        JsonNode all = until("/api/runs", runs -> runs.path("runs").size() == 3);
        assertThat(find(all, "finished").path("status").path("state").asText()).isEqualTo("finished");
        assertThat(find(all, "stopped").path("status").path("state").asText()).isEqualTo("stopped");
        assertThat(find(all, "dead").path("status").path("state").asText()).isEqualTo("dead");
    }

    @Test
    void alarmsAreThoseOfTheLines() throws IOException, InterruptedException {
        Path run = RunFiles.begin(folder.resolve("odd"), 3, 1e-6);
        RunFiles.append(run, "{\"step\": 0, \"eval_rm/accuracy\": 0.51}\nnot a line\n");
        JsonNode odd = run("odd", r -> r.path("alarms").size() == 1);
        assertThat(odd.path("alarms").get(0).path("name").asText()).isEqualTo("initial accuracy low");
        assertThat(odd.path("status").path("damaged").asInt()).isEqualTo(1);
    }

    @Test
    void eventsTellNewLines() throws IOException, InterruptedException {
        Path run = RunFiles.begin(folder.resolve("going"), 40, 1e-6);
        RunFiles.steps(run, 0, 5);
        run("going", at(5));
        URI address = URI.create(server.origin() + "/api/events?run=going&metric=reward");
        try (BufferedReader events = new BufferedReader(
                new InputStreamReader(address.toURL().openConnection().getInputStream(), StandardCharsets.UTF_8))) {
            assertThat(events.readLine()).isEqualTo("event: runs");
            RunFiles.append(run, RunFiles.line(6, 0.75));
            String line = events.readLine();
            while (!line.equals("event: lines")) {
                line = events.readLine();
            }
            assertThat(events.readLine())
                    .contains("\"run\":\"going\"")
                    .contains("\"step\":6")
                    .contains("\"values\":{\"reward\":0.75}");
        }
    }

    @Test
    void configurationsAreComparedKeyByKey() throws IOException, InterruptedException {
        RunFiles.begin(folder.resolve("a"), 10, 1e-6);
        RunFiles.begin(folder.resolve("b"), 10, 2e-6);
        until("/api/runs", runs -> runs.path("runs").size() == 2);
        for (JsonNode row : get("/api/config?run=a&run=b").path("rows")) {
            assertThat(row.path("values")).hasSize(2);
            assertThat(row.path("differs").asBoolean())
                    .as(row.toString())
                    .isEqualTo(row.path("key").asText().equals("policy.learning_rate"));
        }
    }

    /** Two seeds of three have both arms: means and differences are of these; no test is shown on the way. */
    @Test
    void armsOfAComparisonComeInAndTheVerdictComesLast() throws IOException, InterruptedException {
        Path comparison = RunFiles.comparison(folder.resolve("question"));
        for (long seed = 1; seed <= 2; seed++) {
            for (String arm : new String[] {"frozen", "save"}) {
                Path run = RunFiles.begin(ComparisonDirectory.run(comparison, seed, arm), 4, 1e-6);
                RunFiles.append(run, RunFiles.line(4, arm.equals("save") ? 0.75 : 0.5));
                RunFiles.finish(run);
            }
        }
        RunFiles.append(RunFiles.begin(ComparisonDirectory.run(comparison, 3, "save"), 4, 1e-6), "{\"torn");
        JsonNode all = until("/api/runs", runs -> runs.path("runs").size() == 6);
        assertThat(find(all, "question/seed-3/frozen")
                        .path("status")
                        .path("state")
                        .asText())
                .isEqualTo("waiting");
        JsonNode view = get("/api/comparison?id=question");
        assertThat(view.path("finished").asInt()).isEqualTo(4);
        assertThat(view.path("verdict").asText()).isEmpty();
        JsonNode arms = view.path("outcomes").get(0).path("arms");
        assertThat(arms.get(0).path("name").asText()).isEqualTo("frozen");
        assertThat(arms.get(1).path("seeds").asInt()).isEqualTo(2);
        assertThat(arms.get(1).path("difference").asDouble()).isEqualTo(0.25);
        assertThat(arms.get(1).path("low").isNull())
                .as("two seeds have no interval")
                .isTrue();
        assertThat(arms.get(1).path("verdict").asText()).isEmpty();
    }

    @Test
    void stoppingNeedsTheTokenAndAsksTheRunsOwnProcessOnce() throws IOException, InterruptedException {
        Path run = RunFiles.begin(folder.resolve("going"), 40, 1e-6);
        // It hears SIGTERM, takes its time, and would not survive a second one.
        Process process = new ProcessBuilder(
                        "sh", "-c", "trap 'trap - TERM; sleep 30' TERM; while :; do sleep 0.05; done")
                .start();
        try {
            RunFiles.ownedBy(run, process.toHandle());
            run("going", r -> r.path("status").path("state").asText().equals("running"));
            assertThat(ask("POST", "/api/stop?id=going").status()).isEqualTo(401);
            assertThat(ask("POST", "/api/stop?id=going", "Authorization", "Bearer wrong")
                            .status())
                    .isEqualTo(401);
            assertThat(ask("POST", "/api/stop?id=elsewhere", "Authorization", "Bearer " + TOKEN)
                            .status())
                    .isEqualTo(404);
            assertThat(process.isAlive()).isTrue();
            Thread.sleep(200); // The shell has set its trap.
            assertThat(ask("POST", "/api/stop?id=going", "Authorization", "Bearer " + TOKEN)
                            .status())
                    .isEqualTo(200);
            Answer again = ask("POST", "/api/stop?id=going", "Authorization", "Bearer " + TOKEN);
            assertThat(again.status()).isEqualTo(409);
            assertThat(again.body().path("error").asText()).contains("already");
            assertThat(process.isAlive()).isTrue();
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    @Test
    void aProcessThatOnlyHasTheNumberIsNotStopped() throws IOException, InterruptedException {
        Path run = RunFiles.begin(folder.resolve("dead"), 40, 1e-6);
        Process stranger = new ProcessBuilder("sleep", "30").start();
        try {
            RunFiles.owned(run, stranger.pid(), "2001-01-01T00:00:00Z");
            run("dead", r -> r.path("status").path("state").asText().equals("dead"));
            assertThat(ask("POST", "/api/stop?id=dead", "Authorization", "Bearer " + TOKEN)
                            .status())
                    .isEqualTo(409);
            assertThat(stranger.waitFor(300, TimeUnit.MILLISECONDS)).isFalse();
        } finally {
            stranger.destroyForcibly();
        }
    }

    /** A page elsewhere whose name was made to lead here sends that name. */
    @Test
    void anotherNameIsRefused() throws IOException {
        assertThat(raw("Host: evil.example\r\n")).startsWith("HTTP/1.1 403");
        assertThat(raw("Host: localhost:9000\r\n")).startsWith("HTTP/1.1 200");
        assertThat(raw("")).startsWith("HTTP/1.1 4");
    }

    private String raw(String header) throws IOException {
        URI address = URI.create(server.origin());
        try (Socket socket = new Socket(address.getHost(), address.getPort())) {
            socket.getOutputStream()
                    .write(("GET / HTTP/1.1\r\n" + header + "Connection: close\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void nothingOutsideTheRunsIsRead() throws IOException {
        Files.writeString(folder.resolve("secret"), "secret");
        for (String path : new String[] {
            "/secret", "/../secret", "/api/samples?run=..", "/api/samples?run=%2e%2e%2fx", "/api/comparison?id=/etc"
        }) {
            assertThat(ask("GET", path).status()).as(path).isEqualTo(404);
        }
        assertThat(get("/api/config?run=../../etc").path("rows")).isEmpty();
        assertThat(ask("DELETE", "/api/runs").status()).isEqualTo(405);
    }

    @Test
    void thePageMayLoadNothingFromElsewhere() throws IOException {
        String page = raw("Host: 127.0.0.1\r\n");
        assertThat(page)
                .contains("Content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'")
                .doesNotContain("http://", "https://", "unsafe-inline", TOKEN);
    }

    @Test
    void beyondThisMachineEverythingButThePageNeedsTheToken() throws IOException {
        assertThatThrownBy(() -> DashboardServer.start(folder, 0, Optional.of("127.0.0.1"), Map.of()))
                .isInstanceOf(UserError.class)
                .hasMessageContaining(Access.VARIABLE);
        assertThatThrownBy(() ->
                        DashboardServer.start(folder, 0, Optional.of("127.0.0.1"), Map.of(Access.VARIABLE, "short")))
                .hasMessageContaining("at least 16")
                .hasMessageNotContaining("short");
        server.close();
        server = DashboardServer.start(folder, 0, Optional.of("127.0.0.1"), ENVIRONMENT);
        assertThat(raw("Host: 127.0.0.1\r\n")).startsWith("HTTP/1.1 200");
        assertThat(ask("GET", "/api/runs").status()).isEqualTo(401);
        assertThat(ask("GET", "/api/events").status()).isEqualTo(401);
        assertThat(ask("GET", "/api/runs", "Authorization", "Bearer " + TOKEN).status())
                .isEqualTo(200);
    }

    @Test
    void aPortThatIsTakenIsToldInASentence() {
        int port = URI.create(server.origin()).getPort();
        assertThatThrownBy(() -> DashboardServer.start(folder, port, Optional.empty(), ENVIRONMENT))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("port " + port)
                .hasMessageContaining("choose another port");
    }

    /** Twenty thousand steps come as a thousand stretches, and at once. */
    @Test
    void aLongRunIsThinned() throws IOException, InterruptedException {
        Path run = RunFiles.begin(folder.resolve("long"), 30_000, 1e-6);
        RunFiles.steps(run, 0, 20_000);
        run("long", at(20_000));
        JsonNode x = get("/api/series?run=long&metric=reward")
                .path("long")
                .path("reward")
                .path("x");
        assertThat(x.size()).isBetween(500, 2_001);
        assertThat(x.get(0).asInt()).isZero();
        assertThat(x.get(x.size() - 1).asInt()).isEqualTo(20_000);
    }
}
