package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.TrainConfig;
import dev.flipside.config.UserError;
import dev.flipside.engine.AdamW;
import dev.flipside.engine.Device;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import dev.flipside.model.Precision;
import dev.flipside.model.RewardModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UpdateGateTest {
    @TempDir
    static Path folder;

    private static TinyWorld world;
    private static Path good;

    /**
     * A reward model that orders nearly all held-out pairs: it was trained on the very rule by which they are labelled,
     * and on them.
     */
    @BeforeAll
    static void trainGoodModel() {
        world = new TinyWorld(folder);
        Recorder recorder = new Recorder();
        new RewardTrainer(world.rewardTraining(
                        "good",
                        "training.max_steps=40",
                        "training.learning_rate=0.02",
                        "data.preferences=" + world.file("eval-pairs.jsonl"),
                        "data.eval_preferences=" + withOneMore("eval-pairs.jsonl")))
                .listener(recorder)
                .run();
        assertThat(recorder.metric(40, "eval_rm/accuracy")).isGreaterThan(0.9);
        good = folder.resolve("good/final");
    }

    /** What is trained on, and a pair that is not. */
    private static Path withOneMore(String file) {
        List<String> rows = new ArrayList<>(RunFiles.lines(world.file(file)));
        rows.add(RunFiles.lines(world.file("pairs.jsonl")).get(0));
        return world.write("with-one-more.jsonl", String.join("\n", rows));
    }

    private static TrainConfig config(String name, String... more) {
        List<String> all = new ArrayList<>(List.of(
                "reward_model.model=" + good,
                "save.gate=mcnemar",
                "data.eval_preferences=" + world.file("eval-pairs.jsonl")));
        all.addAll(List.of(more));
        return world.config(name, all);
    }

    /** A gate over the good model with moments that are not zero, and what it judges. */
    private static final class Gated implements AutoCloseable {
        final TrainConfig config = config("gated", "save.gate_patience=2");
        final Grader grader = Grader.load(
                good, config.rewardModel(), new Seeds(1), Device.CPU, Precision.FLOAT32, Optional.empty(), Ranks.ALONE);
        final RewardModel model = grader.model();
        final Recorder recorder = new Recorder();
        final RewardModelUpdate update = new RewardModelUpdate(
                grader,
                Optional.empty(),
                GuardPairs.NONE,
                config,
                config.save().anchoring().anchor(),
                0.1,
                new Seeds(1));
        final UpdateGate gate;

        Gated() {
            fill(model.trunk().gradient(), 0.01);
            fill(model.valueHead().gradient(), 0.02);
            update.optimisers().forEach(o -> o.step(1, 1e-5));
            List<LabelledPair> pairs = TrainingData.read(
                            config,
                            PolicyModel.load(
                                    world.policy(), config.policy(), new Seeds(1), Device.CPU, Precision.FLOAT32),
                            TrainListener.SILENT)
                    .evalPreferences()
                    .stream()
                    .map(p -> new LabelledPair(grader.chosen(p), grader.rejected(p)))
                    .toList();
            gate = new UpdateGate(
                    model, update.optimisers(), config.save().gating(), new HeldOutPairs(pairs, Ranks.ALONE), recorder);
        }

        GateDecision judge() {
            return gate.judge(1);
        }

        /** Everything an update changes. */
        List<Object> state() {
            List<Object> state = new ArrayList<>();
            try (Scopes.Frozen scope = Scopes.frozen()) {
                state.add(floats(model.trunk().flat()));
                state.add(floats(model.valueHead().flat()));
                for (AdamW optimiser : update.optimisers()) {
                    optimiser.state().values().forEach(t -> state.add(floats(t)));
                    state.add(optimiser.steps());
                }
            }
            return state;
        }

        private static List<Float> floats(Tensor tensor) {
            List<Float> floats = new ArrayList<>();
            for (float f : Tensors.toFloats(tensor)) {
                floats.add(f);
            }
            return floats;
        }

        private static void fill(Tensor tensor, double value) {
            try (Scopes.Frozen scope = Scopes.frozen()) {
                tensor.fill_(new Scalar(value));
            }
        }

        /** Turns every order of the reward model round. */
        void invert() {
            try (Scopes.Frozen scope = Scopes.frozen()) {
                model.trunk().get("score.weight").detach().mul_(new Scalar(-1));
            }
        }

        @Override
        public void close() {
            gate.close();
            update.close();
            grader.close();
        }
    }

    @Test
    void aHarmfulUpdateIsTakenBackToTheLastBit() {
        try (Gated gated = new Gated()) {
            List<Object> before = gated.state();
            gated.gate.remember();
            Gated.fill(gated.model.trunk().gradient(), 1);
            gated.update.optimisers().forEach(o -> o.step(1, 0.5));
            gated.invert();
            assertThat(gated.state()).isNotEqualTo(before);
            GateDecision decision = gated.judge();
            assertThat(gated.state()).isEqualTo(before);
            assertThat(decision.rollbacks()).isEqualTo(1);
            assertThat(decision.pInitial()).isLessThan(0.05);
            assertThat(decision.pairs()).isEqualTo(16);
            assertThat(gated.gate.frozen()).isFalse();
            gated.gate.remember();
            gated.invert();
            gated.judge();
            assertThat(gated.gate.frozen())
                    .as("after gate_patience rollbacks in a row")
                    .isTrue();
            assertThat(gated.state()).isEqualTo(before);
            assertThat(gated.recorder.warnings).hasSize(3).anyMatch(w -> w.contains("stays frozen"));
            assertThat(gated.recorder.messages).anyMatch(m -> m.contains("16 labelled pairs") && m.contains("0.05"));
        }
    }

    @Test
    void aHarmlessUpdateIsKeptAndEndsTheRow() {
        try (Gated gated = new Gated()) {
            gated.gate.remember();
            gated.invert();
            gated.judge();
            gated.gate.remember();
            gated.update.optimisers().forEach(o -> o.step(1, 1e-6));
            List<Object> updated = gated.state();
            assertThat(gated.judge().rollbacks()).isEqualTo(1);
            assertThat(gated.state()).isEqualTo(updated);
            assertThat(gated.gate.state().inARow()).isZero();
        }
    }

    /** Worse than the best so far, though far better than at first. */
    /** A changed file gives other pairs, and answers of one cannot be compared with answers of another. */
    @Test
    void aStateOfOtherPairsIsRefused() {
        try (Gated gated = new Gated()) {
            GateState other = new GateState(new boolean[3], new boolean[3], 0, 0, false);
            assertThatThrownBy(() -> gated.gate.restore(other))
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining("save.gate: the run began with 3 pairs to ask and now reads ");
        }
    }

    @Test
    void theBestSoFarIsOneMeasure() {
        try (Gated gated = new Gated()) {
            boolean[] none = new boolean[16];
            boolean[] all = new boolean[16];
            Arrays.fill(all, true);
            gated.gate.restore(new GateState(none, all, 0, 0, false));
            gated.gate.remember();
            gated.invert();
            assertThat(gated.judge().rollbacks()).isEqualTo(1);
        }
    }

    /** Worse than at first, though the best so far was no better: many small losses must not get through. */
    @Test
    void theInitialModelIsTheOther() {
        try (Gated gated = new Gated()) {
            boolean[] none = new boolean[16];
            boolean[] all = new boolean[16];
            Arrays.fill(all, true);
            gated.gate.restore(new GateState(all, none, 0, 0, false));
            gated.gate.remember();
            gated.invert();
            assertThat(gated.judge().rollbacks()).isEqualTo(1);
        }
    }

    @Test
    void aRunWithRandomSignsEndsWithTheModelItBeganWith() {
        Recorder recorder = new Recorder();
        new SaveTrainer(config(
                        "random-signs",
                        "save.labels=random_signs",
                        "save.learning_rate=3",
                        "save.gate_patience=2",
                        "run.max_steps=4"))
                .listener(recorder)
                .run();
        assertThat(recorder.metric(1, "save/rollbacks")).isEqualTo(1);
        assertThat(recorder.metric(2, "save/rollbacks")).isEqualTo(2);
        assertThat(recorder.steps.get(3L)).as("frozen").doesNotContainKey("save/rm_loss");
        assertThat(recorder.metric(4, "save/rm_weight_change")).isZero();
        assertThat(RunFiles.bytes(folder.resolve("random-signs/reward_model")).get("model.safetensors"))
                .isEqualTo(RunFiles.bytes(good).get("model.safetensors"));
    }
}
