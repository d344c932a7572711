package dev.flipside.trl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What becomes of a configuration of TRL.
 *
 * @param trainer whose it is
 * @param configuration ours, by section
 * @param keys one for each key of the file, in its order, then those whose default is another one here
 */
public record TrlTranslation(TrlTrainer trainer, ObjectNode configuration, List<Key> keys) {
    /** What became of a key. */
    public enum Outcome {
        /** It is a key of ours. */
        TRANSLATED,
        /** TRL has a default that we have not, so it is written down. */
        DEFAULT,
        /** It changes nothing here. */
        LEFT_OUT,
        /** It changes the result in TRL, and cannot be had here, or only by another way. */
        MISSING
    }

    /**
     * What became of one key.
     *
     * @param name as TRL calls it
     * @param value as the file gives it, or TRL's default
     * @param outcome what kind of thing became of it
     * @param what our keys with their values, or the reason
     */
    public record Key(String name, String value, Outcome outcome, String what) {}

    public TrlTranslation {
        keys = List.copyOf(keys);
    }

    /**
     * Translates.
     *
     * @param given the trainer, where the keys are not to say it
     * @throws dev.flipside.config.UserError when a value is of the wrong kind, or the keys do not say the trainer
     */
    public static TrlTranslation of(TrlFile file, Optional<TrlTrainer> given) {
        TrlTrainer trainer = given.orElseGet(() -> TrlTrainer.of(file));
        Draft draft = new Draft();
        TrlRules.of(file, trainer, draft).apply();
        return new TrlTranslation(trainer, draft.configuration, draft.keys);
    }

    /** How many keys change the result in TRL and have nothing here. */
    public int missing() {
        return (int)
                keys.stream().filter(key -> key.outcome() == Outcome.MISSING).count();
    }

    /** A translation that is being made. */
    static final class Draft {
        private final ObjectNode configuration = JsonNodeFactory.instance.objectNode();
        private final List<Key> keys = new ArrayList<>();

        /** Writes {@code section.key}, or {@code section.key.inner}, and says it. */
        String set(String path, JsonNode value) {
            String[] names = path.split("\\.");
            ObjectNode at = configuration;
            for (int i = 0; i < names.length - 1; i++) {
                at = at.withObjectProperty(names[i]);
            }
            at.set(names[names.length - 1], value);
            return path + ": " + text(value);
        }

        void add(String name, String value, Outcome outcome, String what) {
            keys.add(new Key(name, value, outcome, what));
        }

        static String text(JsonNode value) {
            return value.isTextual() ? value.textValue() : value.toString();
        }
    }
}
