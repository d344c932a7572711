package dev.flipside.compare;

import dev.flipside.config.ComparisonConfig.Base;
import dev.flipside.config.ComparisonConfig.WorldName;
import dev.flipside.config.TrainConfig;
import dev.flipside.engine.Device;
import dev.flipside.train.TrainListener;
import dev.flipside.world.ModelShape;
import dev.flipside.world.Pretraining;
import dev.flipside.world.World;
import dev.flipside.world.WorldFolder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * Runs in a synthetic world: per seed its own data, a policy from scratch and an initial reward model.
 *
 * @param world in which
 * @param pretraining of the policies
 * @param steps of the loop
 * @param overrides that all arms share
 * @param device where models run
 */
public record WorldBase(World world, Pretraining pretraining, int steps, List<String> overrides, String device)
        implements ComparisonBase {

    public static WorldBase of(Base base) {
        World world = base.world().orElseThrow() == WorldName.W ? World.W : World.N;
        if (!base.cues()) {
            world = world.withoutCues();
        }
        if (base.uneven()) {
            world = world.uneven();
        }
        if (base.pairs().isPresent() || base.flipped().isPresent()) {
            world = world.withLabels(
                    base.pairs().orElse(world.labelling().pairs()),
                    base.flipped().orElse(world.labelling().flipped()));
        }
        ModelShape shape =
                switch (base.model()) {
                    case STANDARD -> ModelShape.STANDARD;
                    case WIDE -> ModelShape.WIDE;
                    case QWEN3 -> ModelShape.QWEN3;
                    case DEEP -> ModelShape.DEEP;
                };
        if (shape != ModelShape.STANDARD) {
            world = world.withModel(shape);
        }
        return new WorldBase(
                world,
                Pretraining.STANDARD.withSteps(base.pretrainingSteps().orElse(Pretraining.STANDARD.steps())),
                base.steps().orElse(world.steps()),
                base.overrides().lines(),
                Device.parse(base.device()).name());
    }

    @Override
    public String title() {
        return "world " + world.name();
    }

    @Override
    public List<Path> files() {
        return List.of();
    }

    @Override
    public int defaultWorkers() {
        return Runtime.getRuntime().availableProcessors();
    }

    /**
     * The models are too small for a second thread; and with one, a seed's figures do not depend on the machine's cores
     * or on the workers.
     */
    @Override
    public int threads(int workers) {
        return 1;
    }

    @Override
    public boolean knowsStart() {
        return true;
    }

    @Override
    public boolean builtInArms() {
        return true;
    }

    @Override
    public void write(Path comparison, long seed) {
        folder(comparison, seed).write();
    }

    @Override
    public List<ComparisonWork> shared(Path comparison, long seed) {
        WorldFolder folder = folder(comparison, seed);
        return List.of(
                new PolicyFromScratch(folder, pretraining),
                new RewardModelWork(
                        "seed " + seed + ", initial reward model",
                        folder.rewardTraining(),
                        2L * world.rewardModelSteps()));
    }

    @Override
    public TrainConfig training(Path comparison, long seed, ArmSetting arm, boolean resume) {
        List<String> shared = new ArrayList<>(overrides);
        shared.addAll(arm.inherited());
        List<String> own = new ArrayList<>(arm.own());
        own.add("run.resume=" + resume);
        return folder(comparison, seed).training(arm.name(), shared, own);
    }

    private WorldFolder folder(Path comparison, long seed) {
        return new WorldFolder(ComparisonDirectory.seed(comparison, seed), world, seed, steps, device);
    }

    /** The language model that is every arm's policy and its reward model's backbone. */
    private record PolicyFromScratch(WorldFolder folder, Pretraining pretraining) implements ComparisonWork {
        @Override
        public String what() {
            return "seed " + folder.seed() + ", policy from scratch";
        }

        @Override
        public long units() {
            return 3L * pretraining.steps();
        }

        @Override
        public boolean finished() {
            return Files.isDirectory(folder.policy());
        }

        /** Too short to be stopped. */
        @Override
        public boolean run(TrainListener listener, BooleanSupplier stop) {
            listener.phase("pre-training", pretraining.steps());
            pretraining.run(folder, listener::progress);
            return true;
        }
    }
}
