package dev.flipside.reward;

import dev.flipside.config.UserError;
import dev.flipside.net.ApiKey;
import dev.flipside.net.Backoff;
import dev.flipside.net.BoundedAnswer;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where function {@code http} sends batches, and how patient it is.
 *
 * @param key the bearer token, where one is sent
 * @param backoff how often a batch is sent, and the waits between
 * @param timeout the longest wait for a whole answer
 */
record RewardServer(URI url, Optional<ApiKey> key, Backoff backoff, Duration timeout) {
    private static final Logger LOG = LoggerFactory.getLogger("dev.flipside.reward.http");
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(20);

    /** Bytes of an answer; a reward has some twenty. */
    private static final int MAX_ANSWER = 16 << 20;

    private static final int OK = 200;

    /** Servers in Python warn of every request that offers them HTTP/2. */
    static HttpClient client() {
        return HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(CONNECT_TIMEOUT)
                .build();
    }

    /** An attempt that may go better next time. */
    private record Setback(String what, Duration atLeast, Optional<Throwable> cause) {}

    /**
     * The rewards of a batch.
     *
     * @throws UserError when the server refuses, or answers something else than rewards
     * @throws RewardUnavailableException when every attempt failed
     */
    double[] rewards(HttpClient client, RewardBatches.Batch batch) throws InterruptedException {
        for (int attempt = 1; ; attempt++) {
            Setback setback;
            try {
                HttpResponse<String> response = send(client, batch.json());
                if (response.statusCode() == OK) {
                    return RewardAnswer.read(
                            who() + " answered HTTP " + OK, response.body(), batch.samples(), shown(response.body()));
                }
                setback = passing(response);
            } catch (TimeoutException e) {
                setback = new Setback(
                        "no answer within " + timeout.toMillis() / 1000.0 + " s", Duration.ZERO, Optional.of(e));
            } catch (IOException e) {
                String what = e instanceof ConnectException ? "no connection" : Backoff.describe(e);
                setback = new Setback(what, Duration.ZERO, Optional.of(e));
            }
            if (attempt == backoff.attempts()) {
                throw new RewardUnavailableException(
                        who() + " gave no answer in " + attempt + (attempt == 1 ? " attempt" : " attempts")
                                + ", the last time: " + setback.what()
                                + "; start the server, or raise the option timeout or attempts.",
                        setback.cause().orElse(null));
            }
            Duration wait = backoff.wait(attempt, setback.atLeast());
            LOG.info("{}: {}; attempt {} in {} ms", url, setback.what(), attempt + 1, wait.toMillis());
            Thread.sleep(wait.toMillis());
        }
    }

    /** The time-out of a request of Java ends with the headers; a body can be late too. */
    private HttpResponse<String> send(HttpClient client, String body)
            throws IOException, TimeoutException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(url)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body));
        key.flatMap(ApiKey::authorization).ifPresent(value -> request.header("Authorization", value));
        CompletableFuture<HttpResponse<String>> answer =
                client.sendAsync(request.build(), head -> new BoundedAnswer(MAX_ANSWER));
        try {
            return answer.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException failure ? failure : new IOException(e.getCause());
        } finally {
            answer.cancel(true);
        }
    }

    private String who() {
        return "Reward function 'http': " + url;
    }

    /** What to make of an answer that is not 200. */
    private Setback passing(HttpResponse<String> response) {
        int status = response.statusCode();
        if (Backoff.mayPass(status)) {
            return new Setback(
                    "HTTP " + status + " with " + shown(response.body()),
                    Backoff.asked(response.headers()),
                    Optional.empty());
        }
        String said = who() + " refused with HTTP " + status + " and " + shown(response.body());
        if (status == 401 || status == 403) {
            throw new UserError(said + "; "
                    + key.map(ApiKey::variable)
                            .map(name -> "put a token that it accepts into the environment variable " + name + ".")
                            .orElse("name an environment variable with a token in the option token_variable."));
        }
        throw new UserError(said + "; check the url, and what the server takes.");
    }

    /** Hidden before it is cut: half a token is still a part of it. */
    private String shown(String body) {
        return RewardAnswer.quoted(key.map(secret -> secret.hideIn(body)).orElse(body));
    }
}
