package dev.flipside.train;

import dev.flipside.config.ControlsConfig.Labels;
import dev.flipside.config.TrainConfig;
import dev.flipside.config.UserError;
import dev.flipside.data.PromptExample;
import dev.flipside.reward.RewardFunction;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Whether reward functions find in the rows of prompts what they need. A row without it is NaN for a function, so that
 * rows of several tasks can stand in one file; a function that could judge no row at all is a mistake that would
 * otherwise show in the middle of a run, or never.
 *
 * @param key of the configuration, for errors
 * @param prompts how many there are
 * @param judged how many each function can judge, by its name
 * @param unjudged how many nothing can judge
 * @param held the names of the columns that some row has
 */
public record ReferenceCheck(String key, int prompts, Map<String, Integer> judged, int unjudged, TreeSet<String> held) {
    private static final int SHOWN = 60;

    /**
     * Asks every function of every prompt.
     *
     * @param rewardModel whether a reward model judges all of them
     * @throws UserError where a column holds something that a function cannot read
     */
    public static ReferenceCheck of(
            String key, List<PromptExample> prompts, List<RewardFunction> functions, boolean rewardModel) {
        Map<String, Integer> judged = new LinkedHashMap<>();
        functions.forEach(function -> judged.put(function.name(), 0));
        TreeSet<String> held = new TreeSet<>();
        int unjudged = 0;
        for (PromptExample prompt : prompts) {
            held.addAll(prompt.columns().keySet());
            boolean any = rewardModel;
            for (RewardFunction function : functions) {
                boolean judges = judges(key, function, prompt);
                judged.merge(function.name(), judges ? 1 : 0, Integer::sum);
                any |= judges;
            }
            unjudged += any ? 0 : 1;
        }
        return new ReferenceCheck(key, prompts.size(), judged, unjudged, held);
    }

    private static boolean judges(String key, RewardFunction function, PromptExample prompt) {
        try {
            return function.judges(prompt.prompt(), prompt.columns());
        } catch (UserError e) {
            String text = prompt.prompt().last().content();
            String beginning = text.substring(0, Math.min(SHOWN, text.length())).replace('\n', ' ');
            throw new UserError(key + ", the row whose prompt begins \"" + beginning + "\": " + e.getMessage(), e);
        }
    }

    /** What makes training pointless: a function that can judge no row. */
    Optional<String> problem(List<RewardFunction> functions) {
        return functions.stream()
                .filter(function -> judged.get(function.name()) == 0)
                .findFirst()
                .map(function -> "reward function '" + function.name() + "' can judge none of the " + prompts
                        + " prompts: it needs " + needs(function) + ", the rows have "
                        + (held.isEmpty() ? "no further columns" : held)
                        + "; add what is missing, or name the right column as an option of the function");
    }

    private static String needs(RewardFunction function) {
        return function.columns().isEmpty()
                ? "something that none of them has"
                : "the column" + (function.columns().size() > 1 ? "s " : " ") + "'"
                        + String.join("' and '", function.columns()) + "' with something to compare";
    }

    /** What is to be known though training can go on; sentences without a full stop. */
    public List<String> remarks() {
        List<String> remarks = new ArrayList<>();
        judged.forEach((name, count) -> {
            if (count < prompts) {
                remarks.add("reward function '" + name + "' can judge " + count + " of " + prompts
                        + " prompts; for the others it gives NaN and does not count");
            }
        });
        if (unjudged > 0) {
            remarks.add("nothing can judge " + unjudged + " of " + prompts
                    + " prompts: their completions teach nothing and are counted in rewards/unscorable_frac");
        }
        return remarks;
    }

    /**
     * The checks of a run's prompts, and of its held-out ones where there are some.
     *
     * @param functions that are part of the reward
     * @param gold measures beside them; on either set of prompts, except where it labels
     * @throws UserError where a function of the reward can judge no prompt, nothing can judge a held-out one, or gold
     *     can judge none
     */
    public static List<ReferenceCheck> require(
            TrainConfig config,
            List<PromptExample> prompts,
            List<PromptExample> evalPrompts,
            List<RewardFunction> functions,
            Optional<RewardFunction> gold) {
        boolean model = config.rewardModel().model().isPresent();
        List<ReferenceCheck> checks = new ArrayList<>();
        ReferenceCheck training = of("data.prompts", prompts, functions, model);
        training.problem(functions).ifPresent(training::refuse);
        checks.add(training);
        if (!evalPrompts.isEmpty()) {
            ReferenceCheck heldOut = of("data.eval_prompts", evalPrompts, functions, model);
            if (heldOut.unjudged() == heldOut.prompts()) {
                heldOut.problem(functions).ifPresent(heldOut::refuse);
            }
            checks.add(heldOut);
        }
        gold.ifPresent(function -> requireGold(config, prompts, evalPrompts, function));
        return checks;
    }

    private static void requireGold(
            TrainConfig config, List<PromptExample> prompts, List<PromptExample> evalPrompts, RewardFunction gold) {
        List<PromptExample> asked = new ArrayList<>(prompts);
        if (config.save().controls().labels() != Labels.GOLD) {
            asked.addAll(evalPrompts);
        }
        ReferenceCheck check = of("eval.gold", asked, List.of(gold), false);
        check.problem(List.of(gold)).ifPresent(check::refuse);
    }

    private void refuse(String problem) {
        throw new UserError(key + ": " + problem + ".");
    }
}
