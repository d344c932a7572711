package dev.flipside.hub;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** What a {@link TestHub} does instead of answering. */
@FunctionalInterface
public interface HubFault {
    /** @param content what it would have sent */
    void on(HttpExchange exchange, byte[] content) throws IOException;

    static HubFault status(int status, String... headers) {
        return (exchange, content) -> {
            for (int i = 0; i < headers.length; i += 2) {
                exchange.getResponseHeaders().set(headers[i], headers[i + 1]);
            }
            Replies.write(exchange, status, "no".getBytes(StandardCharsets.UTF_8));
        };
    }

    /** Promises all and sends a part. */
    static HubFault dropped(int bytes) {
        return (exchange, content) -> {
            exchange.sendResponseHeaders(200, content.length);
            exchange.getResponseBody().write(content, 0, bytes);
            exchange.getResponseBody().flush();
            exchange.close();
        };
    }

    /** Sends a part and then nothing, with the connection open. */
    static HubFault stalled(int bytes, long millis) {
        return (exchange, content) -> {
            exchange.sendResponseHeaders(200, content.length);
            exchange.getResponseBody().write(content, 0, bytes);
            exchange.getResponseBody().flush();
            try {
                Thread.sleep(millis);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            exchange.close();
        };
    }

    /** The right length with one wrong byte. */
    static HubFault damaged() {
        return (exchange, content) -> {
            byte[] wrong = content.clone();
            wrong[wrong.length / 2] ^= 1;
            Replies.write(exchange, 200, wrong);
        };
    }

    /** The connection ends without an answer. */
    static HubFault gone() {
        return (exchange, content) -> exchange.close();
    }
}
