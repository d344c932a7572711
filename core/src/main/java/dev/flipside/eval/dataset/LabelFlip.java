package dev.flipside.eval.dataset;

import dev.flipside.data.Preference;
import dev.flipside.engine.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Pairs of which some have the wrong label: what mistakes do to a reward model can only be measured where it is known
 * which labels are wrong.
 *
 * @param pairs in their order, without margins, which belong to labels that may be turned round
 * @param flipped one per pair: whether its label is turned round
 */
public record LabelFlip(List<Preference> pairs, List<Boolean> flipped) {
    public LabelFlip {
        pairs = List.copyOf(pairs);
        flipped = List.copyOf(flipped);
    }

    /**
     * Turns a share of the labels round.
     *
     * @param share of the pairs, rounded to whole ones, drawn by chance
     * @param seed the same one draws the same pairs; a larger share has those of a smaller one and more
     */
    public static LabelFlip of(List<Preference> pairs, double share, long seed) {
        int wanted = (int) Math.round(share * pairs.size());
        int[] order = new Seeds(seed).permutation(Seeds.Stream.LABEL_FLIP, 0, pairs.size());
        boolean[] turned = new boolean[pairs.size()];
        for (int i = 0; i < wanted; i++) {
            turned[order[i]] = true;
        }
        List<Preference> labelled = new ArrayList<>();
        List<Boolean> flipped = new ArrayList<>();
        for (int place = 0; place < turned.length; place++) {
            Preference pair = pairs.get(place);
            labelled.add(new Preference(
                    pair.prompt(),
                    turned[place] ? pair.rejected() : pair.chosen(),
                    turned[place] ? pair.chosen() : pair.rejected(),
                    OptionalDouble.empty()));
            flipped.add(turned[place]);
        }
        return new LabelFlip(labelled, flipped);
    }

    /** How many labels are turned round. */
    public int count() {
        return (int) flipped.stream().filter(turned -> turned).count();
    }
}
