package dev.flipside.compare;

import dev.flipside.config.ComparisonConfig;
import dev.flipside.config.Overrides;
import dev.flipside.config.UserError;
import dev.flipside.world.Arm;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * An arm of a comparison.
 *
 * @param name also its folder's
 * @param description in a few words; may be empty
 * @param inherited overrides ({@code section.key=value}) of the built-in arm that it starts from; what has no effect
 *     beside its own is left out
 * @param own overrides; they win
 */
public record ArmSetting(String name, String description, List<String> inherited, List<String> own) {
    /** What a comparison sets itself, so that the arms of a seed are comparable. */
    private static final List<String> NOT_AN_ARMS = List.of("run.output_dir=", "run.seed=", "run.resume=");

    public ArmSetting {
        inherited = List.copyOf(inherited);
        own = List.copyOf(own);
        for (String override : own) {
            if (NOT_AN_ARMS.stream().anyMatch(override::startsWith)) {
                throw new UserError("arms." + name + ".overrides: " + override
                        + " is the comparison's to set, so that all arms of a seed start alike; remove it.");
            }
        }
    }

    /**
     * Resolves an entry of section {@code arms}.
     *
     * @param builtIn whether the names of {@link Arm} mean these arms: in a world, for which their learning rates are
     *     made
     * @throws UserError when there is no such built-in arm, or nothing says what the arm is
     */
    public static ArmSetting of(String name, ComparisonConfig.Arm arm, boolean builtIn) {
        Optional<String> like = arm.like();
        if (like.isEmpty() && builtIn && arm.overrides().isEmpty()) {
            like = Optional.of(name);
        }
        if (!builtIn && (like.isPresent() || arm.overrides().isEmpty())) {
            throw new UserError(
                    "arms." + name
                            + ": the built-in arms are made for the worlds; with base.train say what is different, such as overrides: [save.preset=off], or overrides: {} for the file as it is.");
        }
        Optional<Arm> base = like.map(l -> named(name, l));
        return new ArmSetting(
                name,
                arm.description().or(() -> base.map(Arm::description)).orElse(""),
                base.map(Arm::overrides).orElse(List.of()),
                arm.overrides().map(Overrides::lines).orElse(List.of()));
    }

    private static Arm named(String name, String like) {
        return Arrays.stream(Arm.values())
                .filter(a -> a.label().equalsIgnoreCase(like))
                .findFirst()
                .orElseThrow(() -> new UserError("arms." + name + ": '" + like + "' is no built-in arm ("
                        + Arrays.stream(Arm.values()).map(Arm::label).collect(Collectors.joining(", "))
                        + "); name one with like, or give overrides."));
    }
}
