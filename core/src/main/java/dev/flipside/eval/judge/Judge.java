package dev.flipside.eval.judge;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.function.Predicate;

/**
 * A language model that is asked through an OpenAI-compatible endpoint, several requests at a time; what it answered
 * with a verdict is not asked again.
 */
public final class Judge {
    private final JudgeEndpoint endpoint;
    private final ChatClient client;
    private final ReplyCache cache;
    private final int concurrency;
    private final AtomicReference<JudgeUsage> usage = new AtomicReference<>(JudgeUsage.NONE);

    /**
     * @param cache a folder for the answers; created when it is not there
     * @param concurrency how many requests are under way at once, at least 1
     */
    public Judge(JudgeEndpoint endpoint, Path cache, int concurrency) {
        this.endpoint = endpoint;
        this.client = new ChatClient(endpoint);
        this.cache = new ReplyCache(cache, endpoint.chatCompletions().toString());
        this.concurrency = concurrency;
    }

    /** The judge's name at its server. */
    public String model() {
        return endpoint.model();
    }

    /** What was asked so far. */
    public JudgeUsage usage() {
        return usage.get();
    }

    /**
     * Asks everything.
     *
     * @param read makes something of an answer as soon as it is there; when it throws, that answer is not kept and
     *     nothing more is asked
     * @param verdict whether that is a verdict; an answer without one (empty, refused, cut off) is returned but not
     *     kept, so that it is asked for again next time
     * @param progress hears how many are done
     * @return one result per request, in order
     * @throws dev.flipside.config.UserError when the server refuses, or from {@code read}
     * @throws JudgeUnavailableException when the server does not answer
     */
    public <T> List<T> ask(
            List<ChatRequest> requests, Function<ChatReply, T> read, Predicate<T> verdict, LongConsumer progress)
            throws IOException, InterruptedException {
        ExecutorService workers = Executors.newFixedThreadPool(concurrency, work -> {
            Thread thread = new Thread(work, "judge");
            thread.setDaemon(true);
            return thread;
        });
        try {
            ExecutorCompletionService<Answer<T>> answers = new ExecutorCompletionService<>(workers);
            for (int i = 0; i < requests.size(); i++) {
                int place = i;
                answers.submit(() -> new Answer<>(place, ask(requests.get(place), read, verdict)));
            }
            List<Optional<T>> results = new ArrayList<>(Collections.nCopies(requests.size(), Optional.empty()));
            for (int done = 1; done <= requests.size(); done++) {
                Answer<T> answer = answers.take().get();
                results.set(answer.place(), Optional.of(answer.result()));
                progress.accept(done);
            }
            return results.stream().map(Optional::orElseThrow).toList();
        } catch (ExecutionException e) {
            throw unwrapped(e.getCause());
        } finally {
            workers.shutdownNow();
        }
    }

    private record Answer<T>(int place, T result) {}

    private <T> T ask(ChatRequest request, Function<ChatReply, T> read, Predicate<T> verdict)
            throws IOException, InterruptedException {
        String body = request.body();
        Optional<ChatReply> known = cache.find(body).map(ChatReply::of);
        if (known.isPresent()) {
            T result = read.apply(known.get());
            // Earlier versions kept answers without a verdict.
            if (verdict.test(result)) {
                usage.updateAndGet(before -> before.plus(known.get(), true));
                return result;
            }
        }
        JsonNode response = client.send(body);
        ChatReply reply = ChatReply.of(response);
        T result = read.apply(reply);
        if (verdict.test(result)) {
            cache.keep(body, response);
        }
        usage.updateAndGet(before -> before.plus(reply, false));
        return result;
    }

    private static IOException unwrapped(Throwable cause) throws InterruptedException {
        if (cause instanceof InterruptedException interrupted) {
            throw interrupted;
        }
        if (cause instanceof RuntimeException failure) {
            throw failure;
        }
        if (cause instanceof Error failure) {
            throw failure;
        }
        return cause instanceof IOException failure ? failure : new IOException(cause);
    }
}
