package dev.flipside.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.UserError;
import dev.flipside.eval.judge.JudgeServer.Fault;
import dev.flipside.net.ApiKey;
import dev.flipside.net.Backoff;
import dev.flipside.reward.RewardFunction.Sample;
import dev.flipside.text.Conversation;
import dev.flipside.text.Message;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HttpRewardTest {
    private static final String TOKEN = "token-of-the-tests-0123456789";

    private static Sample sample(String completion, Map<String, Object> columns) {
        return new Sample(Conversation.ofPrompt("Où?"), completion, new int[] {7, 2}, false, columns);
    }

    private static Sample sample(String completion) {
        return sample(completion, Map.of());
    }

    /** With waits of a millisecond. */
    private static HttpReward impatient(String url, int attempts, Duration timeout) {
        return new HttpReward(
                new RewardServer(
                        URI.create(url),
                        Optional.of(ApiKey.of("REWARD_TOKEN", Optional.of(TOKEN))),
                        new Backoff(attempts, Duration.ofMillis(1)),
                        timeout),
                new RewardBatches(64, false),
                4,
                variable -> Optional.empty());
    }

    private static HttpReward impatient(RewardHost host) {
        return impatient(host.url(), 3, Duration.ofSeconds(20));
    }

    @Test
    void whatIsSentIsWhatARewardFunctionOfTrlGets() throws IOException {
        Map<String, Object> first = new HashMap<>();
        first.put("answer", 3);
        first.put("score", Double.NaN);
        try (RewardHost host = new RewardHost(request -> "{\"rewards\": [0.5, null]}");
                RewardFunction http = RewardFunctions.find("http", Map.of("url", host.url()))) {
            double[] rewards = http.score(List.of(sample("là", first), sample("", Map.of("tags", List.of("a")))));

            assertThat(rewards).containsExactly(0.5, Double.NaN);
            assertThat(host.requests())
                    .singleElement()
                    .hasToString(
                            "{\"prompts\":[\"Où?\",\"Où?\"],\"completions\":[\"là\",\"\"],\"completion_ids\":[[7,2],[7,2]],"
                                    + "\"finished\":[false,false],\"answer\":[3,null],\"score\":[null,null],\"tags\":[null,[\"a\"]]}");
            assertThat(host.authorizations()).containsExactly("");
        }
    }

    @Test
    void conversationsAreSentAsMessagesWhereThatIsAskedFor() throws IOException {
        Conversation prompt = Conversation.ofPrompt("Hi").withSystem("Be brief.");
        try (RewardHost host = new RewardHost(request -> "[1]");
                RewardFunction texts = RewardFunctions.find("http", Map.of("url", host.url()));
                RewardFunction messages = RewardFunctions.find("http", Map.of("url", host.url(), "messages", true))) {
            assertThat(messages.judges(prompt, Map.of())).isTrue();
            messages.score(List.of(new Sample(prompt, "Yo", new int[] {1}, true, Map.of())));

            JsonNode request = host.requests().get(0);
            assertThat(request.get("prompts"))
                    .hasToString(
                            "[[{\"role\":\"system\",\"content\":\"Be brief.\"},{\"role\":\"user\",\"content\":\"Hi\"}]]");
            assertThat(request.get("completions")).hasToString("[[{\"role\":\"assistant\",\"content\":\"Yo\"}]]");
            assertThat(texts.judges(Conversation.ofPrompt("Hi"), Map.of("answer", 1)))
                    .isTrue();
            assertThatThrownBy(() -> texts.judges(prompt, Map.of()))
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining("has 2 messages; give the function the option messages: true");
            assertThatThrownBy(() -> messages.judges(prompt, Map.of("finished", 1)))
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining("'finished', so that a column of this name cannot be sent");
            assertThat(prompt.messages().get(0).role()).isEqualTo(Message.SYSTEM);
        }
    }

    @Test
    void batchesKeepTheirOrderAndAreBounded() throws IOException {
        List<Sample> samples =
                IntStream.range(0, 50).mapToObj(i -> sample("x".repeat(i))).toList();
        try (RewardHost host = RewardHost.ofLengths();
                RewardFunction http =
                        RewardFunctions.find("http", Map.of("url", host.url(), "batch_size", 3, "concurrency", 2))) {
            assertThat(http.score(samples))
                    .containsExactly(IntStream.range(0, 50).asDoubleStream().toArray());
            assertThat(host.requests())
                    .hasSize(17)
                    .allMatch(request -> request.get("prompts").size() <= 3);
            assertThat(host.mostUnderWay()).isBetween(1, 2);
            assertThat(http.score(List.of())).isEmpty();
        }
    }

    @Test
    void whatMayPassIsTriedAgain() throws IOException {
        try (RewardHost host = RewardHost.ofLengths();
                HttpReward http = impatient(host)) {
            host.meet(Fault.status(503, "busy"), Fault.dropped());
            assertThat(http.score(List.of(sample("abc")))).containsExactly(3);
            host.meet(Fault.status(429, "slow down", "Retry-After", "0"), Fault.status(500, "oops"));
            assertThat(http.score(List.of(sample("ab")))).containsExactly(2);
            assertThat(host.requests()).hasSize(6);
            assertThat(host.authorizations()).containsOnly("Bearer " + TOKEN);
        }
    }

    @Test
    void aLateAnswerIsAskedForAgain() throws IOException {
        try (RewardHost host = RewardHost.ofLengths();
                HttpReward http = impatient(host.url(), 2, Duration.ofMillis(400))) {
            host.meet(Fault.slow(5_000));
            assertThat(http.score(List.of(sample("abc")))).containsExactly(3);
            host.meet(Fault.slow(5_000), Fault.slow(5_000));
            assertThatThrownBy(() -> http.score(List.of(sample("abc"))))
                    .isInstanceOf(RewardUnavailableException.class)
                    .hasMessageContaining(host.url() + " gave no answer in 2 attempts")
                    .hasMessageContaining("no answer within 0.4 s; start the server, or raise the option timeout");
        }
    }

    @Test
    void aServerThatIsNotThereIsNamed() throws IOException {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        try (HttpReward http = impatient("http://127.0.0.1:" + port + "/", 2, Duration.ofSeconds(5))) {
            assertThatThrownBy(() -> http.score(List.of(sample("abc"))))
                    .isInstanceOf(RewardUnavailableException.class)
                    .hasMessage(
                            "Reward function 'http': http://127.0.0.1:" + port
                                    + "/ gave no answer in 2 attempts, the last time: no connection; start the server, or raise the option timeout or attempts.");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "200 | [1]              | answered HTTP 200 with 1 rewards for 2 completions: '[1]'; answer one for each",
                "200 | [1, NaN]         | answered HTTP 200 with NaN as the reward of completion 2 of 2, which is no finite number",
                "200 | [-Infinity, 1]   | answered HTTP 200 with -Infinity as the reward of completion 1",
                "200 | [1, 1e999]       | as the reward of completion 2 of 2, which is no finite number",
                "200 | [1, \"2\"]       | answered HTTP 200 with \"2\" as the reward of completion 2",
                "200 | [true, 2]        | answered HTTP 200 with true as the reward",
                "200 | {\"reward\": 1}  | '{\"reward\": 1}', which is neither a JSON list of numbers nor {\"rewards\": [...]}",
                "200 | [1, 2] [3]       | '[1, 2] [3]', which is neither a JSON list",
                "200 | Traceback        | 'Traceback', which is neither a JSON list",
                "200 | ``               | with nothing, which is neither a JSON list",
                "400 | bad batch        | refused with HTTP 400 and 'bad batch'; check the url",
                "302 | gone             | refused with HTTP 302 and 'gone'",
                "401 | ``               | refused with HTTP 401 and nothing; put a token that it accepts into the environment variable REWARD_TOKEN"
            })
    void wrongAnswersAreShown(int status, String body, String expected) throws IOException {
        try (RewardHost host = RewardHost.ofLengths();
                HttpReward http = impatient(host)) {
            host.meet(Fault.status(status, body));
            assertThatThrownBy(() -> http.score(List.of(sample("a"), sample("b"))))
                    .isInstanceOf(UserError.class)
                    .hasMessageStartingWith("Reward function 'http': " + host.url() + " ")
                    .hasMessageContaining(expected)
                    .hasMessageEndingWith(".");
            assertThat(host.requests()).hasSize(1);
        }
    }

    @Test
    void theTokenIsSentAndNotShown() throws IOException {
        try (RewardHost host = RewardHost.ofLengths()) {
            for (Fault fault : List.of(
                    Fault.status(401, "wrong token " + TOKEN),
                    Fault.status(200, "\"" + TOKEN + "\""),
                    Fault.status(503, "x".repeat(280) + TOKEN))) {
                host.meet(fault);
                try (HttpReward http = impatient(host.url(), 1, Duration.ofSeconds(20))) {
                    assertThatThrownBy(() -> http.score(List.of(sample("a"))))
                            .message()
                            .contains("***")
                            .doesNotContain(TOKEN.substring(0, 10));
                }
            }
            RewardFunction known = new HttpReward(variable -> Optional.of(TOKEN).filter(t -> variable.equals("MINE")))
                    .configure(Map.of("url", host.url(), "token_variable", "MINE"));
            known.score(List.of(sample("a")));
            assertThat(host.authorizations()).hasSize(4).containsOnly("Bearer " + TOKEN);
        }
    }
}
