package dev.flipside.config;

/** A guard: labelled pairs are trained on beside what the reward model teaches itself. */
public record ReplayConfig(
        @Doc(
                        "Weight of the Bradley-Terry loss on labelled pairs in each mini-batch; above 0 it needs `data.preferences`.")
                double replayWeight,
        @Doc("Labelled pairs per mini-batch.") int replayBatch) {

    public static ReplayConfig defaults() {
        return new ReplayConfig(0.0, 16);
    }

    /** What preset {@code guarded} sets. */
    static ReplayConfig guarded() {
        return new ReplayConfig(1.0, defaults().replayBatch());
    }

    /** @throws UserError naming the key when a value is out of range */
    void validate(String section) {
        Ranges in = new Ranges(section);
        in.within("replay_weight", replayWeight, 0, 1e6);
        in.atLeast("replay_batch", replayBatch, 1);
    }
}
