package dev.flipside.config;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import java.util.Set;

/**
 * Section {@code save}: the self-improvement of the reward model (docs/method.md). Not about saving files.
 *
 * <p>A group is no part of a key's name, and must not have the name of a key: Jackson would take the key for the group.
 */
public record SaveConfig(
        @Heading(value = "Everyday keys", purpose = "How fast the reward model learns, and from which completions.")
                @Doc(
                        "`faithful`: no guards. `guarded`: replay, centring, smoothing and the gate. `auto`: held to labelled or trusted pairs, and [changed by what the run finds](method.md#the-preset-auto). `off`: a frozen reward model. A preset [sets other keys](#presets-of-section-save) of this section; keys given beside it win.")
                Preset preset,
        @JsonUnwrapped UpdateConfig update,
        @JsonUnwrapped FilterConfig filtering,
        @Heading(
                        value = "Anchor, contrast and value head",
                        purpose = "What a reward is compared with, and how that comparison becomes a loss.")
                @JsonUnwrapped
                AnchorConfig anchoring,
        @JsonUnwrapped ContrastConfig contrast,
        @JsonUnwrapped ValueHeadConfig valueHead,
        @Heading(
                        value = "Guards",
                        purpose =
                                "What keeps a reward model that teaches itself from drifting away from the labelled pairs.")
                @JsonUnwrapped
                GuardConfig guarding,
        @JsonUnwrapped RegularisationConfig regularisation,
        @JsonUnwrapped GateConfig gating,
        @Heading(
                        value = "Controls",
                        purpose =
                                "What an experiment changes to find out [what of the method matters](method.md#controls).")
                @JsonUnwrapped
                ControlsConfig controls) {

    /** {@code save.preset}. */
    public enum Preset {
        FAITHFUL,
        GUARDED,
        AUTO,
        OFF
    }

    /** Preset {@code faithful} and everything that presets leave alone. */
    public static SaveConfig defaults() {
        return of(Preset.FAITHFUL, Set.of());
    }

    /**
     * The section in which nothing but a preset is given.
     *
     * @param files the keys of section {@code data} that name one: {@code auto} makes use of what there is
     */
    static SaveConfig of(Preset preset, Set<String> files) {
        return switch (preset) {
            case FAITHFUL, OFF ->
                withGuards(preset, GuardConfig.defaults(), RegularisationConfig.defaults(), GateConfig.defaults());
            case GUARDED ->
                withGuards(preset, GuardConfig.guarded(), RegularisationConfig.guarded(), GateConfig.guarded());
            case AUTO ->
                withGuards(preset, GuardConfig.auto(files), RegularisationConfig.defaults(), GateConfig.auto(files));
        };
    }

    private static SaveConfig withGuards(
            Preset preset, GuardConfig guarding, RegularisationConfig regularisation, GateConfig gate) {
        return new SaveConfig(
                preset,
                UpdateConfig.defaults(),
                FilterConfig.defaults(),
                AnchorConfig.defaults(),
                ContrastConfig.defaults(),
                ValueHeadConfig.defaults(),
                guarding,
                regularisation,
                gate,
                ControlsConfig.defaults());
    }

    /** @throws UserError naming the key when a value is out of range */
    void validate(String section) {
        update.validate(section);
        filtering.validate(section);
        anchoring.validate(section);
        contrast.validate(section);
        valueHead.validate(section);
        guarding.validate(section);
        regularisation.validate(section);
        gating.validate(section);
        controls.validate(section);
    }
}
