package dev.flipside.reward;

import dev.flipside.config.UserError;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The reward functions that a configuration can name: {@code length}, {@code regex_format}, {@code exact_answer},
 * {@code math_answer}, {@code ifeval}, {@code repetition}, {@code story}, and those on the class path.
 */
public final class RewardFunctions {
    private static final List<RewardFunction> BUILT_IN = List.of(
            new LengthReward(1, 0),
            new RegexFormatReward(),
            new ExactAnswerReward(),
            new MathAnswerReward("answer"),
            new IfEvalReward(false, false),
            new RepetitionReward(3, -1),
            new StoryReward(1, 1, 1, 1));

    private RewardFunctions() {}

    /**
     * The function of that name, configured.
     *
     * @param options as the configuration gives them; empty for none
     * @throws UserError when no function or more than one has this name, when a service cannot be loaded, or for what
     *     {@link RewardFunction#configure} refuses
     */
    public static RewardFunction find(String name, Map<String, Object> options) {
        return find(name, options, ServiceLoader.load(RewardFunction.class));
    }

    static RewardFunction find(String name, Map<String, Object> options, Iterable<RewardFunction> provided) {
        SortedMap<String, RewardFunction> known = byName(provided);
        return Optional.ofNullable(known.get(name))
                .orElseThrow(() -> new UserError("There is no reward function named '" + name + "'; known are "
                        + String.join(", ", known.keySet())
                        + "; a function of your own must be on the class path and named in META-INF/services/"
                        + RewardFunction.class.getName() + "."))
                .configure(options);
    }

    private static SortedMap<String, RewardFunction> byName(Iterable<RewardFunction> provided) {
        SortedMap<String, RewardFunction> known = new TreeMap<>();
        BUILT_IN.forEach(function -> known.put(function.name(), function));
        try {
            for (RewardFunction function : provided) {
                RewardFunction other = known.put(function.name(), function);
                if (other != null) {
                    throw new UserError("Two reward functions are named '" + function.name() + "': "
                            + other.getClass().getName() + " and "
                            + function.getClass().getName()
                            + "; rename one, or take one off the class path.");
                }
            }
        } catch (ServiceConfigurationError e) {
            throw new UserError("A reward function on the class path cannot be loaded: " + e.getMessage() + ".", e);
        }
        return known;
    }
}
