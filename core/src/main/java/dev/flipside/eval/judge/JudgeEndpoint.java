package dev.flipside.eval.judge;

import dev.flipside.config.UserError;
import dev.flipside.net.Addresses;
import dev.flipside.net.ApiKey;
import dev.flipside.net.Backoff;
import java.net.URI;
import java.time.Duration;
import java.util.Set;

/**
 * Where a judge answers, and how patient its client is.
 *
 * @param chatCompletions the address that requests go to
 * @param model the judge's name there
 * @param backoff how often a request is sent before the run fails
 * @param timeout the longest wait for an answer
 */
public record JudgeEndpoint(URI chatCompletions, String model, ApiKey key, Backoff backoff, Duration timeout) {
    private static final String PATH = "/chat/completions";

    /**
     * The usual patience: six attempts, the second after about a second.
     *
     * @param baseUrl such as {@code https://api.openai.com/v1}
     * @throws UserError when that is no address, or has a user, a password or a query in it
     */
    public static JudgeEndpoint of(String baseUrl, String model, ApiKey key, Duration timeout) {
        return new JudgeEndpoint(address(baseUrl), model, key, new Backoff(6, Duration.ofSeconds(1)), timeout);
    }

    private static URI address(String baseUrl) {
        String base = baseUrl.strip().replaceAll("/+$", "");
        URI uri;
        try {
            uri = URI.create(base.endsWith(PATH) ? base : base + PATH);
        } catch (IllegalArgumentException e) {
            // Not a cause of the error: its message is the whole value.
            throw invalid(baseUrl);
        }
        if (uri.getScheme() == null || !Set.of("http", "https").contains(uri.getScheme()) || uri.getHost() == null) {
            throw invalid(baseUrl);
        }
        if (uri.getUserInfo() != null || uri.getQuery() != null) {
            throw new UserError(
                    "The judge's URL has a user name, password or query in it, which would be kept with the results; give the key through the environment.");
        }
        return uri;
    }

    private static UserError invalid(String baseUrl) {
        return new UserError(
                "The judge's URL '" + Addresses.shown(baseUrl)
                        + "' is not an http or https address; give the part before /chat/completions, such as https://api.openai.com/v1.");
    }
}
