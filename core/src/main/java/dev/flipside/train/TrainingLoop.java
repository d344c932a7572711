package dev.flipside.train;

import dev.flipside.config.RunConfig.StopRule;
import dev.flipside.config.TrainConfig;
import dev.flipside.config.UserError;
import dev.flipside.data.PromptExample;
import dev.flipside.engine.NativeMemory;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * The loop over the steps of an opened run: rounds, steps, evaluations, checkpoints and what ends it. A step itself is
 * {@link Round#step}.
 */
final class TrainingLoop {
    private final TrainConfig config;
    private final Session session;
    private final RunOutput output;
    private final RunLog log;
    private final TrainListener listener;
    private final BooleanSupplier stop;
    private final Optional<SampleLog> samples;
    private final Optional<AutoCourse> auto;
    private final long stepsPerRound;
    private final long total;

    /** @param stop asked after every step, of every rank: one of them is enough */
    TrainingLoop(TrainConfig config, Session session, RunOutput output, TrainListener listener, BooleanSupplier stop) {
        this.config = config;
        this.session = session;
        this.output = output;
        this.listener = listener;
        this.stop = stop;
        this.auto = config.plan().adapts() ? Optional.of(new AutoCourse(config.save())) : Optional.empty();
        this.log = new RunLog(output, config.logging().loggingSteps(), auto, listener);
        this.samples = config.logging().logCompletions()
                ? output.directory().map(d -> new SampleLog(d.samples()))
                : Optional.empty();
        this.stepsPerRound = config.run().maxSteps();
        this.total = stepsPerRound * config.run().rounds();
    }

    TrainingResult run() {
        listener.phase("training", total);
        listener.progress(session.step());
        while (session.step() < total && !ruledOut()) {
            if (session.step() % stepsPerRound == 0 && !session.midRound()) {
                beginRound((int) (session.step() / stepsPerRound));
            }
            long step = session.step() + 1;
            Map<String, Double> metrics = step(session.round(), step);
            boolean endOfRound = step % stepsPerRound == 0;
            log.step(step, metrics, endOfRound || dueEvaluation(step));
            boolean stopping = output.ranks().any(stop.getAsBoolean()) && step < total;
            if (stopping || ruledOut() || step == total || dueCheckpoint(step)) {
                checkpoint(step, stopping);
            }
            if (stopping) {
                return TrainingResult.stopped(output.folder(), step, total, log.last());
            }
            if (endOfRound && step < total && !ruledOut()) {
                session.endRound();
            }
        }
        if (session.step() < total) {
            listener.warning("step " + session.step()
                    + ": the run ends here by run.stop_rule; set run.stop_rule: off and resume to go on.");
        }
        output.directory().ifPresent(session::export);
        output.ranks().collective().barrier();
        return TrainingResult.finished(output.folder(), session.step(), total, log.last());
    }

    private void beginRound(int number) {
        listener.activity("warm_up", session.step());
        Round round = session.beginRound(number);
        Map<String, Double> metrics = new LinkedHashMap<>(round.learner.start().metrics());
        metrics.putAll(session.dataFigures());
        metrics.putAll(evaluate(round, session.step()));
        if (!metrics.isEmpty()) {
            metrics.put("round", (double) number);
            log.step(session.step(), metrics, true);
        }
    }

    /** A step and what is measured after it. */
    private Map<String, Double> step(Round round, long number) {
        List<PromptExample> prompts =
                session.data().promptsOf(number, config.rollout().promptsPerStep(), session.seeds());
        auto.ifPresent(decides -> round.learner.follow(decides.course()));
        Round.Done done = round.step(prompts, samples, new Step(number, session.device(), listener));
        Map<String, Double> metrics = new LinkedHashMap<>(done.figures());
        auto.ifPresent(decides -> metrics.putAll(decides.figures()));
        boolean endOfRound = number % stepsPerRound == 0;
        if (endOfRound || dueEvaluation(number)) {
            metrics.putAll(evaluate(round, number));
        }
        if (endOfRound) {
            round.learner.settle();
            metrics.putAll(session.weightChange());
        }
        metrics.put("num_tokens", session.finished(number, done.sampledTokens()));
        NativeMemory.trimAfter(number);
        return metrics;
    }

    private Map<String, Double> evaluate(Round round, long step) {
        if (!round.evaluator.hasWork()) {
            return Map.of();
        }
        listener.activity("evaluate", step);
        return round.evaluator.evaluate(step);
    }

    private boolean dueEvaluation(long step) {
        return config.eval().evalSteps() > 0 && step % config.eval().evalSteps() == 0;
    }

    private boolean dueCheckpoint(long step) {
        return config.run().saveSteps() > 0 && step % config.run().saveSteps() == 0;
    }

    /** Whether run.stop_rule ends the run. */
    private boolean ruledOut() {
        return config.run().stopRule() == StopRule.HELD_OUT && log.stops();
    }

    /** A full disk ends no training that goes on in memory; but what is to be stopped here would be lost. */
    private void checkpoint(long step, boolean stopping) {
        listener.activity("checkpoint", step);
        session.saveCheckpoint(output).ifPresent(reason -> {
            if (stopping) {
                throw new UserError("The run was stopped at step " + step + " without a checkpoint: " + reason
                        + ", so free some space before you continue.");
            }
            listener.warning("step " + step + ": no checkpoint was written: " + reason
                    + ". The run goes on and tries again at the next one that is due; free some space.");
        });
    }
}
