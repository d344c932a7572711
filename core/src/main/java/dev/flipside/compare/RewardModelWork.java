package dev.flipside.compare;

import dev.flipside.config.IoReason;
import dev.flipside.config.ResumedConfig;
import dev.flipside.config.RewardTrainingConfig;
import dev.flipside.config.UserError;
import dev.flipside.run.Durable;
import dev.flipside.train.RewardTrainer;
import dev.flipside.train.TrainListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;

/** The initial reward model of a seed's arms. Its training begins again where it was interrupted. */
record RewardModelWork(String what, RewardTrainingConfig config, long units) implements ComparisonWork {
    private Path folder() {
        return Path.of(config.run().outputDir());
    }

    @Override
    public boolean finished() {
        Path stored = folder().resolve("config.yaml");
        if (Files.isRegularFile(stored)) {
            ResumedConfig.requireSame(stored, config);
        }
        return Files.isDirectory(folder().resolve("final"));
    }

    @Override
    public boolean run(TrainListener listener, BooleanSupplier stop) {
        delete(folder());
        boolean completed = new RewardTrainer(config)
                .listener(listener)
                .stopWhen(stop)
                .run()
                .completed();
        if (!completed) {
            // A stopped training leaves its model as it is, which is not the one that the arms are to start from.
            delete(folder());
        }
        return completed;
    }

    private static void delete(Path run) {
        try {
            Durable.deleteTree(run);
        } catch (IOException e) {
            throw new UserError(run + " cannot be deleted (" + IoReason.of(e) + "): choose another output folder.", e);
        }
    }
}
