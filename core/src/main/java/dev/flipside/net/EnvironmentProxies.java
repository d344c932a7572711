package dev.flipside.net;

import dev.flipside.config.UserError;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The proxies of the environment variables {@code HTTPS_PROXY}, {@code HTTP_PROXY}, {@code ALL_PROXY} and
 * {@code NO_PROXY}, in capitals or not, which most programs honour and Java does not; where there are none, Java's own
 * settings.
 */
public final class EnvironmentProxies extends ProxySelector {
    private final Map<String, String> environment;

    public EnvironmentProxies(Map<String, String> environment) {
        this.environment = Map.copyOf(environment);
    }

    @Override
    public List<Proxy> select(URI uri) {
        Optional<String> proxy = value(uri.getScheme() + "_proxy").or(() -> value("all_proxy"));
        if (proxy.isEmpty()) {
            ProxySelector java = ProxySelector.getDefault();
            return java == null ? List.of(Proxy.NO_PROXY) : java.select(uri);
        }
        return excepted(uri) ? List.of(Proxy.NO_PROXY) : List.of(parsed(uri.getScheme(), proxy.get()));
    }

    private Optional<String> value(String name) {
        return Stream.of(name, name.toUpperCase(Locale.ROOT))
                .flatMap(n -> Optional.ofNullable(environment.get(n)).map(String::strip).stream())
                .filter(v -> !v.isEmpty())
                .findFirst();
    }

    /** {@code NO_PROXY} lists hosts, each with everything below it, with or without a port; a star is all. */
    private boolean excepted(URI uri) {
        String host = uri.getHost().toLowerCase(Locale.ROOT);
        return Arrays.stream(value("no_proxy").orElse("").split(","))
                .map(entry -> entry.strip().toLowerCase(Locale.ROOT))
                .map(entry -> entry.endsWith(":" + uri.getPort()) ? entry.substring(0, entry.lastIndexOf(':')) : entry)
                .map(entry -> entry.replaceFirst("^\\*?\\.", ""))
                .anyMatch(entry ->
                        entry.equals("*") || host.equals(entry) || !entry.isEmpty() && host.endsWith("." + entry));
    }

    private static Proxy parsed(String scheme, String text) {
        try {
            URI proxy = URI.create(text.contains("://") ? text : "http://" + text);
            if (proxy.getHost() != null && proxy.getUserInfo() == null && "http".equals(proxy.getScheme())) {
                int port = proxy.getPort() < 0 ? 80 : proxy.getPort();
                return new Proxy(Proxy.Type.HTTP, new InetSocketAddress(proxy.getHost(), port));
            }
        } catch (IllegalArgumentException e) {
            // Not a cause of the error: its message is the whole value.
            throw unusable(scheme);
        }
        throw unusable(scheme);
    }

    /** The value is not shown: it may have a password in it. */
    private static UserError unusable(String scheme) {
        return new UserError(
                scheme.toUpperCase(Locale.ROOT)
                        + "_PROXY (or ALL_PROXY) is not of the form http://host:port, without user and password, which is what Flipside can use; correct it, or name the host in NO_PROXY.");
    }

    @Override
    public void connectFailed(URI uri, SocketAddress address, IOException failure) {
        // The request fails, and its client says so.
    }
}
