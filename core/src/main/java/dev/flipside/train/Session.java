package dev.flipside.train;

import dev.flipside.config.SaveConfig.Preset;
import dev.flipside.config.TrainConfig;
import dev.flipside.config.UserError;
import dev.flipside.data.Preference;
import dev.flipside.data.PromptExample;
import dev.flipside.engine.Device;
import dev.flipside.engine.Seeds;
import dev.flipside.model.CausalLm;
import dev.flipside.model.Precision;
import dev.flipside.model.RewardModel;
import dev.flipside.model.WeightType;
import dev.flipside.reward.RewardFunction;
import dev.flipside.reward.RewardMix;
import dev.flipside.run.Checkpoint;
import dev.flipside.run.DiskSpace;
import dev.flipside.run.Provenance;
import dev.flipside.run.RunDirectory;
import dev.flipside.text.Conversation;
import dev.flipside.train.RewardModelUpdate.LabelledRows;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** An opened run: its models, its data, where it is, and how it is saved and restored. */
final class Session implements AutoCloseable {
    private final TrainConfig config;
    private final Device device;
    private final Precision precision;
    private final Seeds seeds;
    private final PolicyModel policy;
    private final Optional<Grader> grader;
    private final Round.Setting setting;
    private final TrainListener listener;
    private Optional<Round> round = Optional.empty();
    private long step;
    private double tokensSeen;

    private Session(
            TrainConfig config,
            Device device,
            Precision precision,
            PolicyModel policy,
            Optional<Grader> grader,
            Round.Setting setting) {
        this.config = config;
        this.device = device;
        this.precision = precision;
        this.seeds = setting.seeds();
        this.policy = policy;
        this.grader = grader;
        this.setting = setting;
        this.listener = setting.listener();
    }

    /** Loads models and data; from the checkpoint that the run continues from, when there is one. */
    static Session open(
            TrainConfig config,
            List<RewardMix.Term> functions,
            Optional<Checkpoint> checkpoint,
            TrainListener listener) {
        Device device = Device.parse(config.run().device());
        Precision precision = SaveTrainer.precision(config.run().dtype(), device);
        Path policyWeights = checkpoint
                .map(c -> c.folder().resolve(CheckpointFiles.POLICY))
                .orElse(Path.of(config.policy().model()));
        Seeds seeds = new Seeds(config.run().seed());
        PolicyModel policy = PolicyModel.load(policyWeights, config.policy(), seeds, device, precision);
        Optional<Grader> grader = config.rewardModel()
                .model()
                .map(dir -> Grader.load(
                        checkpoint
                                .map(c -> c.folder().resolve(CheckpointFiles.REWARD_MODEL))
                                .orElse(Path.of(dir)),
                        config.rewardModel(),
                        seeds,
                        device,
                        precision,
                        policy.lm().backbone()));
        if (grader.filter(g -> g.model().sharesBackbone()).isPresent()) {
            listener.message("policy and reward model are adapters on one frozen "
                    + policy.lm().files().directory());
        }
        TrainingData data = TrainingData.read(config, policy, listener);
        Optional<RewardFunction> gold = config.eval().gold().map(g -> RewardSignal.named("eval.gold", g));
        Optional<HeldOutPairs> heldOut = grader.filter(
                        g -> !data.evalPreferences().isEmpty())
                .map(g -> new HeldOutPairs(labelled(g, data.evalPreferences())));
        Round.Setting setting = new Round.Setting(
                config,
                seeds,
                data,
                functions,
                gold,
                grader.map(g -> labelled(g, data.preferences())).orElse(List.of()),
                heldOut,
                new FirstEvaluation(),
                listener);
        grader.ifPresent(
                g -> UserError.under("reward_model.model", () -> probe(g, data)).forEach(listener::warning));
        if (grader.isPresent()
                && grader.get().readsBeforeTheEnd(data.prompts().get(0).prompt())) {
            listener.warning(
                    "reward_model.model: the padding token in its config.json ends a finished reply, whose reward is therefore"
                            + " read before it, as transformers does; set another pad_token_id there if that is not meant.");
        }
        Session session = new Session(config, device, precision, policy, grader, setting);
        checkpoint.ifPresent(session::restore);
        return session;
    }

    /** What is to be known of how the reward model reads this run's own data. */
    private static List<String> probe(Grader grader, TrainingData data) {
        List<Conversation> prompts =
                data.prompts().stream().map(PromptExample::prompt).toList();
        List<String> warnings = new ArrayList<>();
        PrefixProbe.ofPrompts(grader.renderer(), prompts)
                .warning("data.prompts")
                .ifPresent(warnings::add);
        PrefixProbe.ofPairs(grader.renderer(), data.preferences())
                .warning("data.preferences")
                .ifPresent(warnings::add);
        PrefixProbe.ofPairs(grader.renderer(), data.evalPreferences())
                .warning("data.eval_preferences")
                .ifPresent(warnings::add);
        return warnings;
    }

    private static List<LabelledRows> labelled(Grader grader, List<Preference> pairs) {
        return pairs.stream()
                .map(p -> new LabelledRows(grader.chosen(p), grader.rejected(p)))
                .toList();
    }

    Provenance provenance(String yaml) {
        return RunProvenance.of(config, yaml, device, precision);
    }

    Device device() {
        return device;
    }

    Seeds seeds() {
        return seeds;
    }

    TrainingData data() {
        return setting.data();
    }

    /** Steps that are finished. */
    long step() {
        return step;
    }

    boolean midRound() {
        return round.isPresent();
    }

    Round round() {
        return round.orElseThrow(() -> new IllegalStateException("no round has begun"));
    }

    Round beginRound(int number) {
        round = Optional.of(Round.begin(number, policy, grader, setting));
        return round.get();
    }

    void endRound() {
        round().close();
        round = Optional.empty();
    }

    /** The true rewards of a batch, group after group, where a function that knows them was named. */
    Optional<double[]> gold(RolloutBatch batch) {
        return setting.gold().map(g -> g.score(batch.samples()));
    }

    void finished(long finishedStep, Map<String, Double> metrics) {
        step = finishedStep;
        tokensSeen += metrics.get("completions/mean_length") * config.rollout().generationBatchSize();
        metrics.put("num_tokens", tokensSeen);
    }

    /** How far the models have moved from the files they came from: |w - w0| / |w0|. */
    void writeWeightChange(Map<String, Double> metrics) {
        if (config.save().preset() != Preset.OFF && grader.isPresent()) {
            Path initial = Path.of(config.rewardModel().model().orElseThrow());
            metrics.put("save/rm_weight_change", grader.get().model().relativeChange(initial));
        }
        metrics.put(
                "policy/weight_change",
                policy.lm().relativeChange(Path.of(config.policy().model())));
    }

    /** Writes a checkpoint unless the disk cannot hold it: then the folder stays as it is, and the reason is returned as the middle of a sentence. */
    Optional<String> saveCheckpoint(RunDirectory directory) {
        if (directory.checkpoints().steps().contains(step)) {
            return Optional.empty();
        }
        Optional<String> noRoom = directory.noRoomFor(CheckpointFiles.size(round()));
        if (noRoom.isEmpty()) {
            directory.saveCheckpoint(
                    step,
                    Map.of("round", (long) round().number),
                    folder -> CheckpointFiles.write(
                            folder, round(), setting.first().state(), tokensSeen));
        }
        return noRoom;
    }

    private void restore(Checkpoint checkpoint) {
        step = checkpoint.step();
        int number = Math.toIntExact(checkpoint.positions().get("round"));
        CheckpointFiles.State state = CheckpointFiles.readState(checkpoint.folder());
        tokensSeen = state.tokensSeen();
        setting.first().restore(state.firstEvaluation());
        boolean finishedRound = step % config.run().maxSteps() == 0;
        if (finishedRound
                && step < (long) config.run().maxSteps() * config.run().rounds()) {
            return; // The next round begins with these models.
        }
        Path folder = checkpoint.folder();
        Optional<CausalLm> reference = config.keepsReference()
                ? Optional.of(reference(number, folder.resolve(CheckpointFiles.REFERENCE)))
                : Optional.empty();
        Optional<RewardModel> initial = Round.needsInitialRewardModel(config)
                ? Optional.of(RewardModel.load(
                        folder.resolve(CheckpointFiles.INITIAL_REWARD_MODEL),
                        device,
                        precision,
                        grader.flatMap(g -> g.model().backbone())))
                : Optional.empty();
        Round restored = Round.restore(number, policy, grader, reference, initial, state.start(), setting);
        CheckpointFiles.restore(folder, restored, state);
        round = Optional.of(restored);
        listener.message("resumed from " + checkpoint.folder() + " at step " + step);
    }

    /** The policy as a round began, without a second copy of what is frozen. */
    private CausalLm reference(int number, Path saved) {
        Path initial = Path.of(config.policy().model());
        if (Round.beginsAtBase(number, config)) {
            return policy.lm().withoutAdapter();
        }
        return CausalLm.load(
                number == 0 ? initial : saved, device, precision, policy.lm().backbone());
    }

    /** Writes the final models where users look for them. */
    void export(Path folder, DiskSpace disk) {
        WeightType type = WeightType.valueOf(config.run().saveDtype().name());
        CausalLm lm = policy.lm();
        AtomicFolder.write(folder.resolve("policy"), lm.savedBytes(type), disk, aside -> lm.save(aside, type));
        if (grader.isPresent() && config.save().preset() != Preset.OFF) {
            RewardModel model = grader.get().model();
            AtomicFolder.write(
                    folder.resolve("reward_model"), model.savedBytes(type), disk, aside -> model.save(aside, type));
        }
    }

    @Override
    public void close() {
        round.ifPresent(Round::close);
        policy.close();
        grader.ifPresent(Grader::close);
    }
}
