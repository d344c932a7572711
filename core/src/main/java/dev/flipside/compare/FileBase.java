package dev.flipside.compare;

import dev.flipside.config.ComparisonConfig.Base;
import dev.flipside.config.ConfigReader;
import dev.flipside.config.RewardTrainingConfig;
import dev.flipside.config.TrainConfig;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.hub.HubInputs;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Runs of an ordinary file of {@code flipside train}.
 *
 * @param train the file
 * @param overrides that all arms share
 * @param rewardTraining a file of {@code flipside train-rm} for each seed's initial reward model; empty when the train
 *     file names one
 * @param rewardOverrides changes to it
 * @param inputs finds what the files name
 */
public record FileBase(
        Path train,
        List<String> overrides,
        Optional<Path> rewardTraining,
        List<String> rewardOverrides,
        HubInputs inputs)
        implements ComparisonBase {
    private static final String REWARD_MODEL = "reward_model";

    public static FileBase of(Base base, HubInputs inputs) {
        return new FileBase(
                Path.of(base.train().orElseThrow()),
                base.overrides().lines(),
                base.rewardTraining().map(Path::of),
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
    public boolean builtInArms() {
        return false;
    }

    /** The files are there already. */
    @Override
    public void write(Path comparison, long seed) {}

    @Override
    public List<ComparisonWork> shared(Path comparison, long seed) {
        return rewardTraining
                .<List<ComparisonWork>>map(file -> {
                    List<String> changes = new ArrayList<>(rewardOverrides);
                    changes.add("run.seed=" + seed);
                    changes.add("run.output_dir=" + quoted(rewardModelRun(comparison, seed)));
                    RewardTrainingConfig config = inputs.resolve(ConfigReader.rewardTraining(file, changes));
                    // How many steps an epoch is shows when the pairs have been read.
                    long units = 26L * Math.max(50, config.training().maxSteps());
                    return List.of(new RewardModelWork("seed " + seed + ", initial reward model", config, units));
                })
                .orElse(List.of());
    }

    @Override
    public TrainConfig training(Path comparison, long seed, ArmSetting arm, boolean resume) {
        List<String> changes = new ArrayList<>();
        rewardTraining.ifPresent(file -> changes.add(REWARD_MODEL + ".model="
                + quoted(rewardModelRun(comparison, seed).resolve("final"))));
        changes.addAll(arm.own());
        changes.add("run.seed=" + seed);
        changes.add("run.output_dir=" + quoted(ComparisonDirectory.run(comparison, seed, arm.name())));
        changes.add("run.resume=" + resume);
        return inputs.resolve(ConfigReader.train(train, overrides, changes));
    }

    private static Path rewardModelRun(Path comparison, long seed) {
        return ComparisonDirectory.seed(comparison, seed).resolve(REWARD_MODEL);
    }

    /** A path as YAML text, whatever its characters. */
    private static String quoted(Path path) {
        return "\"" + path.toString().replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }
}
