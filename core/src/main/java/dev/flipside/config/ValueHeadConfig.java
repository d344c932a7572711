package dev.flipside.config;

/** How the value head, which predicts a prompt's mean reward, is begun and fitted. */
public record ValueHeadConfig(
        @Doc(
                        "What v is fitted to. `group_mean` and `leave_one_out` are of the snapshot's rewards. `improved`: the updated model's group mean, fitted after the update.")
                ValueTarget valueTarget,
        @Doc("How much of the value loss's gradient reaches the backbone.") double valueBackboneWeight,
        @Doc(
                        "The value head before the warm-up. `zeros`: nothing learnt. `reward_head`: a copy of the reward head. `saved`: `value_head.safetensors` of the model.")
                ValueHeadInit valueHeadInit,
        @Doc(
                        "How v is fitted to the initial reward model before the loop. `ridge`: in closed form, with a penalty chosen on held-out prompts. `sgd`: by descent. `off`: not at all.")
                ValueWarmup valueWarmup,
        @Doc(
                        "Prompts of the warm-up, each with `rollout.num_generations` samples. Half as many more are held out for R^2.")
                int valueWarmupPrompts) {

    /** {@code save.value_target}. */
    public enum ValueTarget {
        GROUP_MEAN,
        LEAVE_ONE_OUT,
        IMPROVED
    }

    /** {@code save.value_head_init}. */
    public enum ValueHeadInit {
        ZEROS,
        REWARD_HEAD,
        SAVED
    }

    /** {@code save.value_warmup}. */
    public enum ValueWarmup {
        RIDGE,
        SGD,
        OFF
    }

    public static ValueHeadConfig defaults() {
        return new ValueHeadConfig(ValueTarget.GROUP_MEAN, 0.0, ValueHeadInit.ZEROS, ValueWarmup.RIDGE, 64);
    }

    /** @throws UserError naming the key when a value is out of range */
    void validate(String section) {
        Ranges in = new Ranges(section);
        in.within("value_backbone_weight", valueBackboneWeight, 0, 1e6);
        in.atLeast("value_warmup_prompts", valueWarmupPrompts, 4);
    }
}
