package dev.flipside.net;

import java.io.IOException;
import java.net.http.HttpHeaders;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How patient a client is with what may pass: no connection, a dropped one, no answer in time, 408, 429, 5xx. Waits
 * grow exponentially; of each a random half is left out so that concurrent requests do not return at once, and none is
 * shorter than the server asks for.
 *
 * @param attempts how often a request is sent in all, at least 1
 * @param first the longest wait before the second attempt; each further one is twice as long
 */
public record Backoff(int attempts, Duration first) {
    private static final Duration LONGEST_WAIT = Duration.ofMinutes(10);

    /** {@code "name";r=remaining;t=seconds until there are more}, of the IETF draft ratelimit-headers. */
    private static final Pattern RATE_LIMIT = Pattern.compile("r\\s*=\\s*0\\s*;\\s*t\\s*=\\s*(\\d{1,6})");

    public Backoff {
        if (attempts < 1) {
            throw new IllegalArgumentException("attempts is " + attempts);
        }
    }

    /** Whether a later attempt may have another answer than this status. */
    public static boolean mayPass(int status) {
        return status == 408 || status == 429 || status >= 500;
    }

    /**
     * The wait before the next attempt.
     *
     * @param attempt how many were made, at least 1
     * @param atLeast what the server asked for
     */
    public Duration wait(int attempt, Duration atLeast) {
        double growing = first.toMillis() * Math.pow(2, attempt - 1.0);
        // The wait decides no result, so it need not be repeatable.
        long jittered = (long) (growing * (0.5 + ThreadLocalRandom.current().nextDouble() / 2));
        long millis = Math.max(jittered, atLeast.toMillis());
        return Duration.ofMillis(Math.min(millis, LONGEST_WAIT.toMillis()));
    }

    /**
     * What the server asks to wait: {@code Retry-After} in seconds or as a date, or an exhausted {@code RateLimit};
     * zero when it says nothing of the kind.
     */
    public static Duration asked(HttpHeaders headers) {
        Optional<String> retryAfter = headers.firstValue("Retry-After").map(String::strip);
        if (retryAfter.isPresent()) {
            return parsed(retryAfter.get());
        }
        Matcher limit = RATE_LIMIT.matcher(headers.firstValue("RateLimit").orElse(""));
        return limit.find() ? Duration.ofSeconds(Long.parseLong(limit.group(1))) : Duration.ZERO;
    }

    private static Duration parsed(String retryAfter) {
        try {
            if (retryAfter.matches("\\d{1,9}(\\.\\d+)?")) {
                return Duration.ofMillis((long) (Double.parseDouble(retryAfter) * 1000));
            }
            Instant until = ZonedDateTime.parse(retryAfter, DateTimeFormatter.RFC_1123_DATE_TIME)
                    .toInstant();
            Duration left = Duration.between(Instant.now(), until);
            return left.isNegative() ? Duration.ZERO : left;
        } catch (DateTimeParseException e) {
            return Duration.ZERO;
        }
    }

    /** A failure in words; some have none of their own. */
    public static String describe(IOException failure) {
        String message = failure.getMessage();
        return message == null || message.isBlank() ? failure.getClass().getSimpleName() : message;
    }
}
