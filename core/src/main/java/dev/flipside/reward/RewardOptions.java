package dev.flipside.reward;

import dev.flipside.config.Spelling;
import dev.flipside.config.UserError;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Reads the options that a configuration gives a reward function, and tells all that are wrong at once.
 *
 * <pre>{@code
 * RewardOptions options = new RewardOptions(this, given);
 * int size = options.get(SIZE);
 * options.require(size >= 1, "must be at least 1, not " + size, SIZE);
 * options.end();
 * return new MyReward(size);
 * }</pre>
 */
public final class RewardOptions {
    private final RewardFunction function;
    private final Map<String, Object> given;
    private final List<String> problems = new ArrayList<>();
    private final Set<RewardOption<?>> wrong = new HashSet<>();

    /** @param given as {@link RewardFunction#configure} gets them */
    public RewardOptions(RewardFunction function, Map<String, Object> given) {
        this.function = function;
        this.given = given;
    }

    /** The value of an option that is required or has a default; something neutral where it is wrong. */
    public <T> T get(RewardOption<T> option) {
        Optional<T> found = find(option).or(option::standard);
        if (found.isEmpty() && !wrong.contains(option)) {
            if (!option.required()) {
                throw new IllegalStateException(option.name() + " has no default");
            }
            problem("is missing", option);
        }
        return found.orElse(option.type().neutral());
    }

    /** The value of an option where it is given. */
    public <T> Optional<T> find(RewardOption<T> option) {
        if (!function.options().contains(option)) {
            throw new IllegalStateException(function.name() + " does not list its option " + option.name());
        }
        Object value = given.get(option.name());
        if (value == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(option.type().read(value));
        } catch (IllegalArgumentException e) {
            problem(e.getMessage(), option);
            return Optional.empty();
        }
    }

    /**
     * Keeps a problem of an option unless something holds.
     *
     * @param problem such as "must be at least 1, not 0"
     * @param option that is wrong then
     * @param compared others that it is compared with: nothing is said where one of them is wrong already
     */
    public void require(boolean holds, String problem, RewardOption<?> option, RewardOption<?>... compared) {
        boolean judged = !wrong.contains(option) && List.of(compared).stream().noneMatch(wrong::contains);
        if (judged && !holds) {
            problem(problem, option);
        }
    }

    /**
     * Call last, before the function is made.
     *
     * @throws UserError naming every option that is wrong, is missing or does not exist
     */
    public void end() {
        List<String> names = function.options().stream().map(RewardOption::name).toList();
        List<String> unknown = given.keySet().stream()
                .filter(name -> !names.contains(name))
                .map(name -> "'" + name + "'" + Spelling.suggestion(name, names))
                .toList();
        if (!unknown.isEmpty()) {
            problems.add((unknown.size() == 1 ? "option " : "options ") + String.join(" and ", unknown)
                    + (unknown.size() == 1 ? " is" : " are") + " not known; the options are "
                    + String.join(", ", names));
        }
        if (!problems.isEmpty()) {
            throw new UserError("Reward function '" + function.name() + "': " + String.join("; ", problems) + ".");
        }
    }

    private void problem(String problem, RewardOption<?> option) {
        if (wrong.add(option)) {
            problems.add("option '" + option.name() + "' " + problem);
        }
    }
}
