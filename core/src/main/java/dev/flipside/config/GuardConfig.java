package dev.flipside.config;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;

/** Guards: what labelled pairs do beside what the reward model teaches itself. */
public record GuardConfig(
        @Doc(
                        "What [labelled pairs](method.md#guards) do in each mini-batch. `replay`: they are trained on too. `project`: where the update disagrees with their gradient, that part of it is removed. `project_replay`: both.")
                Guard guard,
        @Doc("The pairs of the guard: those of `data.preferences`, or those of `data.trusted_preferences`.")
                Memory guardMemory,
        @Doc("Pairs of the guard per mini-batch; none is 16 for `replay` and 64 for the others.")
                OptionalInt guardBatch,
        @Doc(
                        "Looks that must not tell which answer of the guard's pairs was preferred: pairs are [left out](method.md#balanced-pairs) until as many prefer more of it as prefer less.")
                List<Looks> guardBalance,
        @Doc("Weight of the pairs' Bradley-Terry loss where the guard trains on them; none is 1.")
                OptionalDouble replayWeight) {

    /** A projection needs the direction of the pairs' gradient, where replay needs it on the average only. */
    private static final int REPLAYED = 16;

    private static final int PROJECTED_ON = 64;

    /** {@code save.guard}. */
    public enum Guard {
        OFF,
        REPLAY,
        PROJECT,
        PROJECT_REPLAY;

        /** Whether labelled pairs are trained on. */
        public boolean replays() {
            return this == REPLAY || this == PROJECT_REPLAY;
        }

        /** Whether their gradient takes a part out of the update. */
        public boolean projects() {
            return this == PROJECT || this == PROJECT_REPLAY;
        }
    }

    /** {@code save.guard_memory}. */
    public enum Memory {
        PREFERENCES,
        TRUSTED;

        /** The key of section {@code data} that names the file. */
        public String key() {
            return this == TRUSTED ? "trusted_preferences" : "preferences";
        }

        /** The file, where it is named. */
        public Optional<String> file(DataConfig data) {
            return this == TRUSTED ? data.trustedPreferences() : data.preferences();
        }
    }

    public static GuardConfig defaults() {
        return of(Guard.OFF, Memory.PREFERENCES);
    }

    /** What preset {@code guarded} sets. */
    static GuardConfig guarded() {
        return of(Guard.REPLAY, Memory.PREFERENCES);
    }

    /** What preset {@code auto} sets: pairs that somebody looked at are worth being trained on. */
    static GuardConfig auto(Set<String> files) {
        return files.contains(Memory.TRUSTED.key())
                ? of(Guard.PROJECT_REPLAY, Memory.TRUSTED)
                : of(Guard.PROJECT, Memory.PREFERENCES);
    }

    private static GuardConfig of(Guard guard, Memory memory) {
        return new GuardConfig(guard, memory, OptionalInt.empty(), List.of(), OptionalDouble.empty());
    }

    /** Pairs per mini-batch. */
    public int batch() {
        return guardBatch.orElse(guard.projects() ? PROJECTED_ON : REPLAYED);
    }

    /** Of the Bradley-Terry loss in what is minimised. */
    public double weight() {
        return guard.replays() ? fullWeight() : 0;
    }

    /** The same where the guard trains on the pairs, whether or not it is to. */
    public double fullWeight() {
        return replayWeight.orElse(1);
    }

    /** @throws UserError naming the key when a value is out of range */
    void validate(String section) {
        Ranges in = new Ranges(section);
        guardBatch.ifPresent(pairs -> in.atLeast("guard_batch", pairs, 1));
        in.distinct("guard_balance", guardBalance);
        replayWeight.ifPresent(weight -> {
            in.positive("replay_weight", weight);
            in.within("replay_weight", weight, 0, 1e6);
        });
    }
}
