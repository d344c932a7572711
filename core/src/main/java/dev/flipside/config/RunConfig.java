package dev.flipside.config;

/** Section {@code run}: where the run lives and how long it is. */
public record RunConfig(
        @Doc("Folder of the run: config, metrics, samples, checkpoints and the final models.") String outputDir,
        @Doc("Seed from which every random number of the run is derived.") long seed,
        @Doc("auto (the first GPU when there is one), cpu or cuda:N.") String device,
        @Doc(
                        "Precision of the forward and backward passes: float32, or bfloat16 (autocast over float32 weights) on CUDA; auto is bfloat16 on CUDA.")
                Precision dtype,
        @Doc("SAVE steps of each round; a step samples one generation batch.") int maxSteps,
        @Doc(
                        "Rounds of co-evolution: policy and reward model of one round start the next, the reference policy is reset, the value head is warmed up again.")
                int rounds,
        @Doc("Steps between checkpoints; 0 writes one at the end only.") int saveSteps,
        @Doc("Checkpoints kept; older ones are deleted.") int saveTotalLimit,
        @Doc("Continue from the newest checkpoint of output_dir (the same as --resume).") boolean resume,
        @Doc("Format of the final models' weights: f32, f16 or bf16.") WeightFormat saveDtype,
        @Doc(
                        "off, or held_out: at an evaluation in which held-out labelled pairs say that the reward model has turned (it is worse than its best or its start by McNemar's test at 0.01, or accuracy is lower and length decides more of the reward at equal label) the run ends with the models as they are. Needs no gold.")
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
}
