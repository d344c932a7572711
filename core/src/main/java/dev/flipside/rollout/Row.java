package dev.flipside.rollout;

import dev.flipside.engine.Seeds;
import java.util.Arrays;
import java.util.Optional;

/** A completion in the making. */
final class Row {
    private final int prompt;
    private final long key;
    private final int limit;
    private int[] ids = new int[32];
    private double[] logprobs = new double[32];
    private int length;
    private double logKeptMass;
    private Optional<FinishReason> finishReason = Optional.empty();

    /**
     * An empty completion.
     *
     * @param prompt the prompt's place in the caller's list
     * @param key of its random numbers
     * @param limit most tokens
     */
    Row(int prompt, long key, int limit) {
        this.prompt = prompt;
        this.key = key;
        this.limit = limit;
    }

    int prompt() {
        return prompt;
    }

    int limit() {
        return limit;
    }

    /** Whether no token follows, for whatever reason; {@link Completion#finished} is whether it ended by itself. */
    boolean done() {
        return finishReason.isPresent();
    }

    /** The random number for the token at this place of the completion. */
    double uniform(int index) {
        return Seeds.uniform(key, index);
    }

    void append(int token, double logprob, double logKept) {
        if (length == ids.length) {
            ids = Arrays.copyOf(ids, 2 * length);
            logprobs = Arrays.copyOf(logprobs, 2 * length);
        }
        ids[length] = token;
        logprobs[length] = logprob;
        logKeptMass += logKept;
        length++;
    }

    boolean full() {
        return length == limit;
    }

    int[] ids() {
        return Arrays.copyOf(ids, length);
    }

    void finish(FinishReason reason) {
        finishReason = Optional.of(reason);
    }

    Completion completion() {
        return new Completion(ids(), Arrays.copyOf(logprobs, length), logKeptMass, finishReason.orElseThrow());
    }
}
