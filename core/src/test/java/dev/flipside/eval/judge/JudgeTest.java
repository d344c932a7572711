package dev.flipside.eval.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.config.UserError;
import dev.flipside.eval.judge.JudgeServer.Fault;
import dev.flipside.eval.judge.JudgeServer.Reply;
import dev.flipside.net.ApiKey;
import dev.flipside.net.Backoff;
import dev.flipside.text.Message;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JudgeTest {
    @TempDir
    Path folder;

    private JudgeServer server;

    @BeforeEach
    void start() throws IOException {
        server = new JudgeServer(
                JudgeServer.KEY,
                request -> Reply.of("echo " + request.at("/messages/0/content").asText()));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Judge judge(String key, int attempts, Duration timeout) {
        ApiKey apiKey = ApiKey.of("JUDGE_KEY", Optional.of(key));
        return new Judge(
                new JudgeEndpoint(
                        URI.create(server.url() + "/chat/completions"),
                        "judge-1",
                        apiKey,
                        new Backoff(attempts, Duration.ofMillis(20)),
                        timeout),
                folder,
                4);
    }

    private Judge judge() {
        return judge(JudgeServer.KEY, 4, Duration.ofSeconds(10));
    }

    private static ChatRequest question(String text) {
        return new ChatRequest("judge-1", List.of(Message.user(text)), 0, 16, 0);
    }

    private static String ask(Judge judge, String text) throws Exception {
        return judge.ask(List.of(question(text)), ChatReply::text, answer -> true, done -> {})
                .get(0);
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
        JudgeUsage.Prices prices = new JudgeUsage.Prices(OptionalDouble.of(2), OptionalDouble.of(8));
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
        server.delay(30);
        judge().ask(
                        IntStream.range(0, 16).mapToObj(i -> question("q" + i)).toList(),
                        ChatReply::text,
                        text -> true,
                        done -> {});
        assertThat(server.mostUnderWay()).isBetween(2, 4);
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
        assertThat(ask(judge(JudgeServer.KEY, 2, Duration.ofMillis(300)), "q")).isEqualTo("echo q");
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
        assertThatThrownBy(() -> ask(judge(wrong, 4, Duration.ofSeconds(5)), "q"))
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

    @ParameterizedTest
    @ValueSource(
            strings = {
                "<html>Welcome</html>",
                "",
                "{\"choices\": [",
                "{\"choices\": []}",
                "[1]",
                "{} {}",
                "{\"error\": 1}"
            })
    void aBodyThatIsNoCompletionIsToldAndNotKept(String body) throws Exception {
        server.meet(Fault.status(200, body));
        assertThatThrownBy(() -> ask(judge(), "q"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining(server.url())
                .hasMessageContaining("answered with");
        assertThat(ask(judge(), "q")).isEqualTo("echo q");
    }

    @Test
    void anAnswerThatCannotBeUsedIsNotKeptAndEndsTheRun() {
        server.delay(20);
        List<ChatRequest> requests =
                IntStream.range(0, 200).mapToObj(i -> question("q" + i)).toList();
        assertThatThrownBy(() -> judge().ask(
                                requests,
                                reply -> {
                                    throw new UserError("no logprobs");
                                },
                                result -> true,
                                done -> {}))
                .isInstanceOf(UserError.class)
                .hasMessage("no logprobs");
        assertThat(server.requests()).hasSizeLessThan(50);
        try (Stream<Path> files = Files.walk(folder)) {
            assertThat(files.filter(Files::isRegularFile)).isEmpty();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** What servers send where the judge says nothing that could be a verdict. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'finish_reason': 'stop', 'message': {'role': 'assistant', 'content': null}}",
                "{'finish_reason': 'stop', 'message': {'role': 'assistant'}}",
                "{'finish_reason': 'stop', 'message': {'role': 'assistant', 'content': ''}}",
                "{'finish_reason': 'stop', 'message': {'role': 'assistant', 'content': null, 'refusal': 'I cannot.'}}",
                "{'finish_reason': 'stop', 'message': {'role': 'assistant', 'content': 'I cannot say.'}}",
                "{'finish_reason': 'length', 'message': {'role': 'assistant', 'content': 'First of all, [[A'}}",
                "{'finish_reason': 'length', 'message': {'content': null, 'reasoning_content': 'So [[A]]'}}",
                "{'finish_reason': 'stop', 'message': {'content': {'text': '[[A]]'}}}",
                "{'finish_reason': 'content_filter', 'message': {'content': 'As [[A]] or'}}",
                "{'finish_reason': 'error', 'error': {'code': 502}, 'message': {'content': 'As [[A]] or'}}"
            })
    void anAnswerWithoutAVerdictIsAskedForAgainNextTime(String choice) throws Exception {
        String body = ("{'choices': [" + choice + "]}").replace('\'', '"');
        server.close();
        server = new JudgeServer(JudgeServer.KEY, request -> Reply.of("So [[B]]"));
        server.meet(Fault.status(200, body));
        assertThat(verdict()).isEmpty();
        assertThat(verdict()).hasValue(Versus.Verdict.SECOND);
        assertThat(server.requests()).hasSize(2);
        assertThat(verdict()).hasValue(Versus.Verdict.SECOND);
        assertThat(server.requests()).hasSize(2);

        // An old cache that holds such an answer.
        try (Stream<Path> files = Files.walk(folder)) {
            Path entry = files.filter(Files::isRegularFile).findFirst().orElseThrow();
            Files.writeString(entry, "{\"url\": \"u\", \"request\": {}, \"response\": " + body + "}\n");
        }
        assertThat(verdict()).hasValue(Versus.Verdict.SECOND);
        assertThat(server.requests()).hasSize(3);
        assertThat(verdict()).hasValue(Versus.Verdict.SECOND);
        assertThat(server.requests()).hasSize(3);
    }

    private Optional<Versus.Verdict> verdict() throws Exception {
        return judge().ask(
                        List.of(question("q")), reply -> Versus.verdict(reply.text()), Optional::isPresent, done -> {})
                .get(0);
    }

    /** AlpacaEval's judge says one token, so that its answer is always cut off; one that says nothing has no log-probabilities either. */
    @Test
    void alpacaEvalsAnswersAreKeptOnlyWithAPreference() throws Exception {
        server.close();
        server = new JudgeServer(JudgeServer.KEY, request -> Reply.preferring(0.75));
        server.meet(
                Fault.status(200, "{\"choices\": [{\"finish_reason\": \"length\", \"message\": {\"content\": null}}]}"),
                Fault.status(
                        200,
                        "{\"choices\": [{\"finish_reason\": \"length\", \"message\": {\"content\": \"I\"}, \"logprobs\": {\"content\": [{\"token\": \"I\", \"top_logprobs\": [{\"token\": \"I\", \"logprob\": -0.1}]}]}}]}"));
        assertThat(preferred()).isNaN();
        assertThat(preferred()).isNaN();
        assertThat(preferred()).isCloseTo(0.75, within(1e-9));
        assertThat(preferred()).isCloseTo(0.75, within(1e-9));
        assertThat(server.requests()).hasSize(3);
    }

    private double preferred() throws Exception {
        return judge().ask(
                        List.of(question("q")),
                        AlpacaEval::firstPreferred,
                        preferred -> !Double.isNaN(preferred),
                        done -> {})
                .get(0);
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

    @Test
    void aDamagedEntryIsAskedForAgain() throws Exception {
        ask(judge(), "q");
        try (Stream<Path> files = Files.walk(folder)) {
            Path entry = files.filter(Files::isRegularFile).findFirst().orElseThrow();
            byte[] whole = Files.readAllBytes(entry);
            Files.write(entry, Arrays.copyOf(whole, whole.length / 2));
        }
        assertThat(ask(judge(), "q")).isEqualTo("echo q");
        assertThat(server.requests()).hasSize(2);
        ask(judge(), "q");
        assertThat(server.requests()).hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"api.openai.com/v1", "ftp://host/v1", "http://", "no url", "https://me:secret@host/v1"})
    void aWrongAddressIsTold(String url) {
        assertThatThrownBy(() -> JudgeEndpoint.of(url, "m", ApiKey.of("K", Optional.empty()), Duration.ofSeconds(1)))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("The judge's URL")
                .hasMessageNotContaining("secret");
    }

    @Test
    void theAddressMayEndInAnyUsualWay() {
        for (String url : List.of("http://h/v1", "http://h/v1/", "http://h/v1/chat/completions")) {
            JudgeEndpoint endpoint =
                    JudgeEndpoint.of(url, "m", ApiKey.of("K", Optional.empty()), Duration.ofSeconds(1));
            assertThat(endpoint.chatCompletions()).isEqualTo(URI.create("http://h/v1/chat/completions"));
        }
    }

    @Test
    void templatesOfTheUsersAreFilledOnce() throws IOException {
        Path file = folder.resolve("template.txt");
        Files.writeString(
                file,
                "<|im_start|>system\nJudge.\n<|im_end|>\n<|im_start|>user\n{\n  \"a\": \"{one}\", \"b\": \"{two}\" {other}\n}\n<|im_end|>",
                StandardCharsets.UTF_8);
        JudgeTemplate template = JudgeTemplate.read(file, List.of("one", "two"));
        assertThat(template.fill(Map.of("one", "{two} $1 \\", "two", "2")))
                .containsExactly(
                        new Message("system", "Judge."),
                        new Message("user", "{\n  \"a\": \"{two} $1 \\\", \"b\": \"2\" {other}\n}"));
        assertThatThrownBy(() -> JudgeTemplate.read(file, List.of("one", "three")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("has no {three}");
        Files.writeString(file, "Just {one}.\n");
        assertThat(JudgeTemplate.read(file, List.of("one")).fill(Map.of("one", "x")))
                .containsExactly(Message.user("Just x."));
    }
}
