package dev.flipside.hub;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.flipside.config.UserError;
import dev.flipside.net.Backoff;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Requests to the Hub and to the hosts that it sends its clients to.
 *
 * <p>The token goes to the endpoint's own host only: redirects are followed here and not by Java's client, which would
 * take it along. A redirect from https to http is refused.
 */
final class HubHttp {
    /** Bytes of an answer that is read whole, such as a page of the list of files. */
    private static final int MAX_ANSWER = 64 << 20;

    private static final JsonMapper JSON = new JsonMapper();
    private static final int MOST_REDIRECTS = 10;
    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
    private static final Pattern NEXT_PAGE = Pattern.compile("<([^>]+)>\\s*;[^,]*rel=\"?next\"?");
    private static final int MOST_OF_AN_ERROR = 4096;

    /** Bytes per second. */
    private static final long SLOWEST_UPLOAD = 50_000;

    private final HubSettings settings;
    private final HttpClient client;

    HubHttp(HubSettings settings) {
        this.settings = settings;
        client = HttpClient.newBuilder()
                .connectTimeout(settings.timeout())
                .followRedirects(HttpClient.Redirect.NEVER)
                .proxy(settings.proxies())
                .build();
    }

    HubSettings settings() {
        return settings;
    }

    /** A page of JSON and where the next one is. */
    record Page(int status, JsonNode json, Optional<URI> next) {}

    static String write(Object payload) {
        try {
            return JSON.writeValueAsString(payload);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a payload that is no JSON", e);
        }
    }

    /** The JSON that the API answers, tried as often as patience lasts. */
    Page json(HubName name, String wanted, HubRequest request) {
        Patience patience = new Patience(settings, wanted);
        while (true) {
            try {
                HttpResponse<InputStream> response = send(name, wanted, request);
                return new Page(response.statusCode(), parsed(response), nextPage(response));
            } catch (IOException e) {
                patience.after(e);
            }
        }
    }

    /**
     * As {@link #json}, for what must not be done twice: only an answer that says that it was not done is a reason to
     * ask again.
     *
     * @return empty when the connection ended without an answer
     */
    Optional<JsonNode> jsonOnce(HubName name, String wanted, HubRequest request) {
        Patience patience = new Patience(settings, wanted);
        while (true) {
            try {
                return Optional.of(parsed(send(name, wanted, request)));
            } catch (Setback e) {
                patience.after(e);
            } catch (IOException e) {
                return Optional.empty();
            }
        }
    }

    /**
     * Sends a request once and follows redirects.
     *
     * @return a response with a status of 2xx, whose body the caller closes
     * @throws Setback when the status may be another one next time
     * @throws UserError when it will not
     */
    HttpResponse<InputStream> send(HubName name, String wanted, HubRequest request) throws IOException {
        HubRequest current = request;
        for (int hops = 0; hops <= MOST_REDIRECTS; hops++) {
            HttpResponse<InputStream> response = once(current);
            int status = response.statusCode();
            if (status / 100 == 2 || request.accepted().contains(status)) {
                return response;
            }
            Optional<String> location = response.headers().firstValue("Location");
            if (!REDIRECTS.contains(status) || location.isEmpty()) {
                throw failure(name, wanted, response);
            }
            response.body().close();
            current = current.to(target(current.uri(), location.get()));
        }
        throw new IOException("more than " + MOST_REDIRECTS + " redirects");
    }

    /** As {@link #send}, but a redirect to another host is an answer: its own headers tell what it leads to. */
    HttpResponse<InputStream> sendWithinEndpoint(HubName name, String wanted, HubRequest request) throws IOException {
        HubRequest current = request;
        for (int hops = 0; hops <= MOST_REDIRECTS; hops++) {
            HttpResponse<InputStream> response = once(current);
            Optional<URI> target = REDIRECTS.contains(response.statusCode())
                    ? Optional.of(target(
                            current.uri(),
                            response.headers().firstValue("Location").orElse("")))
                    : Optional.empty();
            if (target.isEmpty() && response.statusCode() / 100 != 2) {
                throw failure(name, wanted, response);
            }
            if (target.isEmpty() || !isEndpoint(target.get())) {
                return response;
            }
            response.body().close();
            current = current.to(target.get());
        }
        throw new IOException("more than " + MOST_REDIRECTS + " redirects");
    }

    /** What a status that is no success means; a final one is thrown as a {@link UserError}. */
    private IOException failure(HubName name, String wanted, HttpResponse<InputStream> response) throws IOException {
        int status = response.statusCode();
        try (InputStream body = response.body()) {
            if (status == 416) {
                return new RangeRefused();
            }
            // Another host was given a link that the Hub signed: a new one may be better.
            if (Backoff.mayPass(status) || !isEndpoint(response.uri())) {
                return new Setback("HTTP " + status, Backoff.asked(response.headers()));
            }
            String said = new String(body.readNBytes(MOST_OF_AN_ERROR), StandardCharsets.UTF_8);
            throw new Refusal(settings, name, wanted, status, response.headers(), said).error();
        }
    }

    /** Whether a request carries the token. */
    private boolean isEndpoint(URI uri) {
        URI endpoint = settings.endpoint();
        return uri.getScheme().equals(endpoint.getScheme())
                && endpoint.getHost().equalsIgnoreCase(uri.getHost())
                && uri.getPort() == endpoint.getPort();
    }

    private HttpResponse<InputStream> once(HubRequest request) throws IOException {
        if (settings.offline()) {
            throw new UserError("HF_HUB_OFFLINE is set, and " + request.uri().getPath()
                    + " would have to be asked of the Hub: unset it.");
        }
        HttpRequest.Builder builder = HttpRequest.newBuilder(request.uri())
                .method(request.method(), request.body().orElseGet(BodyPublishers::noBody))
                .header("User-Agent", "flipside");
        long bytes = request.body().map(BodyPublisher::contentLength).orElse(0L);
        // A large body takes its time before an answer can begin.
        builder.timeout(settings.timeout().plusSeconds(Math.max(0, bytes) / SLOWEST_UPLOAD));
        request.headers().forEach(builder::header);
        if (isEndpoint(request.uri())) {
            settings.token().authorization().ifPresent(value -> builder.header("Authorization", value));
        }
        try {
            return client.send(builder.build(), BodyHandlers.ofInputStream());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HubUnavailableException("The transfer was interrupted; run the same command again.", e);
        }
    }

    private static URI target(URI from, String location) throws IOException {
        URI to;
        try {
            to = from.resolve(URI.create(location));
        } catch (IllegalArgumentException e) {
            throw new IOException("a redirect to '" + location + "', which is no address", e);
        }
        boolean web = Set.of("http", "https").contains(String.valueOf(to.getScheme())) && to.getHost() != null;
        if (!web || from.getScheme().equals("https") && to.getScheme().equals("http")) {
            throw new UserError("The server at " + from.getHost() + " redirects to '" + location
                    + "', which is not a safe address to follow; check HF_ENDPOINT.");
        }
        return to;
    }

    private JsonNode parsed(HttpResponse<InputStream> response) throws IOException {
        try (InputStream body = response.body();
                StallGuard guard = new StallGuard(body, settings.timeout())) {
            byte[] bytes = body.readNBytes(MAX_ANSWER + 1);
            guard.check();
            if (bytes.length > MAX_ANSWER) {
                throw new UserError("The server at " + settings.endpoint() + " answers "
                        + response.uri().getPath() + " with more than " + (MAX_ANSWER >> 20)
                        + " MB, which no answer of a Hub has; check HF_ENDPOINT and any proxy between.");
            }
            return bytes.length == 0 ? JSON.nullNode() : JSON.readTree(bytes);
        } catch (JsonProcessingException e) {
            throw new UserError(
                    "The server at " + settings.endpoint() + " answers "
                            + response.uri().getPath()
                            + " with something that is not JSON, so it is no Hub; check HF_ENDPOINT and any proxy between.",
                    e);
        }
    }

    private static Optional<URI> nextPage(HttpResponse<?> response) {
        return response.headers().allValues("Link").stream()
                .map(NEXT_PAGE::matcher)
                .filter(Matcher::find)
                .map(link -> response.uri().resolve(link.group(1)))
                .findFirst();
    }
}
