package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.algo.Groups;
import dev.flipside.config.AnchorConfig;
import dev.flipside.config.ControlsConfig;
import dev.flipside.config.Looks;
import dev.flipside.config.TrainConfig;
import dev.flipside.config.ValueHeadConfig;
import dev.flipside.engine.Device;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import dev.flipside.model.Precision;
import dev.flipside.model.RewardModel;
import dev.flipside.model.ScoredRow;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What one optimiser step of the reward model accumulates is the derivative of the SAVE loss, written down here a
 * second time from its definition.
 */
class RewardModelGradientTest {
    private static final int GROUP = SaveLossWrittenOut.GROUP;
    private static final double FLOOR = SaveLossWrittenOut.FLOOR;

    @TempDir
    static Path folder;

    private static TinyWorld world;

    private PolicyModel policy;
    private Grader grader;
    private RolloutBatch batch;
    private LabelledPair replayed;
    private RewardModel initial;

    @BeforeAll
    static void writeWorld() {
        world = new TinyWorld(folder);
    }

    @BeforeEach
    void open() {
        TrainConfig config = world.config("gradient");
        policy = PolicyModel.load(world.policy(), config.policy(), new Seeds(1), Device.CPU, Precision.FLOAT32);
        grader = Grader.load(
                world.rewardModel(),
                config.rewardModel(),
                new Seeds(1),
                Device.CPU,
                Precision.FLOAT32,
                Optional.empty(),
                Ranks.ALONE);
        SplittableRandom random = new SplittableRandom(5);
        grader.model().setValueHead(random.doubles(16, -0.1, 0.1).toArray(), 0.2);
        TrainingData data = TrainingData.read(config, policy, TrainListener.SILENT);
        batch = new Rollouts(policy, config.rollout(), new Seeds(1), Ranks.ALONE)
                .sample(data.prompts().subList(0, 5), GROUP, Seeds.Stream.ROLLOUT, 1);
        List<ScoredRow> rows = grader.read(batch).rows();
        replayed = new LabelledPair(rows.get(0), rows.get(7));
        initial = grader.model().copy();
        // The round's initial model is another one than the model now.
        initial.setValueHead(random.doubles(16, -0.1, 0.1).toArray(), -0.1);
    }

    @AfterEach
    void close() {
        policy.close();
        grader.close();
    }

    private TrainConfig config(String... overrides) {
        List<String> all = new java.util.ArrayList<>(List.of(
                "save.learning_rate=0",
                "save.value_learning_rate=0",
                "save.max_grad_norm=0",
                "save.rm_mini_batches=1"));
        all.addAll(List.of(overrides));
        return world.config("gradient", all);
    }

    /** Runs one update with learning rate 0, which leaves the gradient of its last optimiser step. */
    private RewardModelLosses update(TrainConfig config, Optional<double[][]> gold) {
        return update(config, Course.configured(config.save()), gold);
    }

    private RewardModelLosses update(TrainConfig config, Course course, Optional<double[][]> gold) {
        boolean frozen = config.save().anchoring().anchor() == AnchorConfig.Anchor.FROZEN;
        try (RewardModelUpdate update = new RewardModelUpdate(
                grader,
                frozen ? Optional.of(initial) : Optional.empty(),
                new GuardPairs(List.of(replayed), new int[][] {{0, 0}}),
                config,
                config.save().anchoring().anchor(),
                FLOOR,
                new Seeds(1))) {
            Samples samples = new Samples(batch, grader.read(batch), gold.map(Groups::flat));
            return update.update(samples, course, 1).losses();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "save.anchor=leave_one_out",
                "save.anchor=mixture save.anchor_mix=0.4",
                "save.anchor=frozen",
                "save.anchor=shuffled",
                "save.anchor_noise=0.7",
                "save.anchor_gradient=flow",
                "save.anchor_gradient=flow save.value_backbone_weight=0.1",
                "save.anchor_gradient=flow save.value_backbone_weight=1",
                "save.anchor=mixture save.anchor_mix=0.4 save.anchor_gradient=flow save.value_backbone_weight=1",
                "save.rm_loss=pairwise",
                "save.balance=all_kept",
                "save.label_smoothing=0.1",
                "save.margin_cap=1.5",
                "save.margin_cap=1.5 save.rm_loss=pairwise save.label_smoothing=0.1",
                "save.centering=0.3",
                "save.guard=replay save.replay_weight=0.7 save.guard_batch=3 data.preferences=PAIRS",
                "save.value_target=leave_one_out save.value_backbone_weight=1",
                "save.value_target=improved",
                "save.value_backbone_weight=0.1",
                "save.value_backbone_weight=1",
                "!save.calibration_prompts save.filter=absolute save.filter_threshold=0.2",
                "!save.calibration_prompts save.filter=fraction save.filter_threshold=0.25",
                "!save.calibration_prompts save.filter=none",
                "save.labels=gold eval.gold={name: length}",
                "save.contrast_weight=0.5",
                "save.mask_truncated=true",
                "save.residualise=[length]",
                "save.residualise=[length] save.mask_truncated=true save.anchor=leave_one_out",
                "save.anchor=mixture save.anchor_gradient=flow save.value_backbone_weight=0.5 save.label_smoothing=0.05 save.centering=0.1"
                        + " save.guard=replay save.guard_batch=2 data.preferences=PAIRS save.balance=all_kept save.mask_truncated=true",
            })
    void theGradientIsTheDerivativeOfTheLoss(String options) {
        String given = options.replace("PAIRS", world.file("pairs.jsonl").toString());
        TrainConfig config = config(given.isEmpty() ? new String[0] : given.split(" (?=!?[a-z_]+\\.)"));
        Optional<double[][]> gold = config.save().controls().labels() == ControlsConfig.Labels.GOLD
                ? Optional.of(goldRewards())
                : Optional.empty();
        SaveLossWrittenOut expected = new SaveLossWrittenOut(
                config.save(),
                grader.model(),
                initial,
                batch,
                grader.read(batch).rows(),
                replayed,
                gold);
        RewardModelLosses losses = update(config, gold);
        float[] trunk = Derivatives.gradient(grader.model().trunk());
        float[] head = Derivatives.gradient(grader.model().valueHead());
        // Losses of size 1 from float32 scores, here in double precision.
        if (config.save().valueHead().valueTarget() == ValueHeadConfig.ValueTarget.IMPROVED) {
            assertThat(losses.value()).isCloseTo(expected.valueLoss(expected.now()), within(1e-5));
            assertThat(Derivatives.norm(trunk))
                    .as("fitting v leaves the backbone alone")
                    .isZero();
        } else {
            assertThat(losses.total()).isCloseTo(expected.loss(expected.now(), 1), within(1e-5));
            assertThat(Derivatives.norm(trunk)).isPositive();
            Derivatives.check(
                    grader.model().trunk(),
                    trunk,
                    () -> expected.loss(
                            expected.now(), config.save().valueHead().valueBackboneWeight()));
        }
        assertThat(Derivatives.norm(head)).isPositive();
        Derivatives.check(grader.model().valueHead(), head, () -> expected.loss(expected.now(), 1));
    }

    /**
     * The labelled pair's own gradient b is that of replay less that without a guard; from the two the projection is
     * written out here in double precision. A pair and the same turned round have opposite b.
     */
    @Test
    void aProjectionRemovesWhatDisagreesWithThePairs() {
        assertThat(List.of(projects(), turnedRound())).containsExactlyInAnyOrder(true, false);
    }

    private boolean turnedRound() {
        replayed = new LabelledPair(replayed.rejected(), replayed.chosen());
        return projects();
    }

    /** Checks the guards that project, and says whether the pair disagrees with the update. */
    private boolean projects() {
        String pairs = "data.preferences=" + world.file("pairs.jsonl");
        double[] own = trunk("save.centering=0.1");
        double[] both = trunk("save.centering=0.1", pairs, "save.guard=replay");
        double[] memory = IntStream.range(0, own.length)
                .mapToDouble(i -> both[i] - own[i])
                .toArray();
        double cross = dot(own, memory);
        double correction = Math.max(0, -cross / dot(memory, memory));

        GuardFigures found = update(config("save.centering=0.1", pairs, "save.guard=project"), Optional.empty())
                .guard()
                .orElseThrow();
        assertThat(found.conflictShare()).hasValue(cross < 0 ? 1 : 0);
        // Of float32 gradients, one of them a difference.
        assertThat(found.cosine().orElseThrow())
                .isCloseTo(cross / Math.sqrt(dot(own, own) * dot(memory, memory)), within(1e-5));
        assertSum(trunk("save.centering=0.1", pairs, "save.guard=project"), own, memory, correction);
        assertSum(trunk("save.centering=0.1", pairs, "save.guard=project_replay"), own, memory, correction + 1);
        assertSum(
                trunk("save.centering=0.1", pairs, "save.guard=project_replay", "save.replay_weight=0.5"),
                own,
                memory,
                correction + 0.5);
        return cross < 0;
    }

    private double[] trunk(String... options) {
        update(config(options), Optional.empty());
        float[] gradient = Derivatives.gradient(grader.model().trunk());
        return IntStream.range(0, gradient.length).mapToDouble(i -> gradient[i]).toArray();
    }

    private static double dot(double[] left, double[] right) {
        return IntStream.range(0, left.length)
                .mapToDouble(i -> left[i] * right[i])
                .sum();
    }

    private static void assertSum(double[] actual, double[] own, double[] memory, double times) {
        double[] gap = IntStream.range(0, own.length)
                .mapToDouble(i -> actual[i] - own[i] - times * memory[i])
                .toArray();
        assertThat(Math.sqrt(dot(gap, gap))).isLessThan(1e-5 * Math.sqrt(dot(own, own)));
    }

    @Test
    void onlyTheValueHeadLearnsFromTheValueLossByDefault() {
        update(
                config(
                        "save.contrast_weight=0",
                        "save.guard=replay",
                        "save.replay_weight=1e-12",
                        "data.preferences=" + world.file("pairs.jsonl")),
                Optional.empty());
        // Replay needs a weight above 0 here; what is left of it is 1e-12.
        assertThat(Derivatives.norm(Derivatives.gradient(grader.model().trunk())))
                .isLessThan(1e-9);
        assertThat(Derivatives.norm(Derivatives.gradient(grader.model().valueHead())))
                .isGreaterThan(1e-2);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "reward_model.per_device_batch_size=4",
                "reward_model.per_device_batch_size=9",
                "reward_model.gradient_checkpointing=true",
                "reward_model.activation_memory_mb=1 reward_model.per_device_batch_size=1000",
                "reward_model.per_device_batch_size=1 reward_model.gradient_checkpointing=true"
            })
    void splitAndCheckpointingDoNotMatter(String memory) {
        String[] rich = {
            "save.anchor_gradient=flow",
            "save.value_backbone_weight=0.5",
            "save.centering=0.2",
            "save.guard=project_replay",
            "save.guard_batch=5",
            "data.preferences=" + world.file("pairs.jsonl"),
            "save.value_target=leave_one_out"
        };
        RewardModelLosses whole = update(config(rich), Optional.empty());
        float[] trunk = Derivatives.gradient(grader.model().trunk());
        float[] head = Derivatives.gradient(grader.model().valueHead());
        List<String> other = new java.util.ArrayList<>(List.of(rich));
        other.addAll(List.of(memory.split(" ")));
        RewardModelLosses split = update(config(other.toArray(String[]::new)), Optional.empty());
        // Sums of a few dozen float32 terms in another order.
        assertThat(split.total()).isCloseTo(whole.total(), within(1e-5));
        Derivatives.assertSame(Derivatives.gradient(grader.model().trunk()), trunk, 1e-5);
        Derivatives.assertSame(Derivatives.gradient(grader.model().valueHead()), head, 1e-5);
    }

    @Test
    void theOrderOfThePromptsDoesNotMatter() {
        update(config(), Optional.empty());
        float[] trunk = Derivatives.gradient(grader.model().trunk());
        batch = Batches.select(batch, 3, 0, 4, 2, 1);
        update(config(), Optional.empty());
        Derivatives.assertSame(Derivatives.gradient(grader.model().trunk()), trunk, 1e-5);
    }

    /**
     * Longer rows in the batch pad the others, and must change nothing for them: the loss of all prompts is the mean of
     * the losses of each.
     */
    @Test
    void paddingDoesNotMatter() {
        double sum = 0;
        RolloutBatch all = batch;
        TrainConfig config = config("!save.calibration_prompts", "save.filter=none");
        for (int p = 0; p < all.size(); p++) {
            batch = Batches.select(all, p);
            sum += update(config, Optional.empty()).value();
        }
        batch = all;
        // Float32 sums in another order.
        assertThat(update(config, Optional.empty()).value()).isCloseTo(sum / all.size(), within(1e-5));
    }

    /** What is in force is the course's, whatever the configuration says. */
    @Test
    void aCourseTakesThePlaceOfWhatIsConfigured() {
        String pairs = "data.preferences=" + world.file("pairs.jsonl");
        update(
                config(
                        pairs,
                        "save.guard=replay",
                        "save.replay_weight=0.3",
                        "save.contrast_weight=0.5",
                        "save.residualise=[length]"),
                Optional.empty());
        float[] configured = Derivatives.gradient(grader.model().trunk());
        update(
                config(pairs, "save.guard=replay"),
                new Course(true, 0.5, 0.3, 1, List.of(Looks.LENGTH), List.of()),
                Optional.empty());
        assertThat(Derivatives.gradient(grader.model().trunk())).isEqualTo(configured);
    }

    @Test
    void aCourseSlowsTheRewardModelDown() {
        float[] before = weights();
        update(config("save.learning_rate=1e-3"), Optional.empty());
        float[] slow = weights();
        restore(before);
        update(config("save.learning_rate=4e-3"), new Course(true, 1, 0, 0.25, List.of(), List.of()), Optional.empty());
        assertThat(weights()).isEqualTo(slow).isNotEqualTo(before);
        restore(before);
    }

    private float[] weights() {
        return Tensors.toFloats(grader.model().trunk().flat());
    }

    private void restore(float[] weights) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            grader.model().trunk().flat().copy_(Tensors.ofFloats(weights, Device.CPU, weights.length));
        }
    }

    private double[][] goldRewards() {
        double[][] gold = new double[batch.size()][GROUP];
        for (int p = 0; p < gold.length; p++) {
            for (int i = 0; i < GROUP; i++) {
                gold[p][i] = TinyWorld.vowels(batch.texts().get(p).get(i));
            }
        }
        return gold;
    }
}
