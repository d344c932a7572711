package dev.flipside.eval.dataset;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** How many of the texts that come were there before, as they are and normalised. */
final class Repetitions {
    private final Set<Long> seen = new HashSet<>();
    private final Set<Long> seenNormalised = new HashSet<>();
    private int exact;
    private int normalised;

    void add(List<String> texts) {
        exact += seen.add(Fingerprint.of(texts)) ? 0 : 1;
        normalised += seenNormalised.add(Fingerprint.of(Fingerprint.normalised(texts))) ? 0 : 1;
    }

    boolean has(List<String> texts) {
        return seen.contains(Fingerprint.of(texts));
    }

    int exact() {
        return exact;
    }

    int normalised() {
        return normalised;
    }
}
