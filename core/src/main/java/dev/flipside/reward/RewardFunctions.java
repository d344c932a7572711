package dev.flipside.reward;

import dev.flipside.config.Spelling;
import dev.flipside.config.UserError;
import dev.flipside.reward.RewardFunction.Sample;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.SortedMap;
import java.util.TreeMap;

/** The reward functions that a configuration can name: the built-in ones, and those on the class path. */
public final class RewardFunctions {
    private static final List<RewardFunction> BUILT_IN = List.of(
            new ExactAnswerReward(),
            new HttpReward(),
            new IfEvalReward(),
            new LengthReward(1, 0),
            new MathAnswerReward(),
            new ProcessReward(),
            new RegexFormatReward(),
            new RepetitionReward(3, -1),
            new StoryReward());

    private RewardFunctions() {}

    /** Those that are part of this library, by name. What they score before they are configured has no meaning. */
    public static List<RewardFunction> builtIn() {
        return BUILT_IN;
    }

    /**
     * All that a configuration can name, by name.
     *
     * @throws UserError when two have one name or a service cannot be loaded
     */
    public static List<RewardFunction> known() {
        return List.copyOf(byName(ServiceLoader.load(RewardFunction.class)).values());
    }

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
                .orElseThrow(() -> new UserError("There is no reward function named '" + name + "'"
                        + Spelling.suggestion(name, List.copyOf(known.keySet())) + "; known are "
                        + String.join(", ", known.keySet())
                        + "; a function of your own must be on the class path and named in META-INF/services/"
                        + RewardFunction.class.getName() + "."))
                .configure(options);
    }

    /**
     * What a function says of samples, held to what it has to return.
     *
     * @param label names it in errors
     * @throws UserError when it throws, returns another number of rewards, or an infinite one
     * @throws RewardUnavailableException when it asks a server that gives no answer
     */
    public static double[] ask(String label, RewardFunction function, List<Sample> samples) {
        double[] rewards;
        try {
            rewards = function.score(samples);
        } catch (UserError | RewardUnavailableException e) {
            throw e;
        } catch (RuntimeException | StackOverflowError e) {
            throw new UserError("Reward function '" + label + "' has failed: " + described(e) + "; mend it.", e);
        }
        if (rewards.length != samples.size()) {
            throw new UserError("Reward function '" + label + "' returned " + rewards.length + " rewards for "
                    + samples.size() + " samples; it must return one per sample.");
        }
        if (Arrays.stream(rewards).anyMatch(Double::isInfinite)) {
            throw new UserError("Reward function '" + label
                    + "' returned an infinite reward; return NaN for what cannot be judged.");
        }
        return rewards;
    }

    /** The kind of a failure, what it says, and where it was thrown. */
    private static String described(Throwable failure) {
        String message = Optional.ofNullable(failure.getMessage()).orElse("").strip();
        String what = failure.getClass().getSimpleName()
                + (message.isEmpty() ? "" : ": " + message.lines().findFirst().orElseThrow());
        String place = Arrays.stream(failure.getStackTrace())
                .filter(frame -> !frame.getClassName().matches("(java|jdk)\\..*"))
                .findFirst()
                .map(frame -> " (in " + frame.getClassName().replaceFirst(".*\\.", "") + "." + frame.getMethodName()
                        + ", line " + frame.getLineNumber() + ")")
                .orElse("");
        return (what.endsWith(".") ? what.substring(0, what.length() - 1) : what) + place;
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
