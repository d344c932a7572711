package dev.flipside.cli.machine;

import dev.flipside.config.Spelling;
import java.util.Arrays;
import java.util.stream.Collectors;

/** What {@code flipside bench} measures. */
enum BenchPhase {
    /** Sampling with the key-value cache; tokens are the new ones. */
    GENERATE(2),
    /** Log-probabilities without gradient. */
    FORWARD(2),
    /** Log-probabilities, their gradient and an optimiser step. */
    TRAIN(6),
    /** Rewards and values of a reward model made from the same backbone. */
    SCORE(2),
    /** A whole GRPO step with a programmatic reward. */
    POLICY_STEP(0),
    /** A whole step of the SAVE loop with a reward model of the policy's size. */
    SAVE_STEP(0);

    private final int flopsPerParameter;

    BenchPhase(int flopsPerParameter) {
        this.flopsPerParameter = flopsPerParameter;
    }

    /**
     * Operations per parameter and token, by the usual count that leaves attention out; 0 where a step is a mixture.
     */
    int flopsPerParameter() {
        return flopsPerParameter;
    }

    /** As the command line and the results spell it. */
    String key() {
        return Spelling.of(this).replace('_', '-');
    }

    static String keys() {
        return Arrays.stream(values()).map(BenchPhase::key).collect(Collectors.joining(", "));
    }
}
