package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.SharedFiles;
import dev.flipside.TestResources;
import dev.flipside.config.ConfigReader;
import dev.flipside.data.Preference;
import dev.flipside.engine.Device;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import dev.flipside.model.Precision;
import dev.flipside.model.RewardModel;
import dev.flipside.model.ScoredRow;
import dev.flipside.safetensors.WeightType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RewardTrainerTest {
    @TempDir
    static Path folder;

    private static TinyWorld world;

    @BeforeAll
    static void writeWorld() {
        world = new TinyWorld(folder);
    }

    private static Recorder run(String name, String... overrides) {
        Recorder recorder = new Recorder();
        new RewardTrainer(world.rewardTraining(name, overrides))
                .listener(recorder)
                .run();
        return recorder;
    }

    @Test
    void itLearnsThePairs() {
        Recorder recorder =
                run("learns", "training.max_steps=30", "training.learning_rate=0.02", "training.eval_steps=10");
        assertThat(recorder.metric(30, "loss")).isLessThan(0.5 * recorder.metric(1, "loss"));
        assertThat(recorder.metric(30, "accuracy")).isGreaterThan(0.9);
        for (long step : new long[] {0, 10, 20, 30}) {
            assertThat(recorder.steps.get(step))
                    .containsKeys("eval_rm/accuracy", "eval_rm/ece", "eval_rm/margin", "eval_rm/length_corr");
        }
        assertThat(recorder.metric(30, "eval_rm/accuracy")).isGreaterThan(recorder.metric(0, "eval_rm/accuracy"));
        assertThat(recorder.metric(30, "eval_rm/accuracy_delta_base"))
                .isCloseTo(
                        recorder.metric(30, "eval_rm/accuracy") - recorder.metric(0, "eval_rm/accuracy"),
                        within(1e-12));
        assertThat(RunFiles.metrics(folder.resolve("learns"))).hasSize(31);
    }

    /** The first step's loss from the scores of the initial model, by the formula. */
    @Test
    void marginCenteringAndSmoothingAreInTheLoss() {
        String[] options = {
            "data.shuffle=false",
            "data.margin_column=margin",
            "training.center_rewards_coefficient=0.2",
            "training.label_smoothing=0.1"
        };
        double loss = run("formula", options).metric(1, "loss");
        double expected = 0;
        TrainingData data = pairs();
        try (Grader grader = grader(world.rewardModel())) {
            List<Preference> first = data.preferences().subList(0, 8);
            for (Preference pair : first) {
                double[] r = grader.model()
                        .score(List.of(grader.chosen(pair), grader.rejected(pair)))
                        .rewards();
                double x = r[0] - r[1] - 0.3;
                expected += (0.9 * Math.log1p(Math.exp(-x))
                                + 0.1 * Math.log1p(Math.exp(x))
                                + 0.2 * Math.pow(r[0] + r[1], 2))
                        / 8;
            }
        }
        // Rewards in float32.
        assertThat(loss).isCloseTo(expected, within(1e-5));
    }

    private static TrainingData pairs() {
        var config = world.config("pairs", "data.preferences=" + world.file("pairs.jsonl"), "save.guard=replay");
        try (PolicyModel policy =
                PolicyModel.load(world.policy(), config.policy(), new Seeds(1), Device.CPU, Precision.FLOAT32)) {
            return TrainingData.read(config, policy, TrainListener.SILENT);
        }
    }

    private static Grader grader(Path model) {
        return Grader.load(
                model,
                world.config("grader", "reward_model.model=" + model).rewardModel(),
                new Seeds(1),
                Device.CPU,
                Precision.FLOAT32,
                Optional.empty(),
                Ranks.ALONE);
    }

    @Test
    void longPairsAreDroppedOrCutAndCounted() {
        // A prompt of 4 letters behind <s>, an answer of 3 to 8 letters, </s>: the limit leaves answers of up to 5.
        long tooLong = pairs().preferences().stream()
                .filter(p -> Math.max(p.chosen().length(), p.rejected().length()) > 5)
                .count();
        assertThat(tooLong).isBetween(1L, 23L);
        Recorder dropped = run("dropped", "data.max_length=11");
        assertThat(dropped.messages).anyMatch(m -> m.contains(tooLong + " of 24 pairs") && m.contains("dropped"));
        Recorder cut = run("cut", "data.max_length=11", "data.long_pairs=truncate");
        assertThat(cut.messages).anyMatch(m -> m.contains(tooLong + " of 24 pairs") && m.contains("cut on the right"));
        assertThat(cut.metric(1, "num_tokens")).isLessThanOrEqualTo(8 * 2 * 11);
    }

    @Test
    void whatWasHeldOutOfOneFileIsNotTrainedOn() {
        Recorder recorder =
                run("fraction", "!data.eval_preferences", "data.eval_fraction=0.25", "training.max_steps=0");
        assertThat(recorder.messages).anyMatch(m -> m.contains("18 pairs to train on, 6 held out"));
        assertThat(recorder.steps).containsKey(3L).doesNotContainKey(4L);
    }

    @Test
    void theSavedDirectoryScoresTheSame() {
        run("saved", "training.learning_rate=0.01");
        Path saved = folder.resolve("saved/final");
        Recorder again = run("again", "reward_model.model=" + saved, "training.learning_rate=0");
        Recorder first = run("first", "training.learning_rate=0.01");
        // The same weights and pairs: room for float32 sums in another order.
        assertThat(again.metric(0, "eval_rm/margin")).isCloseTo(first.metric(2, "eval_rm/margin"), within(1e-6));
        try (Grader grader = grader(saved)) {
            List<ScoredRow> rows = new ArrayList<>();
            pairs().preferences().forEach(p -> rows.add(grader.chosen(p)));
            int pad = grader.model().files().padId().orElseThrow();
            assertThat(rows).isNotEmpty().noneMatch(r -> r.ids()[r.ids().length - 1] == pad);
            assertThat(grader.model().rowsEndingInPadding(rows)).isZero();
        }
    }

    /**
     * config.json of the base model may name the end token as padding, with which transformers would read every reward
     * one token early.
     */
    @Test
    void aPaddingTokenThatEndsTextsIsReplaced() throws IOException {
        Path base = folder.resolve("eos-is-pad");
        try (RewardModel model = RewardModel.load(world.rewardModel(), Device.CPU)) {
            model.save(base, WeightType.F32, TinyWorld.EOS);
        }
        run("safe-pad", "reward_model.model=" + base);
        JsonNode config = RunFiles.json(Files.readString(folder.resolve("safe-pad/final/config.json")));
        assertThat(config.get("pad_token_id").asInt()).isNotEqualTo(TinyWorld.EOS);
    }

    /**
     * TRL 1.13 on the same initial model, pairs, order, batch and schedule; the numbers are made by
     * make_trl_stories.py.
     */
    @Test
    void everyStepEqualsTrl() throws IOException {
        Path stories = SharedFiles.require("models/stories260k");
        JsonNode golden = TestResources.json("train/trl_stories.json");
        Path base = folder.resolve("stories-init");
        try (RewardModel model = RewardModel.fromBackbone(stories, Device.CPU, new Seeds(0))) {
            try (Scopes.Frozen scope = Scopes.frozen()) {
                double[] head = numbers(golden.get("head"));
                model.trunk().get("score.weight").detach().copy_(Tensors.ofDoubles(head, Device.CPU, 1, head.length));
            }
            model.save(base, WeightType.F32);
        }
        Recorder recorder = new Recorder();
        new RewardTrainer(ConfigReader.rewardTraining(
                        world.write("empty.yaml", "{}\n"),
                        List.of(
                                "run.output_dir=" + folder.resolve("stories"),
                                "reward_model.model=" + base,
                                "data.preferences=" + lines("stories-train.jsonl", golden.get("train")),
                                "data.eval_preferences=" + lines("stories-eval.jsonl", golden.get("held_out")),
                                "data.shuffle=false",
                                "training.learning_rate="
                                        + golden.get("learning_rate").asDouble(),
                                "training.warmup_steps="
                                        + golden.get("warmup_steps").asInt(),
                                "training.train_batch_size="
                                        + golden.get("batch").asInt(),
                                "training.per_device_train_batch_size="
                                        + golden.get("micro").asInt())))
                .listener(recorder)
                .run();
        assertHeldOutScores(base, golden, "scores_before", 1e-4);
        for (int step = 1; step <= golden.get("steps").size(); step++) {
            JsonNode theirs = golden.get("steps").get(step - 1);
            Map<String, Double> ours = recorder.steps.get((long) step);
            // Twelve Adam steps on gradients that agree to rounding; an update that differs anywhere shows within two.
            assertThat(ours.get("loss"))
                    .as("loss of step " + step)
                    .isCloseTo(theirs.get("loss").asDouble(), within(1e-3));
            assertThat(ours.get("margin")).isCloseTo(theirs.get("margin").asDouble(), within(2e-3));
            assertThat(ours.get("accuracy")).isEqualTo(theirs.get("accuracy").asDouble());
            assertThat(ours.get("learning_rate"))
                    .isCloseTo(theirs.get("learning_rate").asDouble(), within(1e-9));
            assertThat(ours.get("grad_norm") / theirs.get("grad_norm").asDouble())
                    .isCloseTo(1, within(2e-3));
        }
        assertHeldOutScores(folder.resolve("stories/final"), golden, "scores_after", 2e-3);
    }

    /** The scores that transformers gave the held-out pairs. */
    private static void assertHeldOutScores(Path model, JsonNode golden, String key, double tolerance) {
        List<ScoredRow> rows = new ArrayList<>();
        List<Double> expected = new ArrayList<>();
        for (int i = 0; i < golden.get("held_out").size(); i++) {
            JsonNode ids = golden.get("held_out_ids").get(i);
            for (String side : List.of("chosen_ids", "rejected_ids")) {
                int[] row = new int[ids.get(side).size()];
                for (int t = 0; t < row.length; t++) {
                    row[t] = ids.get(side).get(t).asInt();
                }
                rows.add(new ScoredRow(row, 0));
            }
            expected.add(golden.get(key).get(i).get(0).asDouble());
            expected.add(golden.get(key).get(i).get(1).asDouble());
        }
        try (RewardModel loaded = RewardModel.load(model, Device.CPU)) {
            double[] rewards = loaded.score(rows).rewards();
            for (int k = 0; k < rewards.length; k++) {
                assertThat(rewards[k]).isCloseTo(expected.get(k), within(tolerance));
            }
        }
    }

    private static Path lines(String name, JsonNode pairs) {
        StringBuilder text = new StringBuilder();
        pairs.forEach(p -> text.append(p).append('\n'));
        return world.write(name, text.toString());
    }

    private static double[] numbers(JsonNode array) {
        double[] numbers = new double[array.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = array.get(i).asDouble();
        }
        return numbers;
    }
}
