package dev.flipside.eval.judge;

import static dev.flipside.eval.judge.JudgeFixture.ask;
import static dev.flipside.eval.judge.JudgeFixture.question;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.config.UserError;
import dev.flipside.eval.judge.JudgeServer.Fault;
import dev.flipside.net.ApiKey;
import dev.flipside.net.Backoff;
import dev.flipside.text.Message;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * How a judge is asked: in order, once, so many at a time, again where that may help; and what becomes of keys and
 * refusals.
 */
class JudgeTest {
    @TempDir
    Path folder;

    private JudgeServer server;

    @BeforeEach
    void start() throws IOException {
        server = JudgeFixture.echo();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Judge judge() {
        return JudgeFixture.judge(server, folder);
    }

    @Test
    void answersComeInOrderAndAreAskedOnce() throws Exception {
        List<ChatRequest> requests =
                IntStream.range(0, 20).mapToObj(i -> question("q" + i)).toList();
        List<String> expected =
                IntStream.range(0, 20).mapToObj(i -> "echo q" + i).toList();
        Judge first = judge();
        assertThat(first.ask(requests, ChatReply::text, text -> true, done -> {}))
                .isEqualTo(expected);
        assertThat(server.requests()).hasSize(20);
        assertThat(first.usage()).isEqualTo(new JudgeUsage(20, 0, 2000, 200, 0, 0));

        Judge second = judge();
        assertThat(second.ask(requests, ChatReply::text, text -> true, done -> {}))
                .isEqualTo(expected);
        assertThat(server.requests()).hasSize(20);
        assertThat(second.usage()).isEqualTo(new JudgeUsage(0, 20, 0, 0, 2000, 200));
        TokenPrices prices = new TokenPrices(OptionalDouble.of(2), OptionalDouble.of(8));
        assertThat(second.usage().cost(prices)).hasValue(0);
        assertThat(second.usage().costInAll(prices).orElseThrow()).isCloseTo((2000 * 2 + 200 * 8) / 1e6, within(1e-12));
    }

    @Test
    void anotherRequestIsAnotherQuestion() throws Exception {
        ask(judge(), "q");
        judge().ask(
                        List.of(new ChatRequest("judge-1", List.of(Message.user("q")), 1, 16, 0)),
                        ChatReply::text,
                        text -> true,
                        done -> {});
        assertThat(server.requests()).hasSize(2);
    }

    @Test
    void noMoreThanTheLimitAreUnderWay() throws Exception {
        server.holdUntilUnderWay(4);
        judge().ask(
                        IntStream.range(0, 16).mapToObj(i -> question("q" + i)).toList(),
                        ChatReply::text,
                        text -> true,
                        done -> {});
        assertThat(server.mostUnderWay()).isEqualTo(4);
    }

    @Test
    void whatMayPassIsTriedAgain() throws Exception {
        server.meet(Fault.status(500, "oops"), Fault.dropped(), Fault.status(503, "busy"));
        assertThat(ask(judge(), "q")).isEqualTo("echo q");
        assertThat(server.requests()).hasSize(4);
    }

    @Test
    void aSlowAnswerIsGivenUpAndAskedForAgain() throws Exception {
        server.meet(Fault.slow(3000));
        assertThat(ask(JudgeFixture.judge(server, folder, JudgeServer.KEY, 2, Duration.ofMillis(300)), "q"))
                .isEqualTo("echo q");
        assertThat(server.requests()).hasSize(2);
    }

    @Test
    void retryAfterIsHonoured() throws Exception {
        String soon = ZonedDateTime.now(ZoneOffset.UTC).plusSeconds(2).format(DateTimeFormatter.RFC_1123_DATE_TIME);
        server.meet(
                Fault.status(429, "slow down", "Retry-After", "0.4"),
                Fault.status(429, "slow down", "Retry-After", "soon"),
                Fault.status(429, "slow down", "Retry-After", soon));
        assertThat(ask(judge(), "q")).isEqualTo("echo q");
        List<Long> times = server.times();
        assertThat(Duration.ofNanos(times.get(1) - times.get(0))).isGreaterThanOrEqualTo(Duration.ofMillis(400));
        assertThat(Duration.ofNanos(times.get(2) - times.get(1))).isLessThan(Duration.ofMillis(400));
        // The date has whole seconds.
        assertThat(Duration.ofNanos(times.get(3) - times.get(2))).isGreaterThan(Duration.ofMillis(500));
    }

    @Test
    void aServerThatStaysAwayEndsTheRunAndKeepsWhatCameBefore() throws Exception {
        ask(judge(), "before");
        server.meet(Fault.status(502, ""), Fault.status(502, ""), Fault.status(502, ""), Fault.status(502, ""));
        assertThatThrownBy(() -> ask(judge(), "q"))
                .isInstanceOf(JudgeUnavailableException.class)
                .hasMessageContaining("4 attempts")
                .hasMessageContaining("HTTP 502")
                .hasMessageContaining("run the same command again");
        assertThat(server.requests()).hasSize(5);
        assertThat(ask(judge(), "before")).isEqualTo("echo before");
        assertThat(server.requests()).hasSize(5);
    }

    @Test
    void nobodyThere() throws IOException {
        int free;
        try (ServerSocket socket = new ServerSocket(0)) {
            free = socket.getLocalPort();
        }
        JudgeEndpoint nowhere = new JudgeEndpoint(
                URI.create("http://127.0.0.1:" + free + "/v1/chat/completions"),
                "m",
                ApiKey.of("K", Optional.empty()),
                new Backoff(2, Duration.ofMillis(5)),
                Duration.ofSeconds(2));
        assertThatThrownBy(() -> ask(new Judge(nowhere, folder, 1), "q"))
                .isInstanceOf(JudgeUnavailableException.class)
                .hasMessageContaining("127.0.0.1:" + free);
    }

    @Test
    void aWrongKeyIsToldAndNeverShown() throws IOException {
        String wrong = "sk-very-secret-0000000000";
        assertThatThrownBy(() -> ask(JudgeFixture.judge(server, folder, wrong, 4, Duration.ofSeconds(5)), "q"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("HTTP 401")
                .hasMessageContaining("JUDGE_KEY")
                .hasMessageContaining("Incorrect API key provided: Bearer ***")
                .hasMessageNotContaining(wrong);
        assertThat(server.requests()).hasSize(1);
        assertThat(ApiKey.of("K", Optional.of(wrong))).asString().doesNotContain(wrong);
    }

    @Test
    void theKeyIsInNoFile() throws Exception {
        ask(judge(), "q");
        try (Stream<Path> files = Files.walk(folder)) {
            List<Path> kept = files.filter(Files::isRegularFile).toList();
            assertThat(kept).hasSize(1);
            assertThat(Files.readString(kept.get(0))).contains("echo q").doesNotContain(JudgeServer.KEY);
        }
    }

    @Test
    void refusalsAreTold() {
        server.meet(Fault.status(404, "{\"error\": {\"message\": \"The model `judge-1` does not exist\"}}"));
        assertThatThrownBy(() -> ask(judge(), "q"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("HTTP 404")
                .hasMessageContaining("model name 'judge-1'");
        server.meet(Fault.status(400, "{\"error\": {\"message\": \"logprobs is not supported\"}}"));
        assertThatThrownBy(() -> ask(judge(), "q"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("logprobs is not supported");
        server.meet(Fault.status(429, "{\"error\": {\"code\": \"insufficient_quota\"}}"));
        assertThatThrownBy(() -> ask(judge(), "q"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("no credit");
        assertThat(server.requests()).hasSize(3);
    }

    @Test
    void anErrorInsideAGoodAnswerIsTriedAgainWhereItMayPass() throws Exception {
        server.meet(
                Fault.status(200, "{\"error\": {\"message\": \"Rate limited\", \"code\": 429}}"),
                Fault.status(200, "{\"error\": {\"message\": \"Provider\", \"code\": \"502\"}}"));
        assertThat(ask(judge(), "q")).isEqualTo("echo q");
        assertThat(server.requests()).hasSize(3);
        server.meet(Fault.status(200, "{\"error\": {\"message\": \"No such model\", \"code\": 404}}"));
        assertThatThrownBy(() -> ask(judge(), "other"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("No such model");
    }
}
