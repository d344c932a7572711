package dev.flipside.compare;

import dev.flipside.config.UserError;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.eval.alarm.Alarms;
import dev.flipside.eval.alarm.Measured;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

/**
 * Runs a {@link ComparisonPlan}: per seed what its arms share, then its arms, several at a time. What is already
 * finished in the folder is kept, and what was interrupted goes on.
 *
 * <pre>{@code
 * ComparisonPlan plan = ComparisonPlan.of(ConfigReader.comparison(file, List.of()), HubInputs.pathsOnly());
 * Optional<ComparisonSummary> answer = new ComparisonRuns(plan).run();
 * }</pre>
 */
public final class ComparisonRuns {
    private static final double USELESS = 0.55;
    private static final double SATURATED = 0.88;

    private final ComparisonPlan plan;
    private final AtomicBoolean failed = new AtomicBoolean();
    private ComparisonListener listener = ComparisonListener.SILENT;
    private BooleanSupplier stop = () -> false;
    private Shard shard = Shard.WHOLE;
    private WorkRunner runner = WorkRunner.HERE;

    public ComparisonRuns(ComparisonPlan plan) {
        this.plan = plan;
    }

    /** Who hears how far the runs are. */
    public ComparisonRuns listener(ComparisonListener listener) {
        this.listener = listener;
        return this;
    }

    /** Asked after every step; when true the runs write their checkpoints and end. */
    public ComparisonRuns stopWhen(BooleanSupplier stop) {
        this.stop = stop;
        return this;
    }

    /** Where the parts are done. */
    public ComparisonRuns runner(WorkRunner runner) {
        this.runner = runner;
        return this;
    }

    /** Which seeds are run; the answer comes once those of the other shares are in the folder too. */
    public ComparisonRuns shard(Shard shard) {
        this.shard = shard;
        return this;
    }

    /**
     * Runs everything that is not finished, and writes {@code results.json}.
     *
     * @return the answer; empty when it was stopped before the end, or when runs of another share are missing
     * @throws dev.flipside.config.UserError when the folder holds another comparison, or runs with other options
     */
    public Optional<ComparisonSummary> run() {
        try (ComparisonDirectory directory = ComparisonDirectory.open(plan.folder(), plan.config())) {
            plan.seeds().forEach(seed -> plan.base().write(plan.folder(), seed));
            plan.check();
            List<SeedWorks> seeds =
                    plan.seeds().stream().map(seed -> SeedWorks.of(plan, seed)).toList();
            List<SeedWorks> own = shard.of(seeds);
            if (own.isEmpty()) {
                throw new UserError("--shard " + shard + ": there are " + seeds.size()
                        + " seeds, so this share has none; divide them into fewer.");
            }
            List<ComparisonWork> unfinished = unfinished(own);
            directory.register(plan.config(), plan.base().files());
            if (!unfinished.isEmpty() && !run(own, unfinished)
                    || shard.count() > 1 && !unfinished(seeds).isEmpty()) {
                return Optional.empty();
            }
            ComparisonSummary summary =
                    ComparisonSummary.read(plan.folder(), plan.base().title());
            directory.writeResults(summary.object());
            return Optional.of(summary);
        }
    }

    private static List<ComparisonWork> unfinished(List<SeedWorks> seeds) {
        return seeds.stream()
                .flatMap(seed -> seed.all().stream())
                .filter(work -> !work.finished())
                .toList();
    }

    private boolean run(List<SeedWorks> seeds, List<ComparisonWork> unfinished) {
        NativeLibrary.load();
        listener.begin(plan.base().title(), unfinished);
        int atOnce = runner.workers(plan);
        try (SeedOrder workers = new SeedOrder(atOnce, plan.base().threads(atOnce))) {
            List<CompletableFuture<Boolean>> all = new ArrayList<>();
            for (SeedWorks seed : seeds) {
                Executor worker = workers.of(all.size());
                all.add(CompletableFuture.supplyAsync(() -> shared(seed), worker)
                        .thenCompose(ready -> ready ? arms(seed, worker) : stopped()));
            }
            boolean complete = true;
            for (CompletableFuture<Boolean> seed : all) {
                complete &= seed.join();
            }
            return complete;
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }

    private static CompletableFuture<Boolean> stopped() {
        return CompletableFuture.completedFuture(false);
    }

    private CompletableFuture<Boolean> arms(SeedWorks seed, Executor worker) {
        List<CompletableFuture<Boolean>> arms = seed.arms().stream()
                .map(work -> CompletableFuture.supplyAsync(() -> inOrder(seed.seed(), work), worker))
                .toList();
        return CompletableFuture.allOf(arms.toArray(CompletableFuture[]::new))
                .thenApply(done -> arms.stream().allMatch(CompletableFuture::join));
    }

    private boolean shared(SeedWorks seed) {
        boolean done = inOrder(seed.seed(), seed.shared());
        if (done && plan.base().knowsStart()) {
            checkStart(seed.seed());
        }
        return done;
    }

    /** One failure ends the other runs after their current step. */
    private boolean inOrder(long seed, List<ComparisonWork> works) {
        try {
            for (ComparisonWork work : works) {
                if (!work.finished()) {
                    if (stopping() || !runner.run(seed, work, listener.of(work), this::stopping)) {
                        return false;
                    }
                    listener.done(work);
                }
            }
            return true;
        } catch (RuntimeException | Error e) {
            failed.set(true);
            throw e;
        }
    }

    private boolean stopping() {
        return failed.get() || stop.getAsBoolean();
    }

    /** SAVE amplifies the side that the initial reward model is on. */
    private void checkStart(long seed) {
        Path run = ComparisonDirectory.run(plan.folder(), seed, "reward_model");
        List<Measured> history = Alarms.read(run.resolve("metrics.jsonl"));
        double accuracy = history.get(history.size() - 1).values().getOrDefault("eval_rm/accuracy", Double.NaN);
        String start = String.format(
                Locale.ROOT, "seed %d: the initial reward model orders %.1f %% of clean pairs", seed, 100 * accuracy);
        if (accuracy <= USELESS) {
            listener.warning(start + "; that is near chance, and SAVE will amplify a wrong reward model.");
        } else if (accuracy >= SATURATED) {
            listener.warning(start + "; that is so good that there is nothing to gain.");
        } else {
            listener.message(start);
        }
    }
}
