package dev.flipside.world;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Two writers who answer a {@link ListPrompt}: {@code [opener] [filler ...] item , item , item .}
 *
 * <p>The careful one writes as many distinct words of the topic as asked, with commas and a full stop. The sloppy one's
 * items may be of any topic and repeat. Filler does not depend on the writer.
 *
 * @param careful chance that a text is the careful writer's
 * @param opener chance of an opener
 * @param cues whether the opener tells the writer: a good one from the careful writer, a bad one from the sloppy one;
 *     otherwise either may use any
 * @param filler chance that there is filler
 * @param fillerLeast words of filler when there is any, at least
 * @param fillerMost and at most, uniformly
 * @param sloppyOnTopic chance that an item of the sloppy writer is of the topic; otherwise half come from one other
 *     topic and half from any
 * @param sloppyCommas chance that the sloppy writer uses commas, in all places or in none
 * @param sloppyStop chance that the sloppy writer ends with a full stop
 * @param uneven whether the careful writer answers on every other topic nearly always and on the rest hardly ever, so
 *     that prompts differ in how good their answers are; as often as before over all topics
 */
public record Grammar(
        double careful,
        double opener,
        boolean cues,
        double filler,
        int fillerLeast,
        int fillerMost,
        double sloppyOnTopic,
        double sloppyCommas,
        double sloppyStop,
        boolean uneven) {
    /** How far topics lie from the mean of all, where they are uneven: .08 and .72 of a mean of .4. */
    private static final double UNEVENNESS = 0.8;

    /** An answer in words, parted by spaces; the end token is not written out. */
    public String answer(ListPrompt prompt, SplittableRandom random) {
        boolean isCareful = random.nextDouble() < careful(prompt);
        List<String> words = new ArrayList<>();
        if (random.nextDouble() < opener) {
            words.add(choose(openers(isCareful), random));
        }
        if (random.nextDouble() < filler) {
            int length = random.nextInt(fillerLeast, fillerMost + 1);
            for (int i = 0; i < length; i++) {
                words.add(choose(Vocabulary.FILLERS, random));
            }
        }
        List<String> items = isCareful ? carefulItems(prompt, random) : sloppyItems(prompt, random);
        boolean commas = isCareful || random.nextDouble() < sloppyCommas;
        boolean stop = isCareful || random.nextDouble() < sloppyStop;
        words.add(String.join(commas ? " " + Vocabulary.COMMA + " " : " ", items));
        if (stop) {
            words.add(Vocabulary.STOP);
        }
        return String.join(" ", words);
    }

    /** The same writers, whose openers tell nothing: as many, good and bad ones alike. */
    public Grammar withoutCues() {
        return new Grammar(
                careful,
                opener,
                false,
                filler,
                fillerLeast,
                fillerMost,
                sloppyOnTopic,
                sloppyCommas,
                sloppyStop,
                uneven);
    }

    /** The same writers, who share the topics out. */
    public Grammar asUneven() {
        return new Grammar(
                careful, opener, cues, filler, fillerLeast, fillerMost, sloppyOnTopic, sloppyCommas, sloppyStop, true);
    }

    private double careful(ListPrompt prompt) {
        if (!uneven) {
            return careful;
        }
        boolean easy = Vocabulary.TOPICS.indexOf(prompt.topic()) % 2 == 1;
        return careful * (easy ? 1 + UNEVENNESS : 1 - UNEVENNESS);
    }

    private List<String> openers(boolean isCareful) {
        if (!cues) {
            return Vocabulary.OPENERS;
        }
        return isCareful ? Vocabulary.GOOD_OPENERS : Vocabulary.BAD_OPENERS;
    }

    private static List<String> carefulItems(ListPrompt prompt, SplittableRandom random) {
        List<String> left = new ArrayList<>(Vocabulary.ITEMS.get(prompt.topic()));
        List<String> items = new ArrayList<>();
        for (int i = 0; i < prompt.asked(); i++) {
            items.add(left.remove(random.nextInt(left.size())));
        }
        return items;
    }

    private List<String> sloppyItems(ListPrompt prompt, SplittableRandom random) {
        List<String> otherTopics = Vocabulary.TOPICS.stream()
                .filter(t -> !t.equals(prompt.topic()))
                .toList();
        String other = choose(otherTopics, random);
        List<String> items = new ArrayList<>();
        for (int i = 0; i < prompt.asked(); i++) {
            String topic;
            if (random.nextDouble() < sloppyOnTopic) {
                topic = prompt.topic();
            } else {
                topic = random.nextDouble() < 0.5 ? other : choose(Vocabulary.TOPICS, random);
            }
            items.add(choose(Vocabulary.ITEMS.get(topic), random));
        }
        return items;
    }

    private static <T> T choose(List<T> from, SplittableRandom random) {
        return from.get(random.nextInt(from.size()));
    }
}
