package dev.flipside.compare;

import dev.flipside.config.ComparisonConfig.Base;
import dev.flipside.config.ConfigReader;
import dev.flipside.config.RewardTrainingConfig;
import dev.flipside.config.RunPlan;
import dev.flipside.config.Spelling;
import dev.flipside.config.TaskConfig;
import dev.flipside.config.TrainConfig;
import dev.flipside.config.UserError;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.hub.HubInputs;
import dev.flipside.task.TaskFolder;
import dev.flipside.task.TaskMaker;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Runs of an ordinary file of {@code flipside train}.
 *
 * @param train the file
 * @param overrides that all arms share
 * @param rewardTraining a file of {@code flipside train-rm} for each seed's initial reward model; empty when the train
 *     file names one
 * @param make a task whose data take the place of those that the files name; empty when these count
 * @param rewardOverrides changes to the reward training
 * @param inputs finds what the files name
 */
public record FileBase(
        Path train,
        List<String> overrides,
        Optional<Path> rewardTraining,
        Optional<TaskConfig> make,
        List<String> rewardOverrides,
        HubInputs inputs)
        implements ComparisonBase {
    private static final String REWARD_MODEL = "reward_model";

    public static FileBase of(Base base, HubInputs inputs) {
        return new FileBase(
                Path.of(base.train().orElseThrow()),
                base.overrides().lines(),
                base.rewardTraining().map(Path::of),
                base.make(),
                base.rewardOverrides().lines(),
                inputs);
    }

    @Override
    public String title() {
        return train.toString();
    }

    @Override
    public List<Path> files() {
        List<Path> files = new ArrayList<>(List.of(train));
        rewardTraining.ifPresent(files::add);
        return files;
    }

    /** A run of such models uses all cores itself. */
    @Override
    public int defaultWorkers() {
        return 1;
    }

    @Override
    public int threads(int workers) {
        return Math.max(1, NativeLibrary.threads() / workers);
    }

    @Override
    public boolean knowsStart() {
        return make.isPresent() && rewardTraining.isPresent();
    }

    @Override
    public boolean builtInArms() {
        return false;
    }

    /** The files are there already, or are made as work that the arms share; a task must have prompts enough. */
    @Override
    public void write(Path comparison, long seed) {
        make.ifPresent(task -> UserError.under("base.make", () -> new TaskMaker(task, seed).checked()));
    }

    @Override
    public List<ComparisonWork> shared(Path comparison, long seed) {
        List<ComparisonWork> works = new ArrayList<>();
        make.ifPresent(task -> {
            // What all arms begin with need not be a run by itself.
            TrainConfig common = ConfigReader.unchecked(train, overrides);
            Path model = inputs.model("policy.model", common.policy().model());
            String what = "seed " + seed + ", data of " + Spelling.of(task.task());
            works.add(new TaskWork(what, data(comparison, seed), task, seed, common, model));
        });
        rewardTraining.ifPresent(file -> {
            RewardTrainingConfig config =
                    inputs.resolve(ConfigReader.rewardTraining(file, rewardChanges(comparison, seed)));
            // How many steps an epoch is shows when the pairs have been read.
            long units = 26L * Math.max(50, config.training().maxSteps());
            works.add(new RewardModelWork("seed " + seed + ", initial reward model", config, units));
        });
        return works;
    }

    private List<String> rewardChanges(Path comparison, long seed) {
        List<String> changes = new ArrayList<>(rewardOverrides);
        if (make.isPresent()) {
            changes.add("data.preferences=" + quoted(data(comparison, seed).labelledPairs()));
            changes.add("data.eval_preferences=" + quoted(data(comparison, seed).heldOutPairs()));
        }
        changes.add("run.seed=" + seed);
        changes.add("run.output_dir=" + quoted(rewardModelRun(comparison, seed)));
        return changes;
    }

    @Override
    public TrainConfig training(Path comparison, long seed, ArmSetting arm, boolean resume) {
        List<String> changes = new ArrayList<>();
        rewardTraining.ifPresent(file -> changes.add(REWARD_MODEL + ".model="
                + quoted(rewardModelRun(comparison, seed).resolve("final"))));
        if (make.isPresent()) {
            changes.addAll(madeData(data(comparison, seed), arm));
        }
        changes.addAll(arm.own());
        changes.add("run.seed=" + seed);
        changes.add("run.output_dir=" + quoted(ComparisonDirectory.run(comparison, seed, arm.name())));
        changes.add("run.resume=" + resume);
        return inputs.resolve(ConfigReader.train(train, overrides, changes));
    }

    /** The pairs of guard and gate only where the arm has such a one: elsewhere their keys have no effect. */
    private List<String> madeData(TaskFolder data, ArmSetting arm) {
        List<String> changes = new ArrayList<>(List.of(
                "data.prompts=" + quoted(data.prompts()),
                "data.eval_prompts=" + quoted(data.heldOutPrompts()),
                "data.eval_preferences=" + quoted(data.heldOutPairs())));
        RunPlan plan = ConfigReader.plan(
                train, Stream.concat(overrides.stream(), arm.own().stream()).toList());
        if (plan.readsPreferences() || plan.adapts()) {
            changes.add("data.preferences=" + quoted(data.labelledPairs()));
        }
        if (plan.readsTrusted()) {
            changes.add("data.trusted_preferences=" + quoted(data.trustedPairs()));
        }
        return changes;
    }

    private static TaskFolder data(Path comparison, long seed) {
        return new TaskFolder(ComparisonDirectory.seed(comparison, seed).resolve("data"));
    }

    private static Path rewardModelRun(Path comparison, long seed) {
        return ComparisonDirectory.seed(comparison, seed).resolve(REWARD_MODEL);
    }

    /** A path as YAML text, whatever its characters. */
    private static String quoted(Path path) {
        return "\"" + path.toString().replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }
}
