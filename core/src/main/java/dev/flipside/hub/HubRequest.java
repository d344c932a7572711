package dev.flipside.hub;

import java.net.URI;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A request to the Hub.
 *
 * @param body empty for GET and HEAD
 * @param accepted statuses beside 2xx that are answers and no failures
 */
record HubRequest(
        String method, URI uri, Map<String, String> headers, Optional<BodyPublisher> body, Set<Integer> accepted) {
    static HubRequest get(URI uri) {
        return read("GET", uri, Map.of());
    }

    /** GET or HEAD. */
    static HubRequest read(String method, URI uri, Map<String, String> headers) {
        return new HubRequest(method, uri, headers, Optional.empty(), Set.of());
    }

    static HubRequest postJson(URI uri, Object payload) {
        return new HubRequest(
                "POST",
                uri,
                Map.of("Content-Type", "application/json"),
                Optional.of(BodyPublishers.ofString(HubHttp.write(payload))),
                Set.of());
    }

    HubRequest to(URI other) {
        return new HubRequest(method, other, headers, body, accepted);
    }

    HubRequest with(Map<String, String> otherHeaders) {
        return new HubRequest(method, uri, otherHeaders, body, accepted);
    }

    HubRequest accepting(Integer... statuses) {
        return new HubRequest(method, uri, headers, body, Set.of(statuses));
    }
}
