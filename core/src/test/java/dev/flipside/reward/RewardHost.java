package dev.flipside.reward;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.flipside.eval.judge.JudgeServer.Fault;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** A local server of rewards, which misbehaves on demand. */
public final class RewardHost implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpServer server;
    private final ExecutorService workers = Executors.newCachedThreadPool();
    private final Function<JsonNode, String> answer;
    private final Deque<Fault> faults = new ArrayDeque<>();
    private final List<JsonNode> requests = new ArrayList<>();
    private final List<String> authorizations = new ArrayList<>();
    private final AtomicInteger underWay = new AtomicInteger();
    private final AtomicInteger mostUnderWay = new AtomicInteger();

    /** @param answer the body of an answer to the JSON of a request */
    public RewardHost(Function<JsonNode, String> answer) throws IOException {
        this.answer = answer;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(workers);
        server.createContext("/rewards", this::handle);
        server.start();
    }

    /** One that rewards the length of each completion in characters. */
    public static RewardHost ofLengths() throws IOException {
        return new RewardHost(request -> {
            List<Integer> lengths = new ArrayList<>();
            request.get("completions").forEach(text -> lengths.add(text.asText().length()));
            return lengths.toString();
        });
    }

    public String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/rewards";
    }

    /** The next requests meet these, one each. */
    synchronized void meet(Fault... next) {
        faults.addAll(Arrays.asList(next));
    }

    public synchronized List<JsonNode> requests() {
        return List.copyOf(requests);
    }

    /** What requests had in their header {@code Authorization}; empty for nothing. */
    public synchronized List<String> authorizations() {
        return List.copyOf(authorizations);
    }

    int mostUnderWay() {
        return mostUnderWay.get();
    }

    private void handle(HttpExchange exchange) throws IOException {
        mostUnderWay.accumulateAndGet(underWay.incrementAndGet(), Math::max);
        try {
            JsonNode request = JSON.readTree(exchange.getRequestBody().readAllBytes());
            Fault fault = arrived(request, exchange);
            if (fault != null) {
                fault.on(exchange);
            } else {
                byte[] body = answer.apply(request).getBytes(StandardCharsets.UTF_8);
                exchange.sendResponseHeaders(200, body.length);
                exchange.getResponseBody().write(body);
                exchange.getResponseBody().close();
            }
        } finally {
            underWay.decrementAndGet();
        }
    }

    private synchronized Fault arrived(JsonNode request, HttpExchange exchange) {
        requests.add(request);
        String authorization = exchange.getRequestHeaders().getFirst("Authorization");
        authorizations.add(authorization == null ? "" : authorization);
        return faults.poll();
    }

    @Override
    public void close() {
        server.stop(0);
        workers.shutdownNow();
    }
}
