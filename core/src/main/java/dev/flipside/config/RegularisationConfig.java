package dev.flipside.config;

import java.util.OptionalDouble;

/** Guards: what holds the level and the scale of the rewards. */
public record RegularisationConfig(
        @Doc("Weight of the squared group mean, against drift of the level.") double centering,
        @Doc("Label smoothing of the contrast and of the guard's pairs.") double labelSmoothing,
        @Doc("Contrast terms stop pushing beyond this margin; none is off.") OptionalDouble marginCap) {

    public static RegularisationConfig defaults() {
        return new RegularisationConfig(0.0, 0.0, OptionalDouble.empty());
    }

    /** What preset {@code guarded} sets. */
    static RegularisationConfig guarded() {
        return new RegularisationConfig(0.01, 0.05, defaults().marginCap());
    }

    /** @throws UserError naming the key when a value is out of range */
    void validate(String section) {
        Ranges in = new Ranges(section);
        in.within("centering", centering, 0, 1e6);
        in.within("label_smoothing", labelSmoothing, 0, 0.5);
        marginCap.ifPresent(cap -> in.positive("margin_cap", cap));
    }
}
