package dev.flipside.train;

import dev.flipside.config.TrainConfig;
import dev.flipside.config.UserError;
import dev.flipside.data.PromptExample;
import dev.flipside.engine.Device;
import dev.flipside.engine.Seeds;
import dev.flipside.model.CausalLm;
import dev.flipside.model.Precision;
import dev.flipside.model.RewardModel;
import dev.flipside.reward.RewardTerm;
import dev.flipside.run.Checkpoint;
import dev.flipside.run.DiskSpace;
import dev.flipside.run.Provenance;
import dev.flipside.run.RunDirectory;
import dev.flipside.safetensors.WeightType;
import dev.flipside.text.Conversation;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** An opened run: its models, its data, where it is, and how it is saved and restored. */
final class Session implements AutoCloseable {
    private static final String THERE = "there";

    private final TrainConfig config;
    private final Device device;
    private final Precision precision;
    private final Seeds seeds;
    private final PolicyModel policy;
    private final Optional<Grader> grader;
    private final Round.Setting setting;
    private final TrainListener listener;
    private final Map<String, Double> dataFigures;
    private Optional<Round> round = Optional.empty();
    private long step;
    private double tokensSeen;

    private Session(
            TrainConfig config,
            Device device,
            Precision precision,
            PolicyModel policy,
            Optional<Grader> grader,
            Round.Setting setting,
            Map<String, Double> dataFigures) {
        this.config = config;
        this.device = device;
        this.precision = precision;
        this.seeds = setting.seeds();
        this.policy = policy;
        this.grader = grader;
        this.setting = setting;
        this.listener = setting.listener();
        this.dataFigures = dataFigures;
    }

    /**
     * Loads models and data; from the checkpoint that the run continues from, when there is one.
     *
     * @param ranks among which the work is split
     */
    static Session open(
            TrainConfig config,
            List<RewardTerm> functions,
            Optional<Checkpoint> checkpoint,
            TrainListener listener,
            Ranks ranks) {
        // Before anything is loaded: what is wrong with a function is told at once.
        ConfiguredRewards rewards = ConfiguredRewards.of(config, functions);
        Device device = Device.parse(config.run().device());
        Precision precision = ConfiguredModels.precision(config.run().dtype(), device);
        Path policyWeights = checkpoint
                .map(c -> c.folder().resolve(CheckpointFiles.POLICY))
                .orElse(Path.of(config.policy().model()));
        Seeds seeds = new Seeds(config.run().seed());
        PolicyModel policy = PolicyModel.load(policyWeights, config.policy(), seeds, device, precision);
        Optional<Path> rewardModelWeights = config.rewardModel().model().map(dir -> checkpoint
                .map(c -> c.folder().resolve(CheckpointFiles.REWARD_MODEL))
                .orElse(Path.of(dir)));
        Optional<Grader> grader = rewardModelWeights.map(weights -> Grader.load(
                weights,
                config.rewardModel(),
                seeds,
                device,
                precision,
                policy.lm().backbone(),
                ranks));
        if (grader.filter(g -> g.model().sharesBackbone()).isPresent()) {
            listener.message("policy and reward model are adapters on one frozen "
                    + policy.lm().files().directory());
        }
        // Of a resumed run the checkpoint says how it rendered: a template file may have been edited since.
        Renderers.departure(policyWeights, config.policy().template())
                .ifPresent(line -> listener.warning("policy." + line));
        rewardModelWeights
                .flatMap(dir -> Renderers.departure(dir, config.rewardModel().template()))
                .ifPresent(line -> listener.warning("reward_model." + line));
        TrainingData data = TrainingData.read(config, policy, listener);
        EndOfTurn.warning(
                        policy.renderer(),
                        policy.lm().files(),
                        data.prompts().get(0).prompt())
                .ifPresent(line -> listener.warning("policy.model: " + line));
        requireReferences(config, data, rewards, listener);
        grader.ifPresent(
                g -> UserError.under("reward_model.model", () -> probe(g, data)).ifPresent(listener::message));
        Map<String, Double> dataFigures = new LinkedHashMap<>();
        LabelledPairs pairs = grader.map(g -> LabelledPairs.of(config, data, g, dataFigures, listener))
                .orElse(LabelledPairs.NONE);
        Round.Setting setting =
                new Round.Setting(config, seeds, data, rewards, pairs, new EvaluationBaseline(), listener, ranks);
        if (grader.isPresent()
                && grader.get().readsBeforeTheEnd(data.prompts().get(0).prompt())) {
            listener.warning(
                    "reward_model.model: the padding token in its config.json ends a finished reply, whose reward is therefore"
                            + " read before it, as transformers does; set another pad_token_id there if that is not meant.");
        }
        Session session = new Session(config, device, precision, policy, grader, setting, dataFigures);
        checkpoint.ifPresent(session::restore);
        return session;
    }

    /** Before anything is trained: what the functions of the reward need is there. */
    private static void requireReferences(
            TrainConfig config, TrainingData data, ConfiguredRewards rewards, TrainListener listener) {
        ReferenceCheck.require(config, data.prompts(), data.evalPrompts(), rewards.functions(), rewards.gold())
                .forEach(check -> check.remarks().forEach(remark -> listener.message(check.key() + ": " + remark)));
    }

    /** What is to be known of how the reward model reads replies to this run's prompts. */
    private static Optional<String> probe(Grader grader, TrainingData data) {
        List<Conversation> prompts =
                data.prompts().stream().map(PromptExample::prompt).toList();
        return PrefixProbe.ofPrompts(grader.renderer(), prompts).sentence("data.prompts");
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

    /** What was dropped of the labelled pairs and what merges in them, as metrics. */
    Map<String, Double> dataFigures() {
        return dataFigures;
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

    /** Counts a step as made, and says how many tokens have been sampled until then. */
    double finished(long finishedStep, long sampledTokens) {
        step = finishedStep;
        tokensSeen += sampledTokens;
        return tokensSeen;
    }

    /** How far the models have moved from the files they came from: |w - w0| / |w0|. */
    Map<String, Double> weightChange() {
        Map<String, Double> metrics = new LinkedHashMap<>();
        if (config.plan().improves() && grader.isPresent()) {
            Path initial = Path.of(config.rewardModel().model().orElseThrow());
            metrics.put("save/rm_weight_change", grader.get().model().relativeChange(initial));
        }
        metrics.put(
                "policy/weight_change",
                policy.lm().relativeChange(Path.of(config.policy().model())));
        return metrics;
    }

    /**
     * Writes a checkpoint unless the disk cannot hold it: then the folder stays as it is, and the reason is returned as
     * the middle of a sentence, with the newest checkpoint that there is. All ranks take part, since each of them holds
     * a part of the moments.
     */
    Optional<String> saveCheckpoint(RunOutput output) {
        Ranks ranks = output.ranks();
        String own = output.directory().map(this::againstCheckpoint).orElse("");
        String told =
                new String(ranks.collective().broadcast(own.getBytes(StandardCharsets.UTF_8)), StandardCharsets.UTF_8);
        if (told.equals(THERE)) {
            return Optional.empty();
        }
        if (!told.isEmpty()) {
            return Optional.of(told);
        }
        if (output.directory().isEmpty()) {
            CheckpointFiles.sendMoments(round(), ranks);
        }
        output.directory()
                .ifPresent(directory -> directory.saveCheckpoint(
                        step,
                        Map.of("round", (long) round().number),
                        folder -> CheckpointFiles.write(
                                folder, policy, round(), setting.baseline().state(), tokensSeen, ranks)));
        return Optional.empty();
    }

    /** Why none is to be written, {@link #THERE} where it is written already; else empty. */
    private String againstCheckpoint(RunDirectory directory) {
        List<Long> steps = directory.checkpoints().steps();
        if (steps.contains(step)) {
            return THERE;
        }
        String newest = steps.isEmpty() ? "there is none yet" : "the newest is that of step " + steps.get(0);
        return directory
                .noRoomFor(CheckpointFiles.size(policy, round()))
                .map(reason -> reason + "; " + newest)
                .orElse("");
    }

    /** What the first evaluation found of each pair is compared with what later ones find of the same pair. */
    private void requireSamePairs(BaselineState baseline) {
        int then = baseline.pairs().map(pairs -> pairs.correct().length).orElse(0);
        int now = setting.pairs().heldOut().map(HeldOutPairs::size).orElse(0);
        if (then > 0 && then != now) {
            throw new UserError("data.eval_preferences: the run began with " + then + " held-out pairs and now reads "
                    + now + ", because the file, or what this version reads of it, has changed; start a new run.");
        }
    }

    private void restore(Checkpoint checkpoint) {
        step = checkpoint.step();
        int number = Math.toIntExact(checkpoint.positions().get("round"));
        CheckpointState state = CheckpointFiles.readState(checkpoint.folder());
        tokensSeen = state.tokensSeen();
        requireSamePairs(state.firstEvaluation());
        setting.baseline().restore(state.firstEvaluation());
        boolean finishedRound = step % config.run().maxSteps() == 0;
        if (finishedRound
                && step < (long) config.run().maxSteps() * config.run().rounds()) {
            return; // The next round begins with these models.
        }
        Path folder = checkpoint.folder();
        ReferencePolicy reference = new ReferencePolicy(
                config.plan().keepsReference()
                        ? Optional.of(reference(number, folder.resolve(CheckpointFiles.REFERENCE)))
                        : Optional.empty());
        Optional<RewardModel> initial = grader.filter(g -> config.plan().keepsInitialRewardModel())
                .map(g -> RewardModel.load(
                        folder.resolve(CheckpointFiles.INITIAL_REWARD_MODEL),
                        device,
                        precision,
                        g.model().backbone()));
        Round.Models models = new Round.Models(policy, grader, reference, initial);
        Round restored = Round.restore(number, models, state.start(), setting);
        CheckpointFiles.restore(folder, restored, state, setting.ranks());
        round = Optional.of(restored);
        listener.message("resumed from " + checkpoint.folder() + " at step " + step);
    }

    /** The policy as a round began, without a second copy of what is frozen. */
    private CausalLm reference(int number, Path saved) {
        if (ReferencePolicy.isBase(number, config)) {
            return policy.lm().withoutAdapter();
        }
        Path initial = Path.of(config.policy().model());
        return CausalLm.constant(
                number == 0 ? initial : saved, device, precision, policy.lm().backbone());
    }

    /** Writes the final models where users look for them. */
    void export(RunDirectory directory) {
        Path folder = directory.folder();
        DiskSpace disk = directory.disk();
        WeightType type = WeightType.valueOf(config.run().saveDtype().name());
        CausalLm lm = policy.lm();
        AtomicFolder.write(folder.resolve("policy"), lm.savedBytes(type), disk, aside -> lm.save(aside, type));
        if (grader.isPresent() && config.plan().improves()) {
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
        setting.rewards().close();
    }
}
