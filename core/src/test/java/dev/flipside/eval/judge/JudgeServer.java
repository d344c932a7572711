package dev.flipside.eval.judge;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** A local server that speaks OpenAI's chat completions, and misbehaves on demand. */
public final class JudgeServer implements AutoCloseable {
    public static final String KEY = "sk-test-0123456789abcdef";

    private static final ObjectMapper JSON = new ObjectMapper();

    private final String key;
    private final HttpServer server;
    private final ExecutorService workers = Executors.newCachedThreadPool();
    private final Function<JsonNode, Reply> answer;
    private final Deque<Fault> faults = new ArrayDeque<>();
    private final List<JsonNode> requests = new ArrayList<>();
    private final List<Long> times = new ArrayList<>();
    private final AtomicInteger underWay = new AtomicInteger();
    private final AtomicInteger mostUnderWay = new AtomicInteger();
    private volatile long delayMillis;
    private volatile CountDownLatch together = new CountDownLatch(0);

    /** What the server does instead of answering. */
    public interface Fault {
        void on(HttpExchange exchange) throws IOException;

        static Fault status(int status, String body, String... headers) {
            return exchange -> {
                for (int i = 0; i < headers.length; i += 2) {
                    exchange.getResponseHeaders().set(headers[i], headers[i + 1]);
                }
                write(exchange, status, body);
            };
        }

        /** Promises more than it sends. */
        static Fault dropped() {
            return exchange -> {
                exchange.sendResponseHeaders(200, 1000);
                exchange.getResponseBody().write("{\"choi".getBytes(StandardCharsets.UTF_8));
                exchange.getResponseBody().flush();
                exchange.close();
            };
        }

        static Fault slow(long millis) {
            return exchange -> {
                sleep(millis);
                write(exchange, 200, "{}");
            };
        }
    }

    /** A completion; {@code topLogprobs} is a JSON list, or empty for none. */
    public record Reply(String text, String topLogprobs) {
        public static Reply of(String text) {
            return new Reply(text, "");
        }

        /** First token m with probability {@code p}, else M. */
        public static Reply preferring(double p) {
            return new Reply(
                    "m",
                    "[{\"token\": \"m\", \"logprob\": %s}, {\"token\": \"M\", \"logprob\": %s}]"
                            .formatted(Math.log(p), Math.log(1 - p)));
        }
    }

    /**
     * Answers each request by {@code answer}.
     *
     * @param key the only one that is let in
     */
    public JudgeServer(String key, Function<JsonNode, Reply> answer) throws IOException {
        this.key = key;
        this.answer = answer;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(workers);
        server.createContext("/v1/chat/completions", this::handle);
        server.start();
    }

    public String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/v1";
    }

    /** The next requests meet these, one each. */
    public synchronized void meet(Fault... next) {
        faults.addAll(Arrays.asList(next));
    }

    public void delay(long millis) {
        delayMillis = millis;
    }

    /** No answer comes before so many requests were under way at once, or a while has passed. */
    public void holdUntilUnderWay(int count) {
        together = new CountDownLatch(count);
    }

    public synchronized List<JsonNode> requests() {
        return List.copyOf(requests);
    }

    /** When requests arrived, in nanoseconds. */
    public synchronized List<Long> times() {
        return List.copyOf(times);
    }

    public int mostUnderWay() {
        return mostUnderWay.get();
    }

    private void handle(HttpExchange exchange) throws IOException {
        mostUnderWay.accumulateAndGet(underWay.incrementAndGet(), Math::max);
        // Each way to answer ends the exchange itself: closing it once more can close the connection under the client's
        // next request.
        try {
            JsonNode request = JSON.readTree(exchange.getRequestBody().readAllBytes());
            Fault fault = arrived(request);
            sleep(delayMillis);
            together.countDown();
            await(together);
            if (fault != null) {
                fault.on(exchange);
            } else if (!("Bearer " + key).equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
                String given = exchange.getRequestHeaders().getFirst("Authorization");
                write(exchange, 401, "{\"error\": {\"message\": \"Incorrect API key provided: " + given + "\"}}");
            } else {
                write(exchange, 200, completion(request));
            }
        } finally {
            underWay.decrementAndGet();
        }
    }

    private synchronized Fault arrived(JsonNode request) {
        requests.add(request);
        times.add(System.nanoTime());
        return faults.poll();
    }

    private String completion(JsonNode request) throws IOException {
        Reply reply = answer.apply(request);
        String logprobs = reply.topLogprobs().isEmpty()
                ? "null"
                : "{\"content\": [{\"token\": \"m\", \"logprob\": -1, \"top_logprobs\": " + reply.topLogprobs() + "}]}";
        return "{\"id\": \"1\", \"choices\": [{\"index\": 0, \"finish_reason\": \"stop\", \"logprobs\": " + logprobs
                + ", \"message\": {\"role\": \"assistant\", \"content\": " + JSON.writeValueAsString(reply.text())
                + "}}], \"usage\": {\"prompt_tokens\": 100, \"completion_tokens\": 10}}";
    }

    private static void write(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        // An unfinished body would end the connection, which the client may have kept for its next request.
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(bytes);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new UncheckedIOException(new IOException(e));
        }
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new UncheckedIOException(new IOException(e));
        }
    }

    @Override
    public void close() {
        server.stop(0);
        workers.shutdownNow();
    }
}
