package dev.flipside.config;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.ComparisonConfig.Comparison;
import dev.flipside.config.ComparisonConfig.Outcome;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** What a comparison must say before its first run. */
final class ComparisonValidation {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]*");
    /** Folders that a seed has beside its arms. */
    private static final Set<String> TAKEN = Set.of("data", "policy", "reward_model", "run");

    private static final List<String> OF_WORLDS =
            List.of("steps", "pretraining_steps", "model", "pairs", "flipped", "cues", "uneven", "device");
    private static final List<String> OF_FILES = List.of("reward_training", "make", "reward_overrides");
    private static final JsonNode DEFAULTS =
            ConfigReader.tree(ComparisonConfig.defaults()).path("base");

    private ComparisonValidation() {}

    static void check(ReadConfig<ComparisonConfig> reading) {
        ComparisonConfig config = reading.config();
        question(config);
        base(config, reading.given());
        arms(config);
        outcomes(config.comparison());
    }

    private static void question(ComparisonConfig config) {
        Comparison c = config.comparison();
        require(!c.seeds().isEmpty(), "comparison.seeds: no seed is given; write a list such as [1, 2, 3, 4, 5, 6].");
        require(
                new HashSet<>(c.seeds()).size() == c.seeds().size(),
                "comparison.seeds: " + c.seeds() + " names a seed twice; a seed is one pair of runs.");
        require(
                !c.criterion().isBlank(),
                "comparison.criterion is missing; say in one sentence what would count as an answer, before anything runs.");
        require(
                c.detectableEffect().isPresent() && c.detectableEffect().getAsDouble() > 0,
                "comparison.detectable_effect is missing or not positive; give the smallest difference in a primary outcome that would matter.");
        require(c.alpha() > 0 && c.alpha() < 1, "comparison.alpha: " + c.alpha() + " is not between 0 and 1.");
        require(c.workers() >= 0, "comparison.workers: " + c.workers() + " is negative; 0 chooses.");
        c.judge().ifPresent(j -> {
            require(
                    j.model() != null && !j.model().isBlank(),
                    "comparison.judge.model is missing; name the directory of a reward model that no arm trains.");
            require(
                    j.numGenerations().orElse(1) >= 1,
                    "comparison.judge.num_generations: " + j.numGenerations().orElse(1) + " is less than 1.");
        });
    }

    private static void base(ComparisonConfig config, Set<String> given) {
        boolean world = config.base().world().isPresent();
        require(
                world != config.base().train().isPresent(),
                "base: give either world (w or n) or train (a file of flipside train).");
        JsonNode values = ConfigReader.tree(config).path("base");
        for (String key : world ? OF_FILES : OF_WORLDS) {
            // A complete file, as it is written with a comparison, names every key.
            require(
                    !given.contains("base." + key) || values.path(key).equals(DEFAULTS.path(key)),
                    "base." + key + " has no effect with base." + (world ? "world" : "train") + "; remove it.");
        }
        require(config.base().steps().orElse(1) >= 1, "base.steps must be at least 1.");
        require(config.base().pretrainingSteps().orElse(1) >= 1, "base.pretraining_steps must be at least 1.");
        require(config.base().pairs().orElse(1) >= 1, "base.pairs must be at least 1.");
        double flipped = config.base().flipped().orElse(0);
        require(flipped >= 0 && flipped < 1, "base.flipped: " + flipped + " is not a chance below 1.");
        config.base().make().ifPresent(task -> task.validate(key -> "base.make." + key));
    }

    private static void arms(ComparisonConfig config) {
        Set<String> names = config.arms().keySet();
        Comparison c = config.comparison();
        require(names.size() >= 2, "arms: a comparison needs at least two, and there are " + names.size() + ".");
        for (String name : names) {
            require(
                    NAME.matcher(name).matches(),
                    "arms." + name + ": a name is letters, digits, _ and -, because it is also a folder's.");
            require(
                    !TAKEN.contains(name),
                    "arms." + name + ": a seed's folder has another " + name + " already; choose another name.");
        }
        require(
                names.contains(c.baseline()),
                "comparison.baseline: '" + c.baseline() + "' is none of the arms (" + String.join(", ", names) + ").");
        for (String arm : c.criterionArms()) {
            require(
                    names.contains(arm) && !arm.equals(c.baseline()),
                    "comparison.criterion_arms: '" + arm + "' is the baseline or none of the arms ("
                            + String.join(", ", names) + ").");
        }
    }

    private static void outcomes(Comparison c) {
        Set<String> seen = new HashSet<>();
        List<String> primary = new ArrayList<>();
        for (Outcome outcome : c.outcomes()) {
            String metric = outcome.metric();
            require(
                    metric != null && !metric.isBlank(),
                    "comparison.outcomes: an entry has no metric; write {metric: eval_gold, role: primary}.");
            require(seen.add(metric), "comparison.outcomes: " + metric + " is named twice.");
            require(
                    !metric.startsWith("judge/") || c.judge().isPresent(),
                    "comparison.outcomes: " + metric + " needs comparison.judge.model, the reward model that scores.");
            require(
                    outcome.detectableEffect().orElse(1) > 0,
                    "comparison.outcomes: the detectable_effect of " + metric + " is not positive.");
            if (outcome.primary()) {
                primary.add(metric);
            }
        }
        require(
                !primary.isEmpty(),
                "comparison.outcomes: none is primary; write for example {metric: eval_gold, role: primary}.");
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
            throw new UserError(message);
        }
    }
}
