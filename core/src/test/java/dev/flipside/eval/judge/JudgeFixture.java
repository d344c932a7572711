package dev.flipside.eval.judge;

import dev.flipside.eval.judge.JudgeServer.Reply;
import dev.flipside.net.ApiKey;
import dev.flipside.net.Backoff;
import dev.flipside.text.Message;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A judge behind a {@link JudgeServer}, with little patience and its answers in a folder, and the question that it is
 * asked.
 */
final class JudgeFixture {
    private JudgeFixture() {}

    /** Says what it is asked. */
    static JudgeServer echo() throws IOException {
        return new JudgeServer(
                JudgeServer.KEY,
                request -> Reply.of("echo " + request.at("/messages/0/content").asText()));
    }

    static Judge judge(JudgeServer server, Path folder) {
        return judge(server, folder, JudgeServer.KEY, 4, Duration.ofSeconds(10));
    }

    static Judge judge(JudgeServer server, Path folder, String key, int attempts, Duration timeout) {
        JudgeEndpoint endpoint = new JudgeEndpoint(
                URI.create(server.url() + "/chat/completions"),
                "judge-1",
                ApiKey.of("JUDGE_KEY", Optional.of(key)),
                new Backoff(attempts, Duration.ofMillis(20)),
                timeout);
        return new Judge(endpoint, folder, 4);
    }

    static ChatRequest question(String text) {
        return new ChatRequest("judge-1", List.of(Message.user(text)), 0, 16, 0);
    }

    static String ask(Judge judge, String text) throws Exception {
        return judge.ask(List.of(question(text)), ChatReply::text, answer -> true, done -> {})
                .get(0);
    }
}
