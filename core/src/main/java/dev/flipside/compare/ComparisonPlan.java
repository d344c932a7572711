package dev.flipside.compare;

import dev.flipside.config.ComparisonConfig;
import dev.flipside.config.ComparisonConfig.Outcome;
import dev.flipside.config.TrainConfig;
import dev.flipside.config.UserError;
import dev.flipside.hub.HubInputs;
import dev.flipside.run.FileHash;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What a comparison runs.
 *
 * @param config the question
 * @param base what the arms have in common
 * @param arms in the configuration's order
 */
public record ComparisonPlan(ComparisonConfig config, ComparisonBase base, List<ArmSetting> arms) {
    /** Scores of the reward model that is trained, or that a policy was trained on. */
    private static final Pattern OWN_SCORE =
            Pattern.compile("(eval_)?reward|(eval_)?rewards/reward_model/.*|eval_rm/mean_reward|eval_twin/reward");

    private static final Set<String> NEEDS_GOLD =
            Set.of("eval_gold", "eval_rm/on_policy_accuracy", "eval_rm/spearman_gold", "eval_gold_spearman_length");

    /** @param inputs finds what the configuration names */
    public static ComparisonPlan of(ComparisonConfig config, HubInputs inputs) {
        return of(
                inputs.resolve(config),
                config.base().world().isPresent() ? WorldBase.of(config.base()) : FileBase.of(config.base(), inputs));
    }

    /** With a base of one's own, such as a world with less pre-training. */
    public static ComparisonPlan of(ComparisonConfig config, ComparisonBase base) {
        List<ArmSetting> arms = config.arms().entrySet().stream()
                .map(arm -> ArmSetting.of(arm.getKey(), arm.getValue(), base.builtInArms()))
                .toList();
        return new ComparisonPlan(config, base, arms);
    }

    public Path folder() {
        return Path.of(config.comparison().outputDir());
    }

    public List<Long> seeds() {
        return config.comparison().seeds();
    }

    public int workers() {
        return config.comparison().workers() > 0 ? config.comparison().workers() : base.defaultWorkers();
    }

    public TrainConfig training(long seed, ArmSetting arm, boolean resume) {
        return UserError.under("arms." + arm.name(), () -> base.training(folder(), seed, arm, resume));
    }

    /**
     * A part by its name, for a process that does this one for another. The folder must hold what the other has written
     * before the first run.
     *
     * @param seed whose part it is
     * @param what as {@link ComparisonWork#what} says
     * @throws UserError when the plan has no such part
     */
    public ComparisonWork work(long seed, String what) {
        return SeedWorks.of(this, seed).all().stream()
                .filter(work -> work.what().equals(what))
                .findFirst()
                .orElseThrow(
                        () -> new UserError(
                                "the comparison in " + folder() + " has no part '" + what
                                        + "': its configuration or its base files are others here; make them the same on all machines."));
    }

    /**
     * Checks every arm's configuration and that its runs will measure the outcomes, before anything is registered or
     * run.
     *
     * @throws UserError for the first that does not fit
     */
    public void check() {
        config.comparison().judge().ifPresent(judge -> {
            if (!Files.isDirectory(Path.of(judge.model()))) {
                throw new UserError(
                        "comparison.judge.model: " + judge.model()
                                + " is no directory; name a reward model that no arm trains, such as one of flipside train-rm.");
            }
        });
        long seed = seeds().get(0);
        for (ArmSetting arm : arms) {
            TrainConfig training = training(seed, arm, false);
            for (Outcome outcome : config.comparison().outcomes()) {
                requireMeasured(outcome.metric(), arm.name(), training);
            }
            config.comparison()
                    .judge()
                    .ifPresent(judge -> requireIndependent(Path.of(judge.model()), arm.name(), training));
        }
    }

    private static void requireMeasured(String metric, String arm, TrainConfig training) {
        if (training.rewardModel().model().isPresent()
                && OWN_SCORE.matcher(metric).matches()) {
            throw new UserError(
                    "comparison.outcomes: " + metric
                            + " is the score of the reward model that the policy is trained on, which an arm can raise by changing the reward model; take eval_gold, a programmatic reward (eval_rewards/NAME/mean) or comparison.judge (judge/reward).");
        }
        String where = "comparison.outcomes: arm " + arm + " does not measure " + metric + ": ";
        boolean prompts = training.data().evalPrompts().isPresent();
        boolean heldOutPairs = training.data().evalPreferences().isPresent();
        boolean gold = training.eval().gold().isPresent();
        if (NEEDS_GOLD.contains(metric) && !(gold && prompts)) {
            throw new UserError(where + "it needs eval.gold and data.eval_prompts; set them in the base.");
        }
        if (metric.equals("eval_rm/accuracy") && !heldOutPairs) {
            throw new UserError(where + "it needs data.eval_preferences; set it in the base.");
        }
        if ((metric.equals(RunOutcomes.JUDGE) || metric.startsWith("eval_") && !metric.startsWith("eval_rm/"))
                && !prompts) {
            throw new UserError(where + "it needs data.eval_prompts; set it in the base.");
        }
    }

    /**
     * The judge must not be the model that the arms start from; that one of a later date differs is for the user to
     * know.
     */
    private static void requireIndependent(Path judge, String arm, TrainConfig training) {
        Optional<Path> own = training.rewardModel().model().map(Path::of).filter(Files::isDirectory);
        for (String name : List.of("model.safetensors", "adapter_model.safetensors")) {
            Path weights = judge.resolve(name);
            Path ownWeights = own.map(dir -> dir.resolve(name)).orElse(weights);
            if (own.isPresent()
                    && Files.isRegularFile(weights)
                    && Files.isRegularFile(ownWeights)
                    && sameContent(weights, ownWeights)) {
                throw new UserError(
                        "comparison.judge.model: " + judge + " is the reward model that arm " + arm
                                + " starts from, so it cannot judge independently; train another one, on other data or labels.");
            }
        }
    }

    private static boolean sameContent(Path a, Path b) {
        return FileHash.of(a).get(0).sha256().equals(FileHash.of(b).get(0).sha256());
    }
}
