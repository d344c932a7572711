package dev.flipside.config;

/** The file of {@code flipside train}: the SAVE loop. */
public record TrainConfig(
        @Doc("Where the run lives and how long it is.") RunConfig run,
        @Doc("The language model that is trained, and its optimiser.") PolicyConfig policy,
        @Doc("What grades a completion. How the reward model itself learns is section `save`.")
                RewardModelConfig rewardModel,
        @Doc("The files of the run: JSONL(.gz), JSON, CSV or Parquet.") DataConfig data,
        @Doc("How completions are sampled.") RolloutConfig rollout,
        @Doc("How rewards become a policy update.") AlgorithmConfig algorithm,
        @Doc(
                        "How the reward model improves itself while the policy trains ([method.md](method.md)). Not about saving files.")
                SaveConfig save,
        @Doc("What is measured on held-out data: at step 0, every `eval_steps` and at the end of a round.")
                EvalConfig eval,
        @Doc("What the run writes besides its models.") LoggingConfig logging) {

    /** What these options come to. */
    public RunPlan plan() {
        return RunPlan.of(this);
    }

    public static TrainConfig defaults() {
        return new TrainConfig(
                RunConfig.defaults(),
                PolicyConfig.defaults(),
                RewardModelConfig.defaults(),
                DataConfig.defaults(),
                RolloutConfig.defaults(),
                AlgorithmConfig.defaults(),
                SaveConfig.defaults(),
                EvalConfig.defaults(),
                LoggingConfig.defaults());
    }

    /** @throws UserError naming the key when a value is out of range */
    void validate() {
        run.validate("run");
        policy.validate("policy");
        rewardModel.validate("reward_model");
        data.validate("data");
        rollout.validate("rollout");
        algorithm.validate("algorithm");
        save.validate("save");
        eval.validate("eval");
        logging.validate("logging");
    }
}
