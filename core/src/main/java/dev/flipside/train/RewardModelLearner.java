package dev.flipside.train;

import dev.flipside.engine.AdamW;
import dev.flipside.model.RewardModel;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** How the reward model learns while the policy trains: what SAVE and its controls differ in. */
sealed interface RewardModelLearner extends AutoCloseable permits Frozen, SelfImproving {
    /**
     * Whether the policy is to be updated on second samples in this step.
     *
     * @param step its number, of the step that comes next
     */
    boolean samplesAgain(long step);

    /** What is in force from the next step on. */
    void follow(Course course);

    /** Lets the policy's samples teach the reward model, and says which samples the policy is to be updated on. */
    Lesson improve(Drawn drawn, Step step);

    /** Whose scores the policy is updated on, unless functions alone grade. */
    Optional<Grader> judge();

    /** What the beginning of the round decided, kept in checkpoints. */
    RoundStart start();

    /** What a checkpoint keeps besides the policy, by folder. */
    Map<String, RewardModel> models();

    /** Whose moments a checkpoint keeps. */
    List<AdamW> optimisers();

    /** What a checkpoint keeps of the gate, where there is one. */
    Optional<GateState> gate();

    /** Continues where a checkpoint was written. */
    void restoreGate(GateState state);

    /** The round ends: what the next one begins with is put in its place. */
    void settle();

    @Override
    void close();
}
