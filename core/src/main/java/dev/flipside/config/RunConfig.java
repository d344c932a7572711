package dev.flipside.config;

/** Section {@code run}: where the run lives and how long it is. */
public record RunConfig(
        @Doc("Folder of the run: config, metrics, samples, checkpoints and the final models.") String outputDir,
        @Doc("Seed from which every random number of the run is derived.") long seed,
        @Doc("`auto` (the first GPU when there is one), `cpu` or `cuda:N`.") String device,
        @Doc(
                        "Precision of the forward and backward passes. `bfloat16` rounds every matrix of weights to bfloat16 where it is multiplied; weights that learn stay float32. On CUDA what they are multiplied with is rounded too. On the CPU all else stays float32: sampling reads half the bytes. `auto` is `bfloat16` on CUDA and `float32` elsewhere.")
                Precision dtype,
        @Doc("SAVE steps of each round; a step samples one generation batch.") int maxSteps,
        @Doc(
                        "Rounds of co-evolution: policy and reward model of one round start the next. The reference policy is reset and the value head is warmed up again.")
                int rounds,
        @Doc("Steps between checkpoints; 0 writes one at the end only.") int saveSteps,
        @Doc("Checkpoints kept; older ones are deleted.") int saveTotalLimit,
        @Doc("Continue from the newest checkpoint of `output_dir` (the same as `--resume`).") boolean resume,
        @Doc("Format of the final models' weights.") WeightFormat saveDtype,
        @Doc(
                        "`held_out`: the run ends, with the models as they are, at an evaluation that finds the reward model turned. Needs `data.eval_preferences` and no gold. It has turned when it is worse than its best or its start by McNemar's test at 0.01. It has also turned when accuracy is lower and length decides more of the reward at equal label.")
                StopRule stopRule) {

    /** {@code run.stop_rule}. */
    public enum StopRule {
        OFF,
        HELD_OUT
    }

    /** {@code run.dtype}. */
    public enum Precision {
        AUTO,
        FLOAT32,
        BFLOAT16
    }

    /** {@code run.save_dtype}. */
    public enum WeightFormat {
        F32,
        F16,
        BF16
    }

    public static RunConfig defaults() {
        return new RunConfig(
                "runs/flipside", 0, "auto", Precision.AUTO, 100, 1, 50, 2, false, WeightFormat.F32, StopRule.OFF);
    }

    /** @throws UserError naming the key when a value is out of range */
    void validate(String section) {
        Ranges in = new Ranges(section);
        in.atLeast("max_steps", maxSteps, 1);
        in.atLeast("rounds", rounds, 1);
        in.atLeast("save_steps", saveSteps, 0);
        in.atLeast("save_total_limit", saveTotalLimit, 1);
    }
}
