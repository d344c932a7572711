package dev.flipside.hub;

import dev.flipside.config.ComparisonConfig;
import dev.flipside.config.DataConfig;
import dev.flipside.config.PolicyConfig;
import dev.flipside.config.RewardModelConfig;
import dev.flipside.config.RewardTrainingConfig;
import dev.flipside.config.TrainConfig;
import dev.flipside.config.UserError;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Paths and names of the Hub, in one place: what is there as a path is a path, what is written like {@code org/name} is
 * looked for in the cache and on the Hub, and anything else is a path of which its reader says what is wrong.
 */
public final class HubInputs {
    private final Optional<Supplier<Hub>> maker;
    private Optional<Hub> hub = Optional.empty();

    private HubInputs(Optional<Supplier<Hub>> maker) {
        this.maker = maker;
    }

    /** @param hub makes it when the first name is met: what has only paths needs no settings of a Hub */
    public HubInputs(Supplier<Hub> hub) {
        this(Optional.of(hub));
    }

    /** Takes every text for a path. */
    public static HubInputs pathsOnly() {
        return new HubInputs(Optional.empty());
    }

    private synchronized Hub hub() {
        if (hub.isEmpty()) {
            hub = Optional.of(maker.orElseThrow().get());
        }
        return hub.get();
    }

    /**
     * A model's directory; of an adapter whose base is a name of the Hub one in which it names a directory.
     *
     * @param where option or key that errors name
     * @throws UserError when it is the name of no model that can be had
     */
    public Path model(String where, String text) {
        Path directory = located(where, RepoType.MODEL, text, name -> hub().model(name));
        return maker.isEmpty() ? directory : UserError.under(where, () -> AdapterBase.joined(directory, () -> hub()));
    }

    /**
     * A file of data; for a dataset of several files the folder that holds them.
     *
     * @param where option or key that errors name
     * @throws UserError when it is the name of no dataset that can be had
     */
    public Path data(String where, String text) {
        return located(where, RepoType.DATASET, text, name -> hub().dataset(name));
    }

    private Path located(String where, RepoType type, String text, Function<HubName, Path> find) {
        Path path = Path.of(text);
        if (maker.isEmpty() || Files.exists(path)) {
            return path;
        }
        return UserError.under(where, () -> {
            Optional<HubName> name = HubName.parse(type, text);
            try {
                return name.map(find).orElse(path);
            } catch (UserError e) {
                throw new UserError(
                        "there is no " + (type == RepoType.MODEL ? "directory " : "file ") + path
                                + ", and as a name of the Hub it cannot be had: " + e.getMessage(),
                        e);
            } catch (HubUnavailableException e) {
                throw new HubUnavailableException(
                        where + ": there is no " + (type == RepoType.MODEL ? "directory " : "file ") + path
                                + " to be taken instead of a name of the Hub. " + e.getMessage(),
                        e);
            }
        });
    }

    /** The configuration with paths where it has names. */
    public TrainConfig resolve(TrainConfig config) {
        PolicyConfig policy = config.policy();
        RewardModelConfig rewardModel = config.rewardModel();
        DataConfig data = config.data();
        return new TrainConfig(
                config.run(),
                policy.withModel(modelText("policy.model", policy.model())),
                rewardModel.withModel(rewardModel.model().map(m -> modelText("reward_model.model", m))),
                new DataConfig(
                        dataText("data.prompts", data.prompts()),
                        data.evalPrompts().map(f -> dataText("data.eval_prompts", f)),
                        data.preferences().map(f -> dataText("data.preferences", f)),
                        data.trustedPreferences().map(f -> dataText("data.trusted_preferences", f)),
                        data.maxTrustedPreferences(),
                        data.evalPreferences().map(f -> dataText("data.eval_preferences", f)),
                        data.longPrompts(),
                        data.maxPrompts(),
                        data.systemPrompt()),
                config.rollout(),
                config.algorithm(),
                config.save(),
                config.eval(),
                config.logging());
    }

    /** The configuration with paths where it has names. */
    public RewardTrainingConfig resolve(RewardTrainingConfig config) {
        RewardTrainingConfig.Data data = config.data();
        return new RewardTrainingConfig(
                config.run(),
                new RewardTrainingConfig.Model(
                        modelText("reward_model.model", config.rewardModel().model()),
                        config.rewardModel().template(),
                        config.rewardModel().lora()),
                new RewardTrainingConfig.Data(
                        dataText("data.preferences", data.preferences()),
                        data.evalPreferences().map(f -> dataText("data.eval_preferences", f)),
                        data.evalFraction(),
                        data.marginColumn(),
                        data.maxLength(),
                        data.longPairs(),
                        data.truncationMode(),
                        data.shuffle(),
                        data.systemPrompt()),
                config.training());
    }

    /** The configuration with the judge's path where it has a name; what the runs are made of is resolved with them. */
    public ComparisonConfig resolve(ComparisonConfig config) {
        ComparisonConfig.Comparison c = config.comparison();
        if (c.judge().isEmpty()) {
            return config;
        }
        ComparisonConfig.Judge judge = c.judge().get();
        return config.withJudge(new ComparisonConfig.Judge(
                modelText("comparison.judge.model", judge.model()), judge.template(), judge.numGenerations()));
    }

    private String modelText(String key, String text) {
        return model(key, text).toString();
    }

    private String dataText(String key, String text) {
        return data(key, text).toString();
    }
}
