package dev.flipside.reward;

import dev.flipside.config.UserError;
import dev.flipside.net.Addresses;
import dev.flipside.net.ApiKey;
import dev.flipside.net.Backoff;
import dev.flipside.text.Conversation;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;

/**
 * {@code http}: asks a server. A batch of completions is the body of a POST ({@link RewardBatches}); the body of the
 * answer holds their rewards ({@link RewardAnswer}).
 *
 * <p>What may pass is tried again, as {@link RewardServer} has it.
 */
final class HttpReward implements RewardFunction {
    private static final RewardOption<String> URL = RewardOption.required(
            "url", OptionType.TEXT, "The address that batches are sent to, such as `http://127.0.0.1:8000/`.");
    private static final RewardOption<String> TOKEN = RewardOption.optional(
            "token_variable",
            OptionType.TEXT,
            "The environment variable that holds a bearer token for the server; the token is sent and never shown or kept.");
    private static final RewardOption<Double> TIMEOUT = RewardOption.of(
            "timeout", OptionType.NUMBER, 60.0, "Seconds to wait for the answer to a batch before it is sent again.");
    private static final RewardOption<Integer> ATTEMPTS = RewardOption.of(
            "attempts",
            OptionType.WHOLE_NUMBER,
            6,
            "How often a batch is sent before the run fails; waits double from one second, and are never shorter than the server asks for.");
    private static final RewardOption<Integer> CONCURRENCY =
            RewardOption.of("concurrency", OptionType.WHOLE_NUMBER, 4, "Batches under way at once, at most.");
    private static final Duration FIRST_WAIT = Duration.ofSeconds(1);

    private final RewardServer server;
    private final RewardBatches batches;
    private final int concurrency;
    private final Function<String, Optional<String>> environment;
    private final Lazy<HttpClient> client = new Lazy<>(RewardServer::client);

    HttpReward() {
        this(variable -> Optional.ofNullable(System.getenv(variable)));
    }

    /** @param environment variables by name */
    HttpReward(Function<String, Optional<String>> environment) {
        this(
                new RewardServer(
                        URI.create("http://127.0.0.1/"),
                        Optional.empty(),
                        new Backoff(1, FIRST_WAIT),
                        Duration.ofSeconds(1)),
                new RewardBatches(1, false),
                1,
                environment);
    }

    HttpReward(
            RewardServer server,
            RewardBatches batches,
            int concurrency,
            Function<String, Optional<String>> environment) {
        this.server = server;
        this.batches = batches;
        this.concurrency = concurrency;
        this.environment = environment;
    }

    @Override
    public String name() {
        return "http";
    }

    @Override
    public String summary() {
        return "Asks a server: a POST with completions as JSON, answered with their rewards.";
    }

    @Override
    public List<RewardOption<?>> options() {
        return List.of(URL, TOKEN, RewardBatches.SIZE, RewardBatches.MESSAGES, TIMEOUT, ATTEMPTS, CONCURRENCY);
    }

    @Override
    public RewardFunction configure(Map<String, Object> given) {
        RewardOptions options = new RewardOptions(this, given);
        String address = options.get(URL).strip();
        problem(address).ifPresent(problem -> options.require(false, problem, URL));
        Optional<String> variable = options.find(TOKEN);
        Optional<String> token = variable.flatMap(environment).filter(text -> !text.isBlank());
        options.require(
                variable.isEmpty() || token.isPresent(),
                "names the environment variable " + variable.orElse("") + ", which is empty; put the token into it",
                TOKEN);
        RewardBatches sent = RewardBatches.of(options);
        double seconds = options.get(TIMEOUT);
        options.require(
                seconds >= 0.001 && seconds <= 86_400, "must be between 0.001 and 86400, not " + seconds, TIMEOUT);
        int attempts = options.get(ATTEMPTS);
        options.require(attempts >= 1, "must be at least 1, not " + attempts, ATTEMPTS);
        int atOnce = options.get(CONCURRENCY);
        options.require(atOnce >= 1 && atOnce <= 256, "must be between 1 and 256, not " + atOnce, CONCURRENCY);
        options.end();
        RewardServer configured = new RewardServer(
                URI.create(address),
                variable.map(name -> ApiKey.of(name, token)),
                new Backoff(attempts, FIRST_WAIT),
                Duration.ofMillis((long) (seconds * 1000)));
        return new HttpReward(configured, sent, atOnce, environment);
    }

    /** The address stands in the run's folder and in messages, so that it may hold no secret. */
    private static Optional<String> problem(String address) {
        try {
            URI url = new URI(address);
            boolean web = url.getScheme() != null && Set.of("http", "https").contains(url.getScheme());
            if (web && url.getHost() != null) {
                return url.getUserInfo() == null && url.getRawQuery() == null
                        ? Optional.empty()
                        : Optional.of(
                                "has a user name, password or query in it, which would be kept with the run; give a token by token_variable");
            }
        } catch (URISyntaxException e) {
            // Its message is the whole value.
            return Optional.of("is not an http or https address: " + Addresses.shown(address));
        }
        return Optional.of("is not an http or https address: " + Addresses.shown(address));
    }

    @Override
    public boolean judges(Conversation prompt, Map<String, Object> columns) {
        return batches.judges(name(), prompt, columns);
    }

    @Override
    public double[] score(List<Sample> samples) {
        List<RewardBatches.Batch> all = batches.of(samples);
        ExecutorService workers = Executors.newFixedThreadPool(Math.max(1, Math.min(concurrency, all.size())), work -> {
            Thread thread = new Thread(work, "reward server");
            thread.setDaemon(true);
            return thread;
        });
        try {
            List<Future<double[]>> answers = new ArrayList<>();
            for (RewardBatches.Batch batch : all) {
                answers.add(workers.submit(() -> server.rewards(client.get(), batch)));
            }
            List<double[]> rewards = new ArrayList<>();
            for (Future<double[]> answer : answers) {
                rewards.add(answer.get());
            }
            return rewards.stream().flatMapToDouble(Arrays::stream).toArray();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RewardUnavailableException("Reward function 'http': the wait for answers was interrupted.", e);
        } catch (ExecutionException e) {
            throw unwrapped(e);
        } finally {
            workers.shutdownNow();
        }
    }

    private static RuntimeException unwrapped(ExecutionException failure) {
        Throwable cause = failure.getCause();
        if (cause instanceof UserError || cause instanceof RewardUnavailableException) {
            return (RuntimeException) cause;
        }
        return new IllegalStateException(cause);
    }

    @Override
    public void close() {
        client.end(ended -> {});
    }
}
