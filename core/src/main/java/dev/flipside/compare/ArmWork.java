package dev.flipside.compare;

import dev.flipside.config.ResumedConfig;
import dev.flipside.config.TrainConfig;
import dev.flipside.train.SaveTrainer;
import dev.flipside.train.TrainListener;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;

/**
 * One run of an arm.
 *
 * @param config to begin it with
 * @param resumed the same with {@code run.resume}
 */
record ArmWork(String what, TrainConfig config, TrainConfig resumed) implements ComparisonWork {
    private Path stored() {
        return Path.of(config.run().outputDir()).resolve("config.yaml");
    }

    @Override
    public long units() {
        return 26L * config.run().maxSteps() * config.run().rounds();
    }

    /** The trainer writes the final models last. */
    @Override
    public boolean finished() {
        if (!Files.isRegularFile(stored())) {
            return false;
        }
        ResumedConfig.requireSame(stored(), config);
        boolean frozen =
                !config.plan().improves() || config.rewardModel().model().isEmpty();
        return Files.isDirectory(stored().resolveSibling(frozen ? "policy" : "reward_model"));
    }

    @Override
    public boolean run(TrainListener listener, BooleanSupplier stop) {
        return new SaveTrainer(Files.isRegularFile(stored()) ? resumed : config)
                .listener(listener)
                .stopWhen(stop)
                .run()
                .completed();
    }
}
