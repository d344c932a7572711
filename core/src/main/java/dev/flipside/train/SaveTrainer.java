package dev.flipside.train;

import dev.flipside.algo.Groups;
import dev.flipside.config.ResumedConfig;
import dev.flipside.config.RunConfig.StopRule;
import dev.flipside.config.SaveConfig;
import dev.flipside.config.TrainConfig;
import dev.flipside.config.UserError;
import dev.flipside.data.PromptExample;
import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.NativeMemory;
import dev.flipside.engine.Seeds;
import dev.flipside.eval.alarm.Alarm;
import dev.flipside.eval.alarm.AlarmWatch;
import dev.flipside.eval.alarm.Alarms;
import dev.flipside.eval.alarm.Level;
import dev.flipside.eval.alarm.Measured;
import dev.flipside.model.Precision;
import dev.flipside.reward.RewardFunction;
import dev.flipside.reward.RewardMix;
import dev.flipside.run.Checkpoint;
import dev.flipside.run.DiskSpace;
import dev.flipside.run.RunDirectory;
import dev.flipside.run.RunSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;

/**
 * The SAVE loop (arXiv 2605.30888 as this project defines it, docs/method.md): the policy samples, the reward model grades the samples against its own anchor and
 * improves itself on the clear ones, and the improved model's scores of fresh samples update the policy by GRPO, RLOO or GSPO.
 *
 * <pre>{@code
 * TrainingResult result = new SaveTrainer(config).listener(console).run();
 * }</pre>
 */
public final class SaveTrainer {
    private final TrainConfig config;
    private final List<RewardMix.Term> functions = new ArrayList<>();
    private TrainListener listener = TrainListener.SILENT;
    private BooleanSupplier stop = () -> false;
    private OptionalLong fromStep = OptionalLong.empty();
    private DiskSpace disk = DiskSpace.OF_THE_FILE_SYSTEM;

    public SaveTrainer(TrainConfig config) {
        this.config = config;
    }

    /** Adds {@code weight} times a function's reward to the policy's reward. */
    public SaveTrainer reward(RewardFunction function, double weight) {
        functions.add(new RewardMix.Term(function.name(), function, weight));
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

    /** Goes back to the checkpoint of a step of the run that is there, or to its beginning at step 0, and forgets what came after it. */
    public SaveTrainer fromStep(long step) {
        fromStep = OptionalLong.of(step);
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
     * @throws dev.flipside.config.UserError when a file, an option or a model does not fit, or a run is resumed with options that make it another run ({@link ResumedConfig})
     * @throws NonFiniteException when a loss or gradient is not a number
     */
    public TrainingResult run() {
        requireReward();
        NativeLibrary.load();
        Path folder = Path.of(config.run().outputDir());
        String yaml = ResumedConfig.stored(config);
        RunSettings settings = settings();
        if (config.run().resume() || fromStep.isPresent()) {
            try (RunDirectory directory = RunDirectory.resume(folder, settings, fromStep, this::requireSameRun)) {
                try (Session session = Session.open(config, functions, directory.resumedFrom(), listener)) {
                    directory.replaceConfig(yaml);
                    directory.record(session.provenance(yaml));
                    return new Loop(session, directory).run();
                }
            }
        }
        // Everything is loaded before the folder is made: a mistake in the configuration leaves nothing behind.
        try (Session session = Session.open(config, functions, Optional.empty(), listener);
                RunDirectory directory = RunDirectory.create(folder, yaml, settings)) {
            directory.record(session.provenance(yaml));
            return new Loop(session, directory).run();
        }
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

    /** The loop over the steps of an opened run. */
    private final class Loop {
        private final Session session;
        private final RunDirectory directory;
        private final Device device;
        private final Seeds seeds;
        private final SaveConfig save = config.save();
        private final int promptsPerStep = config.rollout().promptsPerStep();
        private final int numGenerations = config.rollout().numGenerations();
        private final Optional<SampleLog> samples;
        private final AlarmWatch watch = new AlarmWatch();
        private Map<String, Double> last = Map.of();

        Loop(Session session, RunDirectory directory) {
            this.session = session;
            this.directory = directory;
            this.device = session.device();
            this.seeds = session.seeds();
            this.samples = config.logging().logCompletions()
                    ? Optional.of(new SampleLog(directory.samples()))
                    : Optional.empty();
            // Of a resumed run these are the lines up to its checkpoint, so it raises the alarms of a run that nobody
            // disturbed.
            Alarms.read(directory.metricsFile()).forEach(watch::observe);
            directory.replaceAlarms(watch.fired());
        }

        TrainingResult run() {
            long stepsPerRound = config.run().maxSteps();
            long total = stepsPerRound * config.run().rounds();
            listener.phase("training", total);
            listener.progress(session.step());
            while (session.step() < total && !ruledOut()) {
                if (session.step() % stepsPerRound == 0 && !session.midRound()) {
                    beginRound((int) (session.step() / stepsPerRound));
                }
                Round round = session.round();
                long step = session.step() + 1;
                boolean endOfRound = step % stepsPerRound == 0;
                Map<String, Double> metrics = step(round, step);
                boolean evaluate = endOfRound
                        || config.eval().evalSteps() > 0 && step % config.eval().evalSteps() == 0;
                if (evaluate && round.evaluator.hasWork()) {
                    listener.activity("evaluate", step);
                    round.evaluator.evaluate(step, metrics);
                }
                if (endOfRound) {
                    round.rescaledJudge.ifPresent(RescaledJudge::settle);
                    session.writeWeightChange(metrics);
                }
                session.finished(step, metrics);
                NativeMemory.trimAfter(step);
                log(step, metrics, evaluate || endOfRound);
                boolean stopping = stop.getAsBoolean() && step < total;
                if (stopping || ruledOut() || endOfRound && step == total || dueCheckpoint(step)) {
                    checkpoint(step, stopping);
                }
                if (stopping) {
                    return TrainingResult.stopped(directory.folder(), step, total, last);
                }
                if (endOfRound && step < total && !ruledOut()) {
                    session.endRound();
                }
            }
            if (session.step() < total) {
                listener.warning("step " + session.step()
                        + ": the run ends here by run.stop_rule; set run.stop_rule: off and resume to go on.");
            }
            session.export(directory.folder(), disk);
            return TrainingResult.finished(directory.folder(), session.step(), total, last);
        }

        /** Whether run.stop_rule ends the run. */
        private boolean ruledOut() {
            return config.run().stopRule() == StopRule.HELD_OUT && watch.stops();
        }

        /** A full disk ends no training that goes on in memory; but what is to be stopped here would be lost. */
        private void checkpoint(long step, boolean stopping) {
            listener.activity("checkpoint", step);
            session.saveCheckpoint(directory).ifPresent(reason -> {
                List<Long> steps = directory.checkpoints().steps();
                String newest = steps.isEmpty() ? "there is none yet" : "the newest is that of step " + steps.get(0);
                if (stopping) {
                    throw new UserError("The run was stopped at step " + step + " without a checkpoint: " + reason
                            + "; " + newest + ", so free some space before you continue.");
                }
                listener.warning("step " + step + ": no checkpoint was written: " + reason + "; " + newest
                        + ". The run goes on and tries again at the next one that is due; free some space.");
            });
        }

        private boolean dueCheckpoint(long step) {
            return config.run().saveSteps() > 0 && step % config.run().saveSteps() == 0;
        }

        private void beginRound(int number) {
            listener.activity("warm_up", session.step());
            Round round = session.beginRound(number);
            Map<String, Double> metrics = new LinkedHashMap<>(round.start.metrics());
            metrics.putAll(session.dataFigures());
            if (round.evaluator.hasWork()) {
                listener.activity("evaluate", session.step());
                round.evaluator.evaluate(session.step(), metrics);
            }
            if (!metrics.isEmpty()) {
                metrics.put("round", (double) number);
                log(session.step(), metrics, true);
            }
        }

        /** One step of the method: sample, grade, improve the reward model, score, update the policy. */
        private Map<String, Double> step(Round round, long step) {
            StepClock clock = new StepClock(device, listener, step);
            Map<String, Double> metrics = new LinkedHashMap<>();
            // What a warm-up or an evaluation rendered before is not this step's; a resumed run has not seen it.
            round.grader.ifPresent(g -> g.takeRenderingFigures(new LinkedHashMap<>()));
            List<PromptExample> prompts = session.data().promptsOf(step, promptsPerStep, seeds);

            RolloutBatch batch = clock.time(
                    "generate", () -> round.rollouts.sample(prompts, numGenerations, Seeds.Stream.ROLLOUT, step));
            clock.tokens("generate", batch.sampledTokens());

            Optional<RewardModelUpdate.Outcome> outcome = Optional.empty();
            RolloutBatch candidates = batch;
            if (round.improves(step, save)) {
                RolloutBatch lesson = round.initialRollouts
                        .map(initial -> initialSamples(initial, prompts, step, clock))
                        .orElse(batch);
                outcome = Optional.of(clock.time("rm_update", () -> improveRewardModel(round, lesson, step, metrics)));
                clock.tokens("rm_update", lesson.tokens());
                if (Round.samplesAgain(save)) {
                    candidates = clock.time(
                            "generate",
                            () -> round.rollouts.sample(prompts, numGenerations, Seeds.Stream.FRESH_ROLLOUT, step));
                    clock.tokens("generate", candidates.sampledTokens());
                }
            }

            RewardSignal.Rewards rewards = rewards(round, candidates, clock);
            if (outcome.isPresent()) {
                // Where the candidates are the samples that taught, their new grades are there already.
                Grader.Grades after = Round.scoresAgain(save)
                        ? rewards.grades().orElseThrow()
                        : round.grader.orElseThrow().grade(outcome.get().rows(), numGenerations);
                round.rewardModelUpdate.orElseThrow().writeChange(outcome.get(), after, step, metrics);
            }
            Scored scored = refilled(round, candidates, rewards, step, clock);
            double[] advantages = clock.time(
                    "policy_update",
                    () -> round.policyUpdate.update(scored.batch, scored.rewards.total(), step, metrics));
            clock.tokens("policy_update", scored.batch.tokens());

            RewardSignal.write(scored.rewards, "", metrics);
            CompletionStatistics.write(scored.batch, "", metrics);
            if (config.algorithm().resolved().beta().orElseThrow() > 0) {
                // Of whole completions, as Gao et al. (arXiv 2210.10760) plot it; kl is the mean over tokens.
                metrics.put(
                        "policy/sqrt_kl",
                        Math.sqrt(Math.max(0, metrics.get("kl") * metrics.get("completions/mean_length"))));
            }
            Optional<double[]> gold = session.gold(scored.batch);
            gold.ifPresent(g -> metrics.put("gold", Groups.mean(Groups.scorable(g))));
            samples.ifPresent(s -> s.policy(step, scored.batch, scored.rewards, advantages, gold));
            round.grader.ifPresent(g -> g.takeRenderingFigures(metrics));
            metrics.put("epoch", session.data().epoch(step, promptsPerStep));
            metrics.put("round", (double) round.number);
            clock.write(metrics);
            return metrics;
        }

        /** What teaches the reward model in place of the policy's own samples (decision D18). */
        private RolloutBatch initialSamples(Rollouts initial, List<PromptExample> prompts, long step, StepClock clock) {
            RolloutBatch batch = clock.time(
                    "generate", () -> initial.sample(prompts, numGenerations, Seeds.Stream.INITIAL_ROLLOUT, step));
            clock.tokens("generate", batch.sampledTokens());
            return batch;
        }

        private RewardModelUpdate.Outcome improveRewardModel(
                Round round, RolloutBatch batch, long step, Map<String, Double> metrics) {
            RewardModelUpdate update = round.rewardModelUpdate.orElseThrow();
            Optional<double[][]> gold = session.gold(batch).map(g -> Groups.rows(g, batch.groupSize()));
            round.gate.ifPresent(UpdateGate::remember);
            RewardModelUpdate.Outcome outcome = update.update(batch, gold, step, metrics);
            round.gate.ifPresent(g -> g.judge(step, metrics));
            round.rescaledJudge.ifPresent(j -> j.rescale(outcome.rows(), numGenerations, metrics));
            FeedbackStatistics.write(outcome, metrics);
            gold.ifPresent(g -> {
                metrics.put("save/label_accuracy", FeedbackStatistics.labelAccuracy(outcome.feedback(), g));
                FeedbackStatistics.writeDeciles(
                        "save/label_accuracy_decile_", outcome.feedback().advantage(), g, metrics);
            });
            samples.ifPresent(s -> s.teaching(step, batch, outcome));
            return outcome;
        }

        private RewardSignal.Rewards rewards(Round round, RolloutBatch batch, StepClock clock) {
            RewardSignal.Rewards rewards = clock.time("score", () -> round.signal.of(batch));
            clock.tokens("score", batch.tokens());
            return rewards;
        }

        /** A batch with its rewards. */
        private record Scored(RolloutBatch batch, RewardSignal.Rewards rewards) {}

        /** Replaces groups that teach nothing, as often as the configuration allows. */
        private Scored refilled(
                Round round, RolloutBatch candidates, RewardSignal.Rewards theirs, long step, StepClock clock) {
            RolloutBatch batch = candidates;
            RewardSignal.Rewards rewards = theirs;
            for (int attempt = 1; attempt <= config.rollout().refillZeroVariance(); attempt++) {
                Refill refill = Refill.of(rewards);
                if (refill.isEmpty()) {
                    break;
                }
                int number = attempt;
                var prompts = session.data().replacements(step, attempt, refill.size(), seeds);
                RolloutBatch replacements = clock.time(
                        "generate",
                        () -> round.rollouts.sample(
                                prompts,
                                numGenerations,
                                Seeds.Stream.REFILL_ROLLOUT,
                                step * (config.rollout().refillZeroVariance() + 1L) + number));
                clock.tokens("generate", replacements.sampledTokens());
                batch = refill.replace(batch, replacements);
                rewards = rewards(round, batch, clock);
            }
            return new Scored(batch, rewards);
        }

        private void log(long step, Map<String, Double> metrics, boolean always) {
            last = metrics;
            if (always || step % config.logging().loggingSteps() == 0) {
                directory.metrics().log(step, metrics);
                raiseAlarms(step, metrics);
            }
            listener.step(step, metrics);
            listener.progress(step);
        }

        /** Only logged lines count: metrics.jsonl alone then tells which alarms fired. */
        private void raiseAlarms(long step, Map<String, Double> metrics) {
            List<Alarm> now = watch.observe(new Measured(step, metrics));
            if (!now.isEmpty()) {
                directory.replaceAlarms(watch.fired());
                now.stream().filter(a -> a.level() != Level.INFO).forEach(a -> listener.warning(a.sentence()));
                now.stream().filter(a -> a.level() == Level.INFO).forEach(a -> listener.message(a.sentence()));
            }
        }
    }

    /** The precision that a configuration and a device come to. */
    static Precision precision(dev.flipside.config.RunConfig.Precision chosen, Device device) {
        return switch (chosen) {
            case FLOAT32 -> Precision.FLOAT32;
            case BFLOAT16 -> Precision.BFLOAT16;
            case AUTO -> device.isCpu() ? Precision.FLOAT32 : Precision.BFLOAT16;
        };
    }
}
