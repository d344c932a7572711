package dev.flipside.eval.judge;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.flipside.config.UserError;
import dev.flipside.net.Backoff;
import dev.flipside.net.BoundedAnswer;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.OptionalInt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks any server that speaks OpenAI's chat completions.
 *
 * <p>What may pass is tried again as its endpoint's {@link Backoff} says. What will not pass is a {@link UserError}.
 */
final class ChatClient {
    private static final Logger LOG = LoggerFactory.getLogger(ChatClient.class);
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(20);
    private static final int SHOWN = 300;

    /** Bytes of an answer; a completion has some thousand. */
    private static final int MAX_ANSWER = 16 << 20;

    private static final ObjectReader ONE_VALUE = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build()
            .readerFor(JsonNode.class);

    private final JudgeEndpoint endpoint;
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(CONNECT_TIMEOUT).build();

    ChatClient(JudgeEndpoint endpoint) {
        this.endpoint = endpoint;
    }

    /** An attempt that may go better next time. */
    private record Setback(String what, Duration atLeast, Throwable cause) {}

    /**
     * The body of the server's answer, which is a chat completion.
     *
     * @throws UserError when the server refuses the key, the address, the model or the request, or answers something
     *     else
     * @throws JudgeUnavailableException when every attempt failed
     */
    JsonNode send(String body) throws JudgeUnavailableException, InterruptedException {
        for (int attempt = 1; ; attempt++) {
            Setback setback;
            try {
                HttpResponse<String> response = http.send(request(body), answer -> new BoundedAnswer(MAX_ANSWER));
                OptionalInt error = response.statusCode() == 200 ? errorInside(response.body()) : OptionalInt.empty();
                if (response.statusCode() == 200 && error.isEmpty()) {
                    return completion(response.body());
                }
                setback = error.isPresent()
                        ? new Setback(
                                "HTTP 200 with the error " + error.getAsInt(), Backoff.asked(response.headers()), null)
                        : passing(response);
            } catch (IOException e) {
                setback = new Setback(Backoff.describe(e), Duration.ZERO, e);
            }
            if (attempt == endpoint.backoff().attempts()) {
                throw new JudgeUnavailableException(
                        "The judge at " + endpoint.chatCompletions() + " gave no answer in " + attempt
                                + " attempts, the last time: " + setback.what()
                                + ". Its earlier answers are kept: run the same command again later.",
                        setback.cause());
            }
            Duration wait = endpoint.backoff().wait(attempt, setback.atLeast());
            LOG.info("judge: {}; attempt {} in {} ms", setback.what(), attempt + 1, wait.toMillis());
            Thread.sleep(wait.toMillis());
        }
    }

    private HttpRequest request(String body) {
        HttpRequest.Builder request = HttpRequest.newBuilder(endpoint.chatCompletions())
                .timeout(endpoint.timeout())
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body));
        endpoint.key().authorization().ifPresent(value -> request.header("Authorization", value));
        return request.build();
    }

    /** The code of an error that may pass, which gateways send as a good answer; empty for anything else. */
    private static OptionalInt errorInside(String body) {
        try {
            JsonNode json = ONE_VALUE.readValue(body);
            int code = json.path("error").path("code").asInt();
            return !ChatReply.isOne(json) && Backoff.mayPass(code) ? OptionalInt.of(code) : OptionalInt.empty();
        } catch (JsonProcessingException e) {
            return OptionalInt.empty(); // completion() tells what it is.
        }
    }

    private JsonNode completion(String body) {
        JsonNode json;
        try {
            json = ONE_VALUE.readValue(body);
        } catch (JsonProcessingException e) {
            // Its cause quotes the body as well, and with it perhaps the key.
            throw new UserError("The judge at " + endpoint.chatCompletions()
                    + " answered with something that is not JSON (" + shown(body)
                    + "); check that the URL is that of an OpenAI-compatible API.");
        }
        if (!ChatReply.isOne(json)) {
            throw new UserError("The judge at " + endpoint.chatCompletions()
                    + " answered with JSON that is no chat completion, for it has no choices with a message ("
                    + shown(body) + "); check the URL and the model's name.");
        }
        return json;
    }

    /** What to make of an answer that is not 200. */
    private Setback passing(HttpResponse<String> response) {
        int status = response.statusCode();
        String body = response.body();
        // OpenAI gives 429 for an empty account too, and no wait fills it.
        boolean outOfQuota = body.contains("insufficient_quota");
        if (Backoff.mayPass(status) && !outOfQuota) {
            return new Setback("HTTP " + status, Backoff.asked(response.headers()), null);
        }
        String said = "The judge at " + endpoint.chatCompletions() + " refused with HTTP " + status + " (" + shown(body)
                + ")";
        if (status == 401 || status == 403) {
            throw new UserError(said + "; put a key that it accepts into the environment variable "
                    + endpoint.key().variable()
                    + (endpoint.key().authorization().isPresent() ? "." : ", which is empty now."));
        }
        if (status == 404) {
            throw new UserError(said + "; check the URL and the judge's model name '" + endpoint.model() + "'.");
        }
        if (outOfQuota) {
            throw new UserError(said + "; the account has no credit left.");
        }
        throw new UserError(said + "; the server does not accept this request for model '" + endpoint.model() + "'.");
    }

    private String shown(String body) {
        // Hidden before it is cut: half a key is still a part of it.
        String line = endpoint.key().hideIn(body).strip().replaceAll("\\s+", " ");
        return line.length() <= SHOWN ? line : line.substring(0, SHOWN) + "...";
    }
}
