package dev.flipside.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Groups that take the places of others in a batch.
 *
 * @param places of the groups that go, one for each that comes
 */
record Replacement(int[] places) {
    /** Of numbers that stand group after group. */
    double[] in(double[] own, double[] others, int groupSize) {
        double[] replaced = own.clone();
        for (int i = 0; i < places.length; i++) {
            System.arraycopy(others, i * groupSize, replaced, places[i] * groupSize, groupSize);
        }
        return replaced;
    }

    /** Of groups. */
    <T> T[] in(T[] own, T[] others) {
        T[] replaced = Arrays.copyOf(own, own.length);
        for (int i = 0; i < places.length; i++) {
            replaced[places[i]] = others[i];
        }
        return replaced;
    }

    /** Of things that stand group after group; those that read nothing stay empty. */
    <T> List<T> in(List<T> own, List<T> others, int groupSize) {
        List<T> replaced = new ArrayList<>(own);
        for (int i = 0; i < others.size(); i++) {
            replaced.set(places[i / groupSize] * groupSize + i % groupSize, others.get(i));
        }
        return replaced;
    }

    RolloutBatch in(RolloutBatch own, RolloutBatch others) {
        return new RolloutBatch(
                in(own.prompts(), others.prompts(), 1),
                in(own.groups(), others.groups(), 1),
                in(own.texts(), others.texts(), 1));
    }
}
