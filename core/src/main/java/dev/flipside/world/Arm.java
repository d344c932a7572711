package dev.flipside.world;

import dev.flipside.config.Spelling;
import java.util.List;
import java.util.stream.Stream;

/**
 * A setting of the loop that is compared with the others: the same base configuration with some options of section
 * {@code save} changed, and how many trusted pairs it has.
 */
public enum Arm {
    /** The reward model stays as it is: plain GRPO. */
    FROZEN("the reward model stays as it is", "save.preset=off"),
    /** The method as published. */
    SAVE("faithful SAVE", Setting.faithful()),
    /** With replay of labelled pairs, centring and label smoothing; without the gate. */
    GUARDED("SAVE with replay, centring and smoothing", Setting.faithful("save.preset=guarded", "save.gate=off")),
    /** Control: the same updates with signs drawn at random. */
    RANDOM("control: random signs", Setting.faithful("save.labels=random_signs")),
    /** Control: more Bradley-Terry training on the labelled pairs instead of SAVE. */
    REPLAY(
            "control: labelled pairs again, no SAVE",
            Setting.faithful(
                    "save.contrast_weight=0",
                    "save.guard=replay",
                    "save.guard_batch=32",
                    "save.label_smoothing=0.05",
                    "save.centering=0.01")),
    /** What of an update disagrees with the labelled pairs is removed. */
    PROJECT("SAVE projected on the labelled pairs", Setting.faithful("save.guard=project")),
    /** The same with pairs that have no mistakes. */
    PROJECT_TRUSTED("SAVE projected on 100 trusted pairs", Setting.trusted("save.guard=project")),
    /** And their own gradient is added. */
    PROJECT_REPLAY_TRUSTED(
            "SAVE projected on 100 trusted pairs and trained on them", Setting.trusted("save.guard=project_replay")),
    /** Control: whoever has trusted pairs can train on them alone. */
    TRUSTED(
            "control: 100 trusted pairs alone, no SAVE",
            Setting.trusted("save.contrast_weight=0", "save.guard=replay", "save.guard_batch=64")),
    /** Labels do not see the length. */
    RESIDUALISE("SAVE, length regressed out of the advantages", Setting.faithful("save.residualise=[length]")),
    /** What the run finds decides. */
    AUTO("SAVE with preset auto", Setting.faithful("save.preset=auto", "save.gate=off")),
    /** The same with pairs that have no mistakes. */
    AUTO_TRUSTED(
            "SAVE with preset auto and 100 trusted pairs",
            Setting.trusted("save.preset=auto", "save.guard=project_replay", "save.gate=off")),
    /** Upper bound: signs from the true reward. */
    GOLD("upper bound: true signs", Setting.faithful("save.labels=gold")),
    /** The anchor is the mean of the group's other rewards. */
    LOO("leave-one-out anchor", Setting.without("save.force_anchor=true", "save.anchor=leave_one_out")),
    /** The anchor is the value that the initial reward model gives. */
    FROZEN_ANCHOR("anchor of the initial reward model", Setting.faithful("save.anchor=frozen")),
    /** Control: the anchor of a prompt is another prompt's. */
    SHUFFLED("control: anchors shuffled between prompts", Setting.faithful("save.anchor=shuffled")),
    /** Control, is the anchor needed? Bradley-Terry over every positive and negative of a prompt. */
    PAIRWISE("control: pairwise loss", Setting.faithful("save.rm_loss=pairwise")),
    /** Control: the reward model learns from samples of the policy as it was at first. */
    INITIAL(
            "control: taught by samples of the initial policy",
            Setting.without("save.candidates=rescore", "save.samples=initial")),
    /** Control: does SAVE do more than stretch the rewards? */
    TEMPERATURE(
            "control: initial rewards, stretched as SAVE stretches them",
            Setting.faithful("save.scored_by=initial_rescaled")),
    /** The policy is updated on new samples. */
    FRESH("fresh candidates", Setting.without("save.candidates=rescore")),
    /** The value head is fitted by gradient descent. */
    SGD("value head by gradient descent", Setting.faithful("save.value_warmup=sgd"));

    private final String description;
    private final List<String> overrides;

    Arm(String description, String... overrides) {
        this(description, List.of(overrides));
    }

    Arm(String description, List<String> overrides) {
        this.description = description;
        this.overrides = overrides;
    }

    /** The name on the command line, in reports and of the run's folder. */
    public String label() {
        return Spelling.of(this);
    }

    /** What it is, in a few words. */
    public String description() {
        return description;
    }

    /** What it changes in the base configuration: {@code section.key=value}. */
    public List<String> overrides() {
        return overrides;
    }

    /** Options that several arms share. */
    private static final class Setting {
        private static final List<String> FAITHFUL = List.of(
                "save.learning_rate=2.0e-4",
                "save.value_learning_rate=1.0e-2",
                "save.max_grad_norm=0",
                "save.candidates=rescore",
                "save.mask_truncated=false",
                // No arm is to be one treatment in some seeds and another one in others.
                "save.force_anchor=true",
                // With the half as many that are held out for R^2, exactly the 81 prompts of the loop.
                "save.value_warmup_prompts=54");

        static List<String> faithful(String... changes) {
            return Stream.concat(FAITHFUL.stream(), Stream.of(changes)).toList();
        }

        static List<String> trusted(String... changes) {
            return Stream.concat(
                            faithful("save.guard_memory=trusted", "data.max_trusted_preferences=100").stream(),
                            Stream.of(changes))
                    .toList();
        }

        static List<String> without(String override, String... changes) {
            return Stream.concat(FAITHFUL.stream().filter(o -> !o.equals(override)), Stream.of(changes))
                    .toList();
        }
    }
}
