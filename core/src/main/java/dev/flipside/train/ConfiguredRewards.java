package dev.flipside.train;

import dev.flipside.config.TrainConfig;
import dev.flipside.config.UserError;
import dev.flipside.reward.LabelledReward;
import dev.flipside.reward.RewardFunction;
import dev.flipside.reward.RewardFunctions;
import dev.flipside.reward.RewardTerm;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The reward functions that a configuration names, for as long as a run takes.
 *
 * @param terms of the reward, those of a program that trains included
 * @param own those of {@code terms} that are of the configuration
 * @param gold the function that knows the truth
 */
public record ConfiguredRewards(List<RewardTerm> terms, List<RewardTerm> own, Optional<RewardFunction> gold)
        implements AutoCloseable {
    private static final String FUNCTIONS = "reward_model.functions";

    /** Functions of the configuration alone. */
    public static ConfiguredRewards of(TrainConfig config) {
        return of(config, List.of());
    }

    /**
     * Functions of the configuration behind those that a program brings.
     *
     * @param added not closed here
     * @throws UserError naming all that is wrong with their names, labels, weights and options
     */
    static ConfiguredRewards of(TrainConfig config, List<RewardTerm> added) {
        List<String> problems = new ArrayList<>();
        List<RewardTerm> own = new ArrayList<>();
        Set<String> labels = new HashSet<>(Set.of(RewardSignal.MODEL));
        added.forEach(term -> labels.add(term.label()));
        List<Map<String, Object>> functions = config.rewardModel().functions();
        for (int i = 0; i < functions.size(); i++) {
            Map<String, Object> entry = functions.get(i);
            String key = functions.size() == 1 ? FUNCTIONS : FUNCTIONS + ", entry " + (i + 1);
            kept(problems, () -> term(key, entry)).ifPresent(term -> {
                if (!labels.add(term.label())) {
                    problems.add(key + ": the label '" + term.label()
                            + "' is taken, so that metrics would overwrite each other; give the entry a label of its own, such as {name: "
                            + entry.get("name") + ", label: another}.");
                }
                own.add(term);
            });
        }
        Optional<RewardFunction> gold =
                config.eval().gold().flatMap(entry -> kept(problems, () -> named("eval.gold", entry)));
        if (!problems.isEmpty()) {
            throw UserError.all(problems);
        }
        List<RewardTerm> terms = new ArrayList<>(added);
        terms.addAll(own);
        return new ConfiguredRewards(List.copyOf(terms), List.copyOf(own), gold);
    }

    private static <T> Optional<T> kept(List<String> problems, Supplier<T> made) {
        try {
            return Optional.of(made.get());
        } catch (UserError e) {
            problems.add(e.getMessage());
            return Optional.empty();
        }
    }

    private static RewardTerm term(String key, Map<String, Object> entry) {
        List<String> problems = new ArrayList<>();
        Map<String, Object> description = new LinkedHashMap<>(entry);
        Object weight = Optional.ofNullable(description.remove("weight")).orElse(1.0);
        Object label = Optional.ofNullable(description.remove("label")).orElse("");
        if (!(weight instanceof Number)) {
            problems.add(key + ": weight '" + weight + "' is not a number.");
        }
        boolean labelled = !label.equals("");
        if (labelled && !(label instanceof String text && text.matches("\\w{1,64}"))) {
            problems.add(key + ": label '" + label
                    + "' names metrics, so it is made of letters, digits and underscores; choose another.");
        }
        Optional<RewardFunction> function = kept(problems, () -> named(key, description));
        if (!problems.isEmpty()) {
            throw UserError.all(problems);
        }
        RewardFunction found =
                labelled ? new LabelledReward(String.valueOf(label), function.orElseThrow()) : function.orElseThrow();
        return new RewardTerm(found.name(), found, ((Number) weight).doubleValue());
    }

    /** The function that a map {name, and its options} describes. */
    private static RewardFunction named(String key, Map<String, Object> description) {
        Map<String, Object> options = new LinkedHashMap<>(description);
        Object name = options.remove("name");
        if (!(name instanceof String text)) {
            throw new UserError(
                    key + ": an entry is a map with a name, such as {name: length, weight: 0.1}; this one has "
                            + description.keySet() + ".");
        }
        return UserError.under(key, () -> RewardFunctions.find(text, options));
    }

    /** All functions of the reward. */
    public List<RewardFunction> functions() {
        return terms.stream().map(RewardTerm::function).toList();
    }

    /** Ends what the functions of the configuration hold. */
    @Override
    public void close() {
        own.forEach(term -> term.function().close());
        gold.ifPresent(RewardFunction::close);
    }
}
