package dev.flipside.train;

import dev.flipside.algo.BradleyTerry;
import dev.flipside.algo.Groups;
import dev.flipside.config.ConfigReader;
import dev.flipside.config.OptimiserConfig;
import dev.flipside.config.RewardTrainingConfig;
import dev.flipside.engine.AdamW;
import dev.flipside.engine.Collective;
import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.NativeMemory;
import dev.flipside.engine.ParameterGroup;
import dev.flipside.engine.Schedule;
import dev.flipside.engine.Seeds;
import dev.flipside.model.DecoderPlan;
import dev.flipside.model.ModelFiles;
import dev.flipside.model.PadToken;
import dev.flipside.model.PassSize;
import dev.flipside.model.Precision;
import dev.flipside.model.RewardModel;
import dev.flipside.run.DiskSpace;
import dev.flipside.run.Provenance;
import dev.flipside.run.RunDirectory;
import dev.flipside.run.RunSettings;
import dev.flipside.safetensors.WeightType;
import dev.flipside.text.Renderer;
import dev.flipside.train.PairRows.Pair;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * Trains a Bradley-Terry reward model from labelled pairs: {@code -log sigmoid(r_chosen - r_rejected - margin)}, with
 * TRL's options and metric names. The result is a Hugging Face sequence-classification directory with a value head
 * beside it.
 */
public final class RewardTrainer {
    private final RewardTrainingConfig config;
    private TrainListener listener = TrainListener.SILENT;
    private BooleanSupplier stop = () -> false;
    private Ranks ranks = Ranks.ALONE;

    public RewardTrainer(RewardTrainingConfig config) {
        this.config = config;
    }

    /** Who is told what happens. */
    public RewardTrainer listener(TrainListener listener) {
        this.listener = listener;
        return this;
    }

    /** Asked after every optimiser step; when true the model so far is saved and the training ends. */
    public RewardTrainer stopWhen(BooleanSupplier stop) {
        this.stop = stop;
        return this;
    }

    /**
     * The processes that train together, of which this is one, as in {@link SaveTrainer#collective}. Not closed here.
     */
    public RewardTrainer collective(Collective collective) {
        ranks = new Ranks(collective);
        return this;
    }

    /**
     * Trains and saves the model in folder {@code final} of the run directory.
     *
     * @throws dev.flipside.config.UserError when a file, an option or a model does not fit
     * @throws NonFiniteException when a loss or gradient is not a number
     * @throws dev.flipside.engine.PeerException when another rank is gone, late or failed
     */
    public TrainingResult run() {
        NativeLibrary.load();
        return ranks.telling(this::together);
    }

    private TrainingResult together() {
        SameOnAllRanks.require(ranks.collective(), ConfigReader.tree(config));
        ranks.requireWork(config.training().trainBatchSize(), "pairs", "training.train_batch_size");
        Device device = Device.parse(config.run().device());
        Precision precision = ConfiguredModels.precision(config.run().dtype(), device);
        Path source = Path.of(config.rewardModel().model());
        ModelFiles files = ModelFiles.open(source);
        String yaml = ConfigReader.write(config);
        // Everything is loaded before the folder is made: a mistake in the configuration leaves nothing behind.
        try (Renderer renderer = Renderers.load(source, config.rewardModel().template(), files);
                RewardModel model = open(source, device, precision)) {
            PairRows.Split pairs = PairRows.read(config, renderer, files, listener);
            Provenance provenance = RunProvenance.of(inputs(), config.run().seed(), yaml, device, precision);
            SameOnAllRanks.require(ranks.collective(), provenance);
            Path folder = Path.of(config.run().outputDir());
            try (RunOutput output = RunOutput.begin(
                    ranks,
                    folder,
                    () -> RunDirectory.create(
                            folder, yaml, RunSettings.once(config.training().tensorboard())))) {
                output.directory().ifPresent(directory -> directory.record(provenance));
                return new Loop(model, pairs, output).run();
            }
        }
    }

    private RewardModel open(Path source, Device device, Precision precision) {
        if (!RewardModel.hasRewardHead(source)) {
            listener.message("new reward head on the backbone " + source);
        }
        RewardModel model = ConfiguredModels.rewardModel(
                config.rewardModel(), new Seeds(config.run().seed()), device, precision);
        Renderers.toSave(source, config.rewardModel().template()).ifPresent(model::setChatTemplate);
        Renderers.departure(source, config.rewardModel().template())
                .ifPresent(line -> listener.warning("reward_model." + line));
        if (!model.hasValueHead()) {
            // A reward model of ours has both heads; the SAVE loop fits this one before it is used.
            model.setValueHead(new double[model.files().config().hiddenSize()], 0);
        }
        return model;
    }

    private List<String> inputs() {
        List<String> inputs = new ArrayList<>(
                List.of(config.rewardModel().model(), config.data().preferences()));
        config.data().evalPreferences().ifPresent(inputs::add);
        return inputs;
    }

    private final class Loop {
        private final RewardModel model;
        private final List<Pair> train;
        private final Optional<HeldOutAccuracy> heldOut;
        private final Map<String, Double> figures;
        private final RunOutput output;
        private final RewardTrainingConfig.Training training = config.training();
        private final OptimiserConfig optimiserConfig = training.optimiser();
        private final Seeds seeds = new Seeds(config.run().seed());
        private final int stepsPerEpoch;
        private final int totalSteps;
        private double tokensSeen;

        Loop(RewardModel model, PairRows.Split pairs, RunOutput output) {
            this.model = model;
            this.train = pairs.train();
            this.heldOut = pairs.heldOut().isEmpty()
                    ? Optional.empty()
                    : Optional.of(new HeldOutAccuracy(new HeldOutPairs(
                            pairs.heldOut().stream().map(Pair::rows).toList(), ranks)));
            this.figures = pairs.figures();
            this.output = output;
            this.stepsPerEpoch = (train.size() + training.trainBatchSize() - 1) / training.trainBatchSize();
            this.totalSteps = training.maxSteps() > 0 ? training.maxSteps() : stepsPerEpoch * training.numTrainEpochs();
        }

        TrainingResult run() {
            Schedule schedule = Schedule.of(optimiserConfig, totalSteps);
            listener.phase("reward model", totalSteps);
            Map<String, Double> last = new LinkedHashMap<>(figures);
            last.putAll(evaluate());
            log(0, last);
            listener.step(0, last);
            long done = 0;
            ParameterGroup weights = new ParameterGroup("reward_model", model.trunk(), optimiserConfig.weightDecay());
            try (Optimiser optimiser = new Optimiser(
                    "reward model",
                    new AdamW(List.of(weights), optimiserConfig, ranks.collective()),
                    optimiserConfig.maxGradNorm())) {
                while (done < totalSteps && !(done > 0 && ranks.any(stop.getAsBoolean()))) {
                    Map<String, Double> metrics = step(optimiser, schedule, done);
                    done++;
                    NativeMemory.trimAfter(done);
                    boolean evaluated =
                            done == totalSteps || training.evalSteps() > 0 && done % training.evalSteps() == 0;
                    if (evaluated) {
                        metrics.putAll(evaluate());
                    }
                    if (evaluated || done % training.loggingSteps() == 0) {
                        log(done, metrics);
                    }
                    listener.step(done, metrics);
                    listener.progress(done);
                    last = metrics;
                }
            }
            if (ranks.writes()) {
                save();
            }
            ranks.collective().barrier();
            return done == totalSteps
                    ? TrainingResult.finished(output.folder(), done, done, last)
                    : TrainingResult.stopped(output.folder(), done, totalSteps, last);
        }

        private void log(long step, Map<String, Double> metrics) {
            output.directory().ifPresent(directory -> directory.metrics().log(step, metrics));
        }

        private void save() {
            WeightType type = WeightType.valueOf(config.run().saveDtype().name());
            int padTokenId = padTokenId();
            AtomicFolder.write(
                    output.folder().resolve("final"),
                    model.savedBytes(type),
                    DiskSpace.OF_THE_FILE_SYSTEM,
                    aside -> model.save(aside, type, padTokenId));
        }

        private Map<String, Double> step(Optimiser optimiser, Schedule schedule, long step) {
            long began = System.nanoTime();
            List<Pair> batch = batch(step);
            optimiser.zeroGradient();
            double loss = 0;
            int correct = 0;
            List<Double> own = new ArrayList<>();
            double margin = 0;
            BradleyTerry.Options options =
                    new BradleyTerry.Options(training.labelSmoothing(), training.centerRewardsCoefficient());
            PassSize size = new PassSize(training.activationMemoryMb(), training.gradientCheckpointing());
            DecoderPlan plan = model.decoder().plan();
            int most = size.tokens(plan);
            // Pairs of like length together, so that little is padding; the longest first, so that later passes find
            // room in the
            // memory that earlier ones freed. Sums do not depend on the order.
            List<Pair> byLength = ranks.part(batch.size()).of(batch).stream()
                    .sorted(Comparator.comparing(pair -> -pair.tokens()))
                    .toList();
            for (List<Pair> part : Splits.fitting(byLength, Pair::tokens, most, training.perDeviceTrainBatchSize())) {
                PairLoss result = PairPass.run(
                        model,
                        part.stream().map(Pair::rows).toList(),
                        PairRows.margins(part),
                        batch.size(),
                        options,
                        training.gradientCheckpointing(),
                        OptionalLong.of(seeds.key(Seeds.Stream.LORA_DROPOUT, step, 0, 0)));
                loss += result.loss();
                correct += result.correct();
                for (int i = 0; i < part.size(); i++) {
                    own.add(result.chosen()[i]);
                    own.add(result.rejected()[i]);
                    margin += (result.chosen()[i] - result.rejected()[i]) / batch.size();
                }
            }
            double[] sums = ranks.collective().sum(loss, correct, margin);
            double[] rewards = Groups.flat(
                    ranks.parts(new double[][] {own.stream().mapToDouble(r -> r).toArray()}));
            CheckedGradient gradient = optimiser.check(sums[0], step + 1);
            double rate = optimiserConfig.learningRate() * schedule.factor(step);
            gradient.step(rate);
            NativeMemory.trimAfterFreeing(most * size.bytesPerToken(plan));
            int tokens = batch.stream().mapToInt(Pair::tokens).sum();
            tokensSeen += tokens;
            double seconds = (System.nanoTime() - began) * 1e-9;
            Map<String, Double> metrics = new LinkedHashMap<>();
            metrics.put("loss", sums[0]);
            metrics.put("accuracy", sums[1] / batch.size());
            metrics.put("margin", sums[2]);
            metrics.put("min_reward", Arrays.stream(rewards).min().orElseThrow());
            metrics.put("mean_reward", Arrays.stream(rewards).average().orElseThrow());
            metrics.put("max_reward", Arrays.stream(rewards).max().orElseThrow());
            metrics.put("grad_norm", gradient.norm());
            metrics.put("learning_rate", rate);
            metrics.put("num_tokens", tokensSeen);
            metrics.put("epoch", (step + 1.0) / stepsPerEpoch);
            metrics.put("step_time", seconds);
            metrics.put("tokens_per_s/train", tokens / seconds);
            return metrics;
        }

        /**
         * Transformers reads the reward before the last token where that token is the padding token: one that never
         * ends a rendering is safe.
         */
        private int padTokenId() {
            Set<Integer> endings = new HashSet<>();
            for (Pair pair : train) {
                for (int[] ids : List.of(
                        pair.rows().chosen().ids(), pair.rows().rejected().ids())) {
                    endings.add(ids[ids.length - 1]);
                }
            }
            OptionalInt own = model.files().padId();
            return own.isPresent() && !endings.contains(own.getAsInt())
                    ? own.getAsInt()
                    : PadToken.choose(model.files(), endings);
        }

        private List<Pair> batch(long step) {
            long epoch = step / stepsPerEpoch;
            int[] order = config.data().shuffle()
                    ? seeds.permutation(Seeds.Stream.PAIR_ORDER, epoch, train.size())
                    : IntStream.range(0, train.size()).toArray();
            int from = (int) (step % stepsPerEpoch) * training.trainBatchSize();
            int to = Math.min(train.size(), from + training.trainBatchSize());
            return Arrays.stream(order, from, to).mapToObj(train::get).toList();
        }

        private Map<String, Double> evaluate() {
            return heldOut.map(pairs -> pairs.figures(pairs.score(model))).orElse(Map.of());
        }
    }
}
