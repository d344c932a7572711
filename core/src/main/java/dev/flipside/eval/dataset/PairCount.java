package dev.flipside.eval.dataset;

import dev.flipside.data.Example;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Figures of the pairs of a data file. */
final class PairCount {
    private final Lengths chosen = new Lengths();
    private final Lengths rejected = new Lengths();
    private final Repetitions usablePairs = new Repetitions();
    private int pairs;
    private int usable;
    private int equal;
    private int equalNormalised;
    private int differentPrompts;
    private int empty;
    private int contradicting;
    private int chosenLonger;
    private int equallyLong;

    void add(Example.Pair pair) {
        pairs++;
        chosen.add(pair.chosen().length());
        rejected.add(pair.rejected().length());
        empty += pair.chosen().isBlank() || pair.rejected().isBlank() ? 1 : 0;
        if (!pair.chosenPrompt().equals(pair.rejectedPrompt())) {
            differentPrompts++;
        } else if (pair.chosen().equals(pair.rejected())) {
            equal++;
        } else if (Fingerprint.normalised(pair.chosen()).equals(Fingerprint.normalised(pair.rejected()))) {
            equalNormalised++;
        }
        if (pair.usable()) {
            usable++;
            int order = Integer.compare(pair.chosen().length(), pair.rejected().length());
            chosenLonger += order > 0 ? 1 : 0;
            equallyLong += order == 0 ? 1 : 0;
            contradicting += usablePairs.has(parts(pair, pair.rejected(), pair.chosen())) ? 1 : 0;
            usablePairs.add(parts(pair, pair.chosen(), pair.rejected()));
        }
    }

    private static List<String> parts(Example.Pair pair, String first, String second) {
        List<String> parts = new ArrayList<>(Fingerprint.parts(pair.chosenPrompt()));
        parts.add(first);
        parts.add(second);
        return parts;
    }

    /** Nothing where there was no pair. */
    Optional<PairFigures> result() {
        return pairs == 0
                ? Optional.empty()
                : Optional.of(new PairFigures(
                        pairs,
                        usable,
                        equal,
                        equalNormalised,
                        differentPrompts,
                        empty,
                        usablePairs.exact(),
                        usablePairs.normalised(),
                        contradicting,
                        chosen.spread(),
                        rejected.spread(),
                        chosenLonger,
                        equallyLong));
    }
}
