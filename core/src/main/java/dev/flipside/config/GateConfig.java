package dev.flipside.config;

import java.util.Set;

/** A guard: an update that makes the reward model worse on labelled pairs is rolled back. */
public record GateConfig(
        @Doc(
                        "`mcnemar`: an update that makes the model worse on labelled pairs than it was at first, or than its best, is [rolled back](method.md#the-gate).")
                Gate gate,
        @Doc(
                        "The pairs that the gate asks: those of `data.eval_preferences`, or those of `data.trusted_preferences`, so that what is reported decides nothing.")
                Pairs gatePairs,
        @Doc("Significance of each of the gate's two one-sided tests.") double gateAlpha,
        @Doc("Rollbacks in a row after which the reward model is frozen.") int gatePatience) {

    /** {@code save.gate}. */
    public enum Gate {
        OFF,
        MCNEMAR
    }

    /** {@code save.gate_pairs}. */
    public enum Pairs {
        HELD_OUT,
        TRUSTED
    }

    public static GateConfig defaults() {
        return new GateConfig(Gate.OFF, Pairs.HELD_OUT, 0.05, 3);
    }

    /** What preset {@code guarded} sets. */
    static GateConfig guarded() {
        return new GateConfig(
                Gate.MCNEMAR,
                defaults().gatePairs(),
                defaults().gateAlpha(),
                defaults().gatePatience());
    }

    /**
     * What preset {@code auto} sets: a gate where there are held-out pairs to ask. It looks at every update, so that a
     * chance finding must be rare; and it is patient, because the preset falls back before.
     */
    static GateConfig auto(Set<String> files) {
        return files.contains("eval_preferences")
                ? new GateConfig(Gate.MCNEMAR, defaults().gatePairs(), 0.01, 5)
                : defaults();
    }

    /** @throws UserError naming the key when a value is out of range */
    void validate(String section) {
        Ranges in = new Ranges(section);
        in.within("gate_alpha", gateAlpha, 0, 1);
        in.atLeast("gate_patience", gatePatience, 1);
    }
}
