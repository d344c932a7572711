package dev.flipside.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.ConfigReader;
import dev.flipside.config.RewardTrainingConfig;
import dev.flipside.config.TrainConfig;
import dev.flipside.config.UserError;
import dev.flipside.train.RewardTrainer;
import dev.flipside.train.SaveTrainer;
import dev.flipside.train.TrainListener;
import dev.flipside.world.Arm;
import dev.flipside.world.WorldFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Runs a {@link DemoPlan}: per seed the pre-training and the initial reward model, then its arms, several at a time. What is already finished in the folder is kept, and
 * what was interrupted goes on.
 */
final class DemoRuns {
    private static final double USELESS = 0.55;
    private static final double SATURATED = 0.88;

    private final DemoPlan plan;
    private final Console console;
    private final BooleanSupplier stop;
    private final AtomicBoolean failed = new AtomicBoolean();
    private final DemoProgress progress;

    /** @param stop asked after every step; when true the runs write their checkpoints and end */
    DemoRuns(DemoPlan plan, Console console, BooleanSupplier stop) {
        this.plan = plan;
        this.console = console;
        this.stop = stop;
        this.progress = new DemoProgress(plan, console);
    }

    /** The arms' results, arm after arm in the plan's order and seed after seed in each; fewer when the runs were stopped. */
    List<ArmResult> run() {
        ExecutorService workers = Executors.newFixedThreadPool(plan.workers());
        try (progress) {
            List<CompletableFuture<List<ArmResult>>> seeds = new ArrayList<>();
            for (long seed : plan.seeds()) {
                seeds.add(CompletableFuture.supplyAsync(() -> prepare(plan.folder(seed)), workers)
                        .thenCompose(folder -> arms(folder, workers)));
            }
            List<ArmResult> results = new ArrayList<>();
            seeds.forEach(s -> results.addAll(s.join()));
            results.sort(Comparator.comparingInt((ArmResult r) -> plan.arms().indexOf(r.arm()))
                    .thenComparing(r -> plan.seeds().indexOf(r.seed())));
            return results;
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        } finally {
            workers.shutdown();
        }
    }

    private boolean stopping() {
        return failed.get() || stop.getAsBoolean();
    }

    private CompletableFuture<List<ArmResult>> arms(WorldFolder folder, ExecutorService workers) {
        List<CompletableFuture<List<ArmResult>>> arms = new ArrayList<>();
        for (Arm arm : plan.arms()) {
            arms.add(CompletableFuture.supplyAsync(() -> guarded(() -> train(folder, arm)), workers));
        }
        return CompletableFuture.allOf(arms.toArray(CompletableFuture[]::new))
                .thenApply(done -> arms.stream().flatMap(a -> a.join().stream()).toList());
    }

    /** One failure ends the other runs after their current step. */
    private <T> T guarded(Supplier<T> work) {
        try {
            return work.get();
        } catch (RuntimeException e) {
            failed.set(true);
            throw e;
        }
    }

    private WorldFolder prepare(WorldFolder folder) {
        return guarded(() -> {
            folder.write();
            if (!stopping()) {
                pretrain(folder);
            }
            if (!stopping()) {
                trainRewardModel(folder);
            }
            return folder;
        });
    }

    private void pretrain(WorldFolder folder) {
        if (Files.isDirectory(folder.policy())) {
            progress.kept(DemoProgress.Phase.PRETRAINING);
            return;
        }
        String what = "seed " + folder.seed() + ", policy from scratch";
        plan.pretraining().run(folder, step -> progress.steps(DemoProgress.Phase.PRETRAINING, 1, what));
    }

    private void trainRewardModel(WorldFolder folder) {
        RewardTrainingConfig config = folder.rewardTraining();
        requireSame(folder.rewardModelRun(), ConfigReader.write(config));
        if (Files.isDirectory(folder.rewardModel())) {
            progress.kept(DemoProgress.Phase.REWARD_MODEL);
        } else {
            delete(folder.rewardModelRun());
            String what = "seed " + folder.seed() + ", initial reward model";
            new RewardTrainer(config)
                    .listener(new Worker(DemoProgress.Phase.REWARD_MODEL, what))
                    .run();
        }
        checkStart(folder);
    }

    /** SAVE amplifies the side that the initial reward model is on. */
    private void checkStart(WorldFolder folder) {
        List<JsonNode> metrics = ArmResult.metrics(folder.rewardModelRun());
        double accuracy = ArmResult.value(metrics.get(metrics.size() - 1), "eval_rm/accuracy");
        String start = String.format(
                Locale.ROOT,
                "seed %d: the initial reward model orders %.1f %% of clean pairs",
                folder.seed(),
                100 * accuracy);
        if (accuracy <= USELESS) {
            console.warn(start + "; that is near chance, and SAVE will amplify a wrong reward model.");
        } else if (accuracy >= SATURATED) {
            console.warn(start + "; that is so good that there is nothing to gain.");
        } else {
            console.info(start);
        }
    }

    private List<ArmResult> train(WorldFolder folder, Arm arm) {
        if (stopping()) {
            return List.of();
        }
        Path run = folder.run(arm);
        TrainConfig config = folder.training(arm);
        requireSame(run, ConfigReader.write(config));
        boolean begun = Files.isRegularFile(run.resolve("config.yaml"));
        if (begun && isFinished(run, arm)) {
            progress.kept(DemoProgress.Phase.LOOP);
        } else {
            String what = "seed " + folder.seed() + ", " + arm.label();
            boolean completed = new SaveTrainer(begun ? folder.resumed(arm) : config)
                    .listener(new Worker(DemoProgress.Phase.LOOP, what))
                    .stopWhen(this::stopping)
                    .run()
                    .completed();
            if (!completed) {
                return List.of();
            }
        }
        ArmResult result = ArmResult.read(arm, folder.seed(), run);
        console.info(String.format(
                Locale.ROOT,
                "seed %d, %s: gold %.3f -> %.3f, reward model's accuracy on-policy %.3f, off-policy %.3f",
                folder.seed(),
                arm.label(),
                result.startGold(),
                result.gold(),
                result.onPolicyAccuracy(),
                result.offPolicyAccuracy()));
        return List.of(result);
    }

    /** The trainer writes the final models last. */
    private static boolean isFinished(Path run, Arm arm) {
        return Files.isDirectory(run.resolve(arm == Arm.FROZEN ? "policy" : "reward_model"));
    }

    private static void requireSame(Path run, String yaml) {
        Path file = run.resolve("config.yaml");
        try {
            if (Files.isRegularFile(file) && !Files.readString(file).equals(yaml)) {
                throw new UserError("--out: " + run + " holds a run with other options (its " + file.getFileName()
                        + " differs); choose another folder, or delete that one.");
            }
        } catch (IOException e) {
            throw new UserError(file + " cannot be read (" + e.getMessage() + "): choose another --out.", e);
        }
    }

    /** A reward model's training is too short to be resumed: it begins again. */
    private static void delete(Path run) {
        if (!Files.isDirectory(run)) {
            return;
        }
        try (Stream<Path> paths = Files.walk(run)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new UserError(run + " cannot be deleted (" + e.getMessage() + "): choose another --out.", e);
        }
    }

    /** Moves the demo's bar as a training proceeds; what the training says is left to its own files, except for warnings. */
    private final class Worker implements TrainListener {
        private final DemoProgress.Phase phase;
        private final String what;
        private long reported;

        Worker(DemoProgress.Phase phase, String what) {
            this.phase = phase;
            this.what = what;
        }

        @Override
        public void progress(long done) {
            progress.steps(phase, done - reported, what);
            reported = done;
        }

        @Override
        public void warning(String line) {
            console.warn(what + ": " + line);
        }
    }
}
