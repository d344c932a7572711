package dev.flipside.train;

import dev.flipside.algo.Groups;
import dev.flipside.algo.McNemar;
import dev.flipside.config.GateConfig;
import dev.flipside.config.UserError;
import dev.flipside.engine.AdamW;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Scopes;
import dev.flipside.model.RewardModel;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * Rolls a reward-model update back when it orders labelled pairs significantly worse than the initial model or the best
 * so far (docs/method.md, The gate). Comparing with the previous step alone would let many small losses through.
 */
final class UpdateGate implements AutoCloseable {
    private final RewardModel model;
    private final List<AdamW> optimisers;
    private final GateConfig config;
    private final HeldOutPairs pairs;
    private final TrainListener listener;
    private final List<Tensor> live = new ArrayList<>();
    private final List<Tensor> saved = new ArrayList<>();
    private long[] savedSteps = new long[0];
    private GateState state;

    /** Starts a round with the model as it is. */
    UpdateGate(
            RewardModel model, List<AdamW> optimisers, GateConfig config, HeldOutPairs pairs, TrainListener listener) {
        this.model = model;
        this.optimisers = optimisers;
        this.config = config;
        this.pairs = pairs;
        this.listener = listener;
        for (Parameters p : List.of(model.trunk(), model.valueHead())) {
            live.add(p.flat());
        }
        optimisers.forEach(o -> live.addAll(o.state().values()));
        try (PointerScope scope = new PointerScope()) {
            live.forEach(t -> saved.add(Scopes.keep(t.detach().clone())));
        }
        boolean[] now = pairs.correct(model);
        state = new GateState(now, now, 0, 0, false);
        listener.message("gate: " + pairs.size() + " labelled pairs, one-sided exact McNemar tests at alpha "
                + config.gateAlpha());
    }

    GateState state() {
        return state;
    }

    /** @throws UserError when the pairs are others than those of the state */
    void restore(GateState restored) {
        if (restored.initial().length != pairs.size()) {
            throw new UserError("save.gate: the run began with " + restored.initial().length
                    + " pairs to ask and now reads " + pairs.size()
                    + ", because their file, or what this version reads of it, has changed; start a new run.");
        }
        state = restored;
    }

    boolean frozen() {
        return state.frozen();
    }

    /** Remembers the model and its optimisers before an update. */
    void remember() {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            for (int i = 0; i < live.size(); i++) {
                saved.get(i).copy_(live.get(i));
            }
        }
        savedSteps = optimisers.stream().mapToLong(AdamW::steps).toArray();
    }

    /** Judges the update since {@link #remember}, and takes it back if it failed. */
    GateDecision judge(long step) {
        boolean[] now = pairs.correct(model);
        McNemar againstInitial = McNemar.of(state.initial(), now);
        McNemar againstBest = McNemar.of(state.best(), now);
        boolean worse = againstInitial.significantlyWorse(config.gateAlpha())
                || againstBest.significantlyWorse(config.gateAlpha());
        if (worse) {
            takeBack();
            int inARow = state.inARow() + 1;
            boolean frozen = inARow >= config.gatePatience();
            state = new GateState(state.initial(), state.best(), state.rollbacks() + 1, inARow, frozen);
            listener.warning("step " + step + ": the reward-model update was rolled back (accuracy on the gate's pairs "
                    + percent(now) + " against " + percent(state.initial()) + " at first and " + percent(state.best())
                    + " at best)");
            if (frozen) {
                listener.warning("step " + step + ": " + inARow
                        + " rollbacks in a row (save.gate_patience), so the reward model stays frozen from here on.");
            }
        } else {
            boolean better = Groups.count(now) > Groups.count(state.best());
            state = new GateState(state.initial(), better ? now : state.best(), state.rollbacks(), 0, false);
        }
        return new GateDecision(againstInitial.pValue(), againstBest.pValue(), pairs.size(), state.rollbacks());
    }

    private void takeBack() {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            for (int i = 0; i < live.size(); i++) {
                live.get(i).copy_(saved.get(i));
            }
        }
        for (int i = 0; i < savedSteps.length; i++) {
            optimisers.get(i).restoreSteps(savedSteps[i]);
        }
    }

    private static String percent(boolean[] correct) {
        return String.format("%.1f%%", 100.0 * Groups.count(correct) / correct.length);
    }

    @Override
    public void close() {
        saved.forEach(Scopes::release);
    }
}
