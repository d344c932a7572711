package dev.flipside.config;

import java.util.List;

/** Which completions are clear enough to teach the reward model. */
public record FilterConfig(
        @Doc(
                        "Which advantages over the anchor are clear enough to teach. `std`: those that are large against the group's standard deviation. `absolute`: those beyond a number. `fraction`: the outermost of a group. `none`: all.")
                Filter filter,
        @Doc(
                        "`std`: multiples of the group's standard deviation. `absolute`: the least |advantage|. `fraction`: the share at each end.")
                double filterThreshold,
        @Doc(
                        "The least standard deviation that filter `std` takes for a group's. It is a multiple of the initial reward model's mean over the groups of `calibration_prompts`.")
                double filterFloor,
        @Doc("Prompts on which that mean is measured.") int calibrationPrompts,
        @Doc(
                        "[Cut completions](method.md#what-happens-to-a-cut-completion) teach nothing: they are left out of positives, negatives and the value target.")
                boolean maskTruncated,
        @Doc(
                        "What of a completion's looks is [regressed out](method.md#what-the-advantages-must-not-see) of the advantages within groups before they are filtered. `length`: tokens. `markdown`: headers, list items and bold passages.")
                List<Looks> residualise) {

    /** {@code save.filter}. */
    public enum Filter {
        STD,
        ABSOLUTE,
        FRACTION,
        NONE
    }

    public static FilterConfig defaults() {
        return new FilterConfig(Filter.STD, 0.5, 0.3, 32, true, List.of());
    }

    /** @throws UserError naming the key when a value is out of range */
    void validate(String section) {
        Ranges in = new Ranges(section);
        in.within("filter_threshold", filterThreshold, 0, filter == Filter.FRACTION ? 0.5 : 1e6);
        in.within("filter_floor", filterFloor, 0, 1e6);
        in.atLeast("calibration_prompts", calibrationPrompts, 1);
        in.distinct("residualise", residualise);
    }
}
