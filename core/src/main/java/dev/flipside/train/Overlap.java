package dev.flipside.train;

import dev.flipside.config.UserError;
import dev.flipside.data.Preference;
import dev.flipside.data.PromptExample;
import dev.flipside.text.Conversation;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Held-out data that a run also trains on, whatever the files are called: what is measured there was learnt by heart.
 *
 * @param heldOut key of the held-out data
 * @param trained key of the data that is trained on
 * @param what they hold
 * @param shared how many held-out ones are trained on
 * @param total how many are held out
 * @param nothingHeldOut whether the run cannot mean it
 */
public record Overlap(String heldOut, String trained, String what, int shared, int total, boolean nothingHeldOut) {

    /** None of the held-out pairs may be trained on; a few may be repetitions, all are a mistake. */
    public static Optional<Overlap> ofPairs(
            String heldOut, List<Preference> held, String trained, List<Preference> training) {
        Set<Preference> known = training.stream().map(Overlap::content).collect(Collectors.toSet());
        int shared = (int)
                held.stream().filter(pair -> known.contains(content(pair))).count();
        return shared == 0
                ? Optional.empty()
                : Optional.of(new Overlap(heldOut, trained, "pairs", shared, held.size(), shared == held.size()));
    }

    private static Preference content(Preference pair) {
        return new Preference(pair.prompt(), pair.chosen(), pair.rejected(), OptionalDouble.empty());
    }

    /** Tasks with few prompts repeat them, so that only the same prompts on both sides are a mistake. */
    public static Optional<Overlap> ofPrompts(
            String heldOut, List<PromptExample> held, String trained, List<PromptExample> training) {
        Set<Conversation> known = training.stream().map(PromptExample::prompt).collect(Collectors.toSet());
        Set<Conversation> asked = held.stream().map(PromptExample::prompt).collect(Collectors.toSet());
        boolean same = asked.equals(known);
        int shared = (int) held.stream()
                .filter(example -> known.contains(example.prompt()))
                .count();
        return shared == 0
                ? Optional.empty()
                : Optional.of(new Overlap(heldOut, trained, "prompts", shared, held.size(), same));
    }

    /**
     * Refuses a run that holds nothing out.
     *
     * @return what is to be said of one that holds less out than it seems
     * @throws UserError naming both keys
     */
    static Optional<String> told(Optional<Overlap> overlap) {
        overlap.filter(Overlap::nothingHeldOut).ifPresent(whole -> {
            throw new UserError(whole.heldOut + ": " + whole.sentence());
        });
        return overlap.map(part -> part.heldOut + ": " + part.sentence());
    }

    /** What is wrong and what to do, without the key of the held-out data. */
    public String sentence() {
        return nothingHeldOut
                ? "its " + what + " are all in " + trained
                        + ", so what is measured on them was learnt by heart; name others, such as `flipside data split` leaves out."
                : shared + " of " + total + " " + what + " are in " + trained
                        + " too; leave them out of one of the two.";
    }
}
