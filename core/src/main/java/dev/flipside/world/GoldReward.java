package dev.flipside.world;

import dev.flipside.config.UserError;
import dev.flipside.reward.RewardFunction;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * {@code world_gold}: the true quality of a list, {@code 0.8 * right / max(asked, written, 1) + 0.2 * [the list ends
 * with a full stop and the answer then ended by itself]}.
 *
 * <p>{@code written} counts the words of any topic, repeats included; {@code right} counts the distinct ones of the
 * topic asked for. Openers, fillers, commas and length do not count. Reads the columns {@code count} and {@code topic}
 * of the prompt's row.
 */
public final class GoldReward implements RewardFunction {
    private static final double ITEMS = 0.8;
    private static final double ENDING = 0.2;

    /** For {@link java.util.ServiceLoader}. */
    public GoldReward() {}

    @Override
    public String name() {
        return "world_gold";
    }

    @Override
    public String summary() {
        return "The true quality of a list in the worlds of `flipside demo`.";
    }

    @Override
    public double[] score(List<Sample> samples) {
        return samples.stream().mapToDouble(GoldReward::of).toArray();
    }

    /** The gold reward of an answer to a prompt, 0 to 1. */
    public static double of(ListPrompt prompt, String answer, boolean finished) {
        return of(prompt.asked(), prompt.topic(), answer, finished);
    }

    @Override
    public List<String> columns() {
        return List.of("count", "topic");
    }

    private static double of(Sample sample) {
        Object count = sample.columns().get("count");
        Object topic = sample.columns().get("topic");
        if (count == null || topic == null) {
            return Double.NaN;
        }
        if (!(count instanceof Number asked) || !(topic instanceof String name)) {
            throw new UserError(
                    "Reward function 'world_gold' needs a number in column 'count' and a text in 'topic', not " + count
                            + " and " + topic + ": use the prompts that `flipside demo` writes.");
        }
        return of(asked.intValue(), name, sample.completion(), sample.finished());
    }

    private static double of(int asked, String topic, String answer, boolean finished) {
        List<String> words = List.of(answer.strip().split("\\s+"));
        int written = 0;
        Set<String> right = new HashSet<>();
        for (String word : words) {
            written += Vocabulary.isItem(word) ? 1 : 0;
            if (Vocabulary.isItemOf(word, topic)) {
                right.add(word);
            }
        }
        boolean ends = finished && words.get(words.size() - 1).equals(Vocabulary.STOP);
        return ITEMS * right.size() / Math.max(1, Math.max(asked, written)) + (ends ? ENDING : 0);
    }
}
