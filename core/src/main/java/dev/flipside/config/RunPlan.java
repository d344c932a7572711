package dev.flipside.config;

import dev.flipside.config.AnchorConfig.Anchor;
import dev.flipside.config.ControlsConfig.Samples;
import dev.flipside.config.ControlsConfig.ScoredBy;
import dev.flipside.config.GateConfig.Gate;
import dev.flipside.config.GateConfig.Pairs;
import dev.flipside.config.GuardConfig.Guard;
import dev.flipside.config.GuardConfig.Memory;
import dev.flipside.config.SaveConfig.Preset;
import dev.flipside.config.UpdateConfig.Candidates;
import java.util.Optional;

/**
 * What the options of a run come to: which models it holds and what a step does. Whoever needs to know asks here, so
 * that a training, its memory estimate and its checks cannot differ.
 *
 * @param improves the reward model learns while the policy trains
 * @param adapts what of section {@code save} is in force is decided by what the run finds
 * @param penalisesDivergence the policy pays for leaving the reference
 * @param learnsFromInitialPolicy samples of the policy as the round began teach the reward model, in place of the
 *     policy's own
 * @param rescales the policy is updated on scores of the initial reward model, stretched to the scale of the one that
 *     learns
 * @param comparesWithTwin evaluations score with the initial reward model too
 * @param keepsInitialRewardModel a copy of the reward model as each round begins is held
 * @param samplesAgain the policy samples a second time, because its first samples taught the reward model
 * @param scoresAgain the policy's rewards are the improved model's grades of the very samples that taught it
 * @param guard what labelled pairs do beside the update
 * @param guardMemory which pairs those are, where there is a guard
 * @param readsPreferences the pairs that taught the reward model are needed, by the guard or for decisions
 * @param readsTrusted trusted pairs are needed, by the guard, the gate or for decisions
 * @param gatePairs on which an update that makes the reward model worse is rolled back, where there is a gate
 * @param checksValues evaluations compare the value head with many samples a prompt
 */
public record RunPlan(
        boolean improves,
        boolean adapts,
        boolean penalisesDivergence,
        boolean learnsFromInitialPolicy,
        boolean rescales,
        boolean comparesWithTwin,
        boolean keepsInitialRewardModel,
        boolean samplesAgain,
        boolean scoresAgain,
        Guard guard,
        Optional<Memory> guardMemory,
        boolean readsPreferences,
        boolean readsTrusted,
        Optional<Pairs> gatePairs,
        boolean checksValues) {

    static RunPlan of(TrainConfig config) {
        SaveConfig save = config.save();
        boolean improves = save.preset() != Preset.OFF;
        boolean fromPolicy = save.controls().samples() == Samples.POLICY;
        boolean rescales = improves && save.controls().scoredBy() == ScoredBy.INITIAL_RESCALED;
        Guard guard = improves ? save.guarding().guard() : Guard.OFF;
        Optional<Memory> memory = Optional.of(save.guarding().guardMemory()).filter(m -> guard != Guard.OFF);
        Optional<Pairs> asked = Optional.of(save.gating().gatePairs())
                .filter(pairs -> improves && save.gating().gate() == Gate.MCNEMAR);
        boolean adapts = save.preset() == Preset.AUTO;
        boolean twin = improves && config.eval().frozenTwin();
        return new RunPlan(
                improves,
                adapts,
                config.algorithm().resolved().beta().orElseThrow() > 0,
                improves && !fromPolicy,
                rescales,
                twin,
                rescales || twin || improves && save.anchoring().anchor() == Anchor.FROZEN,
                improves && fromPolicy && save.update().candidates() == Candidates.FRESH,
                improves && fromPolicy && save.update().candidates() == Candidates.RESCORE && !rescales,
                guard,
                memory,
                memory.filter(Memory.PREFERENCES::equals).isPresent()
                        || adapts && config.data().preferences().isPresent(),
                memory.filter(Memory.TRUSTED::equals).isPresent()
                        || asked.filter(Pairs.TRUSTED::equals).isPresent()
                        || adapts && config.data().trustedPreferences().isPresent(),
                asked,
                improves && config.eval().valueSamples() > 0);
    }

    /** Whether an update that makes the reward model worse is rolled back. */
    public boolean gates() {
        return gatePairs.isPresent();
    }

    /**
     * Whether a copy of the policy as each round begins is held: for the divergence, or because the reward model learns
     * from its samples.
     */
    public boolean keepsReference() {
        return penalisesDivergence || learnsFromInitialPolicy;
    }
}
