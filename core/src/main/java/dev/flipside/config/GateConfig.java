package dev.flipside.config;

/** A guard: an update that makes the reward model worse on held-out labelled pairs is rolled back. */
public record GateConfig(
        @Doc(
                        "`mcnemar`: an update that makes the model worse on `data.eval_preferences` than it was at first, or than its best, is [rolled back](method.md#the-gate).")
                Gate gate,
        @Doc("Significance of each of the gate's two one-sided tests.") double gateAlpha,
        @Doc("Rollbacks in a row after which the reward model is frozen.") int gatePatience) {

    /** {@code save.gate}. */
    public enum Gate {
        OFF,
        MCNEMAR
    }

    public static GateConfig defaults() {
        return new GateConfig(Gate.OFF, 0.05, 3);
    }

    /** What preset {@code guarded} sets. */
    static GateConfig guarded() {
        return new GateConfig(Gate.MCNEMAR, defaults().gateAlpha(), defaults().gatePatience());
    }

    /** @throws UserError naming the key when a value is out of range */
    void validate(String section) {
        Ranges in = new Ranges(section);
        in.within("gate_alpha", gateAlpha, 0, 1);
        in.atLeast("gate_patience", gatePatience, 1);
    }
}
