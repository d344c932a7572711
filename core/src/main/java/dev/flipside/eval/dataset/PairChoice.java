package dev.flipside.eval.dataset;

import dev.flipside.engine.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Labelled pairs that are worth a person's look.
 *
 * <p>Half of them are those in which the reward model contradicts the label most: there one of the two is wrong, and
 * whichever it is, it is worth knowing. The other half is drawn from the rest by chance, so that what the reward model
 * gets right is in it too. Nothing is balanced: how the mistakes lean is what is to be found out.
 */
public final class PairChoice {
    private PairChoice() {}

    /**
     * Chooses.
     *
     * @param margins the reward model's reward of the chosen answer less that of the rejected one, one per pair
     * @param count how many; all where there are no more
     * @param seed of the draw and of the order, which does not tell the halves apart
     * @return places of the pairs
     */
    public static List<Integer> of(double[] margins, int count, long seed) {
        Seeds seeds = new Seeds(seed);
        int[] order = seeds.permutation(Seeds.Stream.PAIR_CHOICE, 0, margins.length);
        List<Integer> contradicted = Arrays.stream(order)
                .filter(pair -> margins[pair] < 0)
                .boxed()
                .sorted(Comparator.comparingDouble(pair -> margins[pair]))
                .limit((count + 1) / 2)
                .toList();
        List<Integer> chosen = new ArrayList<>(contradicted);
        Arrays.stream(order)
                .filter(pair -> !contradicted.contains(pair))
                .limit(Math.max(0, count - contradicted.size()))
                .forEach(chosen::add);
        int[] shuffled = seeds.permutation(Seeds.Stream.PAIR_CHOICE, 1, chosen.size());
        return IntStream.of(shuffled).mapToObj(chosen::get).toList();
    }
}
