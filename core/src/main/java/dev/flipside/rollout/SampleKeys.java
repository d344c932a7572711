package dev.flipside.rollout;

/**
 * The random key of each sample: {@code Seeds.key(stream, step, prompt, sample)} with stream and step fixed. What a
 * sample becomes depends on its key and its prompt, never on the samples generated beside it.
 */
@FunctionalInterface
public interface SampleKeys {
    /**
     * A 64-bit key.
     *
     * @param prompt the prompt's place in the caller's list
     * @param sample the sample's place in its group
     */
    long key(int prompt, int sample);
}
