package dev.flipside.train;

import dev.flipside.config.ConfigReader;
import dev.flipside.config.ResumedConfig;
import dev.flipside.config.TrainConfig;
import dev.flipside.config.UserError;
import dev.flipside.engine.Collective;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.reward.RewardFunction;
import dev.flipside.reward.RewardTerm;
import dev.flipside.run.Checkpoint;
import dev.flipside.run.DiskSpace;
import dev.flipside.run.Provenance;
import dev.flipside.run.RunDirectory;
import dev.flipside.run.RunSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;

/**
 * The SAVE loop (arXiv 2605.30888 as this project defines it, docs/method.md): the policy samples, the reward model
 * grades the samples against its own anchor and improves itself on the clear ones, and the improved model's scores of
 * fresh samples update the policy by GRPO, RLOO or GSPO.
 *
 * <pre>{@code
 * TrainingResult result = new SaveTrainer(config).listener(console).run();
 * }</pre>
 */
public final class SaveTrainer {
    private final TrainConfig config;
    private final List<RewardTerm> functions = new ArrayList<>();
    private TrainListener listener = TrainListener.SILENT;
    private BooleanSupplier stop = () -> false;
    private OptionalLong fromStep = OptionalLong.empty();
    private DiskSpace disk = DiskSpace.OF_THE_FILE_SYSTEM;
    private Ranks ranks = Ranks.ALONE;

    public SaveTrainer(TrainConfig config) {
        this.config = config;
    }

    /** Adds {@code weight} times a function's reward to the policy's reward. */
    public SaveTrainer reward(RewardFunction function, double weight) {
        functions.add(new RewardTerm(function.name(), function, weight));
        return this;
    }

    /** Who is told what happens. */
    public SaveTrainer listener(TrainListener listener) {
        this.listener = listener;
        return this;
    }

    /** Asked after every step; when true the run writes a checkpoint and returns. */
    public SaveTrainer stopWhen(BooleanSupplier stop) {
        this.stop = stop;
        return this;
    }

    /**
     * Goes back to the checkpoint of a step of the run that is there, or to its beginning at step 0, and forgets what
     * came after it.
     */
    public SaveTrainer fromStep(long step) {
        fromStep = OptionalLong.of(step);
        return this;
    }

    /**
     * The processes that train together, of which this is one: each runs this loop with the same configuration, does
     * its part of every step's work, and ends with the same models. Rank 0 writes the run's folder. Not closed here.
     */
    public SaveTrainer collective(Collective collective) {
        ranks = new Ranks(collective);
        return this;
    }

    /** What is asked before checkpoints and models are written. */
    SaveTrainer disk(DiskSpace disk) {
        this.disk = disk;
        return this;
    }

    /**
     * Trains, or continues where the newest checkpoint of the run directory is.
     *
     * @throws dev.flipside.config.UserError when a file, an option or a model does not fit, or a run is resumed with
     *     options that make it another run ({@link ResumedConfig})
     * @throws NonFiniteException when a loss or gradient is not a number
     * @throws dev.flipside.engine.PeerException when another rank is gone, late or failed
     */
    public TrainingResult run() {
        requireReward();
        NativeLibrary.load();
        return ranks.telling(this::together);
    }

    private TrainingResult together() {
        SameOnAllRanks.require(ranks.collective(), ConfigReader.tree(config));
        ranks.requireWork(config.rollout().promptsPerStep(), "prompts", "rollout.generation_batch_size");
        Path folder = Path.of(config.run().outputDir());
        String yaml = ResumedConfig.stored(config);
        if (config.run().resume() || fromStep.isPresent()) {
            try (RunOutput output = RunOutput.resume(
                            ranks,
                            folder,
                            () -> RunDirectory.resume(folder, settings(), fromStep, this::requireSameRun));
                    Session session = Session.open(config, functions, output.resumedFrom(), listener, ranks)) {
                Provenance provenance = session.provenance(yaml);
                SameOnAllRanks.require(ranks.collective(), provenance);
                output.directory().ifPresent(directory -> directory.replaceConfig(yaml));
                return train(session, output, provenance);
            }
        }
        // Everything is loaded before the folder is made: a mistake in the configuration leaves nothing behind.
        try (Session session = Session.open(config, functions, Optional.empty(), listener, ranks)) {
            Provenance provenance = session.provenance(yaml);
            SameOnAllRanks.require(ranks.collective(), provenance);
            try (RunOutput output =
                    RunOutput.begin(ranks, folder, () -> RunDirectory.create(folder, yaml, settings()))) {
                return train(session, output, provenance);
            }
        }
    }

    private TrainingResult train(Session session, RunOutput output, Provenance provenance) {
        output.directory().ifPresent(directory -> directory.record(provenance));
        return new TrainingLoop(config, session, output, listener, stop).run();
    }

    private RunSettings settings() {
        return new RunSettings(
                config.run().saveTotalLimit(),
                config.logging().tensorboard(),
                config.logging().logCompletions(),
                (long) config.logging().samplesMaxMb() << 20,
                true,
                disk);
    }

    /** A run that begins again may change, but it stays a run of this kind: nothing else may be overwritten by it. */
    private void requireSameRun(Path stored, Optional<Checkpoint> from) {
        if (from.isPresent()) {
            ResumedConfig.requireContinues(stored, config, from.get().step());
        } else {
            ResumedConfig.requireTraining(stored);
        }
    }

    /** Not for the configuration alone to say: a program may bring a function of its own. */
    private void requireReward() {
        if (config.rewardModel().model().isEmpty()
                && config.rewardModel().functions().isEmpty()
                && functions.isEmpty()) {
            throw new UserError(
                    "reward_model: neither model nor functions is given, so nothing grades a completion; give one of them.");
        }
    }
}
