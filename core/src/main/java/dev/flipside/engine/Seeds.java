package dev.flipside.engine;

import java.util.SplittableRandom;

/**
 * Every random number of a run, derived from (run seed, stream, step, prompt, sample).
 *
 * <p>Nothing is drawn from a shared generator, so no generator state has to be saved, and no result depends on batch
 * composition, on the order of the work or on threads. The mixing function is the finaliser of SplitMix64 (Steele, Lea,
 * Flood 2014), applied once per coordinate.
 */
public final class Seeds {
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    private final long seed;

    public Seeds(long seed) {
        this.seed = mix(seed + GOLDEN_GAMMA);
    }

    /** What the random numbers are for; streams never share a number. */
    public enum Stream {
        ROLLOUT,
        FRESH_ROLLOUT,
        REFILL_ROLLOUT,
        VALUE_WARM_UP,
        CALIBRATION,
        EVALUATION,
        PROMPT_ORDER,
        POLICY_MINI_BATCHES,
        REPLAY,
        RANDOM_SIGNS,
        ANCHOR_SHUFFLE,
        PAIR_ORDER,
        HEAD_INITIALISATION,
        MODEL_INITIALISATION,
        GENERATE,
        WORLD,
        INITIAL_ROLLOUT,
        VALUE_CHECK,
        ANCHOR_NOISE,
        LORA_INITIALISATION,
        LORA_DROPOUT,
        GUARD_BALANCE,
        PAIR_CHOICE,
        TASK,
        ROW_SPLIT,
        LABEL_FLIP
    }

    /** A 64-bit key for one coordinate. */
    public long key(Stream stream, long step, long prompt, long sample) {
        long key = absorb(seed, stream.ordinal());
        key = absorb(key, step);
        key = absorb(key, prompt);
        return absorb(key, sample);
    }

    /** A key for one more coordinate of what another key names. */
    public static long key(long key, long coordinate) {
        return absorb(key, coordinate);
    }

    /** The {@code index}-th uniform number in [0, 1) of a key, with 53 random bits. */
    public static double uniform(long key, long index) {
        return (absorb(key, index) >>> 11) * 0x1.0p-53;
    }

    /** The {@code index}-th standard normal number of a key, from two uniform ones (Box and Muller 1958). */
    public static double normal(long key, long index) {
        double radius = Math.sqrt(-2 * Math.log(1 - uniform(key, 2 * index)));
        return radius * Math.cos(2 * Math.PI * uniform(key, 2 * index + 1));
    }

    /** A generator of its own for one coordinate, for shuffles and choices. */
    public SplittableRandom random(Stream stream, long step) {
        return new SplittableRandom(key(stream, step, 0, 0));
    }

    /** A permutation of 0..n-1 (Fisher-Yates). */
    public int[] permutation(Stream stream, long step, int n) {
        SplittableRandom random = random(stream, step);
        int[] order = new int[n];
        for (int i = 0; i < n; i++) {
            int j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }

    private static long absorb(long key, long coordinate) {
        return mix(key + GOLDEN_GAMMA * (coordinate + 1) ^ GOLDEN_GAMMA >>> 7);
    }

    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
