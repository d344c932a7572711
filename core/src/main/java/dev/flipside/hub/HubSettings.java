package dev.flipside.hub;

import dev.flipside.config.UserError;
import dev.flipside.net.Addresses;
import dev.flipside.net.ApiKey;
import dev.flipside.net.Backoff;
import dev.flipside.net.EnvironmentProxies;
import java.io.IOException;
import java.net.ProxySelector;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Which Hub, as whom, and where its files are kept: by the environment variables of huggingface_hub, so that both
 * programs agree.
 *
 * @param endpoint without a slash at its end
 * @param token sent to the endpoint's host and to no other
 * @param cache the folder of the {@code models--org--name}
 * @param offline whether nothing is asked of any server
 * @param proxies the way to a server
 * @param backoff patience with what may pass
 * @param timeout the longest wait for a connection, for an answer's beginning, and for the next byte of a file
 */
public record HubSettings(
        URI endpoint,
        ApiKey token,
        Path cache,
        boolean offline,
        ProxySelector proxies,
        Backoff backoff,
        Duration timeout) {
    private static final Backoff PATIENCE = new Backoff(6, Duration.ofSeconds(1));
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final Set<String> TRUE = Set.of("1", "ON", "YES", "TRUE");

    /**
     * Reads {@code HF_ENDPOINT}, {@code HF_TOKEN} (or the file of {@code HF_TOKEN_PATH}, else {@code token} in
     * {@code HF_HOME}), {@code HF_HUB_CACHE}, {@code HF_HOME} and {@code HF_HUB_OFFLINE}, and the variables of
     * {@link EnvironmentProxies}.
     *
     * @throws UserError when one of them cannot be used
     */
    public static HubSettings of(Map<String, String> environment) {
        Environment values = new Environment(environment);
        Path home = values.path("HF_HOME").orElseGet(() -> values.path("XDG_CACHE_HOME")
                .orElseGet(() -> values.home().resolve(".cache"))
                .resolve("huggingface"));
        Path cache = values.path("HF_HUB_CACHE")
                .or(() -> values.path("HUGGINGFACE_HUB_CACHE"))
                .orElseGet(() -> home.resolve("hub"));
        Path tokenFile = values.path("HF_TOKEN_PATH").orElseGet(() -> home.resolve("token"));
        Optional<String> token = values.text("HF_TOKEN")
                .or(() -> values.text("HUGGING_FACE_HUB_TOKEN"))
                .or(() -> firstLine(tokenFile));
        boolean offline = Stream.of("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
                .flatMap(name -> values.text(name).stream())
                .anyMatch(value -> TRUE.contains(value.toUpperCase(Locale.ROOT)));
        return new HubSettings(
                endpoint(values.text("HF_ENDPOINT").orElse("https://huggingface.co")),
                ApiKey.of("HF_TOKEN", token),
                cache.toAbsolutePath().normalize(),
                offline,
                new EnvironmentProxies(environment),
                PATIENCE,
                TIMEOUT);
    }

    private record Environment(Map<String, String> values) {
        Optional<String> text(String name) {
            return Optional.ofNullable(values.get(name)).map(String::strip).filter(value -> !value.isEmpty());
        }

        Path home() {
            return Path.of(text("HOME").orElseGet(() -> System.getProperty("user.home")));
        }

        /** Python's programs expand a leading tilde themselves. */
        Optional<Path> path(String name) {
            return text(name)
                    .map(value -> value.equals("~") || value.startsWith("~/")
                            ? home().resolve(value.substring(1).replaceFirst("^/", ""))
                            : Path.of(value));
        }
    }

    private static URI endpoint(String text) {
        try {
            URI uri = URI.create(text.replaceAll("/+$", ""));
            if (uri.getHost() != null
                    && Set.of("http", "https").contains(uri.getScheme())
                    && uri.getUserInfo() == null
                    && uri.getQuery() == null) {
                return uri;
            }
        } catch (IllegalArgumentException e) {
            // Not a cause of the error: its message is the whole value.
            throw invalidEndpoint(text);
        }
        throw invalidEndpoint(text);
    }

    private static UserError invalidEndpoint(String text) {
        return new UserError(
                "HF_ENDPOINT: '" + Addresses.shown(text)
                        + "' is not the http or https address of a server, without user and password; set it to https://huggingface.co or a mirror's, or unset it.");
    }

    private static Optional<String> firstLine(Path file) {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try (Stream<String> lines = Files.lines(file)) {
            return lines.findFirst();
        } catch (IOException e) {
            throw new UserError(
                    file + ", the file of your Hub token, cannot be read (" + e
                            + "); correct its permissions, or set HF_TOKEN.",
                    e);
        }
    }

    /** A sub-address of the endpoint. */
    URI at(String path) {
        return URI.create(endpoint + "/" + path);
    }
}
