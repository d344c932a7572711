package dev.flipside.cli.machine;

import dev.flipside.cli.command.DtypeOption;
import dev.flipside.config.ConfigReader;
import dev.flipside.config.OptimiserConfig;
import dev.flipside.config.UserError;
import dev.flipside.engine.AdamW;
import dev.flipside.engine.Device;
import dev.flipside.engine.ParameterGroup;
import dev.flipside.engine.Seeds;
import dev.flipside.model.CausalLm;
import dev.flipside.model.LogprobPass;
import dev.flipside.model.ModelFiles;
import dev.flipside.model.RewardModel;
import dev.flipside.model.ScoredRow;
import dev.flipside.model.TokenRow;
import dev.flipside.rollout.GenerationSettings;
import dev.flipside.rollout.Generator;
import dev.flipside.rollout.SamplingOptions;
import dev.flipside.safetensors.WeightType;
import dev.flipside.train.SaveTrainer;
import dev.flipside.train.TrainListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Runs one phase on a model directory, again and again, with completions of a forced length.
 *
 * <p>Phases of one part work on random token ids; a step is the product's own trainer on prompts of random digits, of
 * which most tokenizers make one token each.
 *
 * @param dtype what the phase computes in
 * @param distinctPrompts whether every row has a prompt of its own and, in training, a loss on every token; else rows
 *     of a group share their prompt
 * @param overrides of the configuration of a step
 * @param profile what samples the measured repetitions, if anything does
 * @param scratch an empty folder for what a step reads and writes
 */
record SpeedMeasurement(
        Path model,
        Device device,
        DtypeOption dtype,
        BenchShape shape,
        int steps,
        int warmup,
        boolean distinctPrompts,
        List<String> overrides,
        Optional<CallProfile> profile,
        Path scratch) {

    BenchResult run(BenchPhase phase) throws IOException {
        return switch (phase) {
            case GENERATE -> generate();
            case FORWARD -> forward();
            case TRAIN -> train();
            case SCORE -> score();
            case POLICY_STEP, SAVE_STEP -> step(phase);
        };
    }

    private BenchResult generate() {
        try (CausalLm lm = CausalLm.constant(model, device, dtype.precision());
                Generator generator = new Generator(
                        lm,
                        new GenerationSettings(
                                Math.max(1, shape.rows()),
                                List.copyOf(lm.files().eosIds()),
                                ids -> ""))) {
            SamplingOptions options = SamplingOptions.plain(shape.newTokens());
            Seeds seeds = new Seeds(0);
            int samples = distinctPrompts ? 1 : shape.group();
            List<int[]> prompts = prompts(lm.files(), distinctPrompts ? shape.rows() : shape.prompts());
            return timed(
                    BenchPhase.GENERATE,
                    (long) shape.rows() * shape.newTokens(),
                    lm.elements(),
                    repetition -> generator.generate(
                            prompts,
                            samples,
                            options,
                            (prompt, sample) -> seeds.key(Seeds.Stream.ROLLOUT, repetition, prompt, sample)));
        }
    }

    private BenchResult forward() {
        try (CausalLm lm = CausalLm.constant(model, device, dtype.precision())) {
            List<TokenRow> rows = rows(lm.files());
            return timed(BenchPhase.FORWARD, shape.tokens(), lm.elements(), repetition -> lm.logprobs(rows, 1));
        }
    }

    private BenchResult train() {
        OptimiserConfig constants = OptimiserConfig.withLearningRate(1e-5);
        try (CausalLm lm = CausalLm.load(model, device, dtype.precision());
                AdamW optimiser = new AdamW(List.of(new ParameterGroup("policy", lm.parameters(), 0)), constants)) {
            List<TokenRow> rows = rows(lm.files());
            return timed(BenchPhase.TRAIN, shape.tokens(), lm.elements(), repetition -> {
                optimiser.zeroGradient();
                try (LogprobPass pass = lm.pass(rows, 1, false)) {
                    double each = -1.0 / shape.tokens();
                    pass.backward(Arrays.stream(pass.logprobs())
                            .map(row -> filled(row.length, each))
                            .toArray(double[][]::new));
                }
                double norm = optimiser.gradientNorm();
                optimiser.step(Math.min(1, constants.maxGradNorm() / norm), constants.learningRate());
            });
        }
    }

    private static double[] filled(int length, double value) {
        double[] values = new double[length];
        Arrays.fill(values, value);
        return values;
    }

    private BenchResult score() {
        try (RewardModel rm = RewardModel.fromBackbone(model, device, dtype.precision(), new Seeds(0))) {
            List<ScoredRow> rows = rows(rm.files()).stream()
                    .map(row -> new ScoredRow(row.ids(), shape.promptLength()))
                    .toList();
            return timed(BenchPhase.SCORE, shape.tokens(), rm.elements(), repetition -> rm.score(rows));
        }
    }

    private List<int[]> prompts(ModelFiles files, int count) {
        requireWithinContext(files);
        SplittableRandom random = new SplittableRandom(count);
        int vocabulary = files.config().vocabSize();
        return IntStream.range(0, count)
                .mapToObj(p -> random.ints(shape.promptLength(), 0, vocabulary).toArray())
                .toList();
    }

    private List<TokenRow> rows(ModelFiles files) {
        List<int[]> prompts = prompts(files, distinctPrompts ? shape.rows() : shape.prompts());
        SplittableRandom random = new SplittableRandom(1);
        int each = distinctPrompts ? 1 : shape.group();
        List<TokenRow> rows = new ArrayList<>();
        for (int[] prompt : prompts) {
            for (int i = 0; i < each; i++) {
                int[] ids = Arrays.copyOf(prompt, prompt.length + shape.newTokens());
                for (int t = prompt.length; t < ids.length; t++) {
                    ids[t] = random.nextInt(files.config().vocabSize());
                }
                rows.add(new TokenRow(ids, distinctPrompts ? 1 : prompt.length));
            }
        }
        return rows;
    }

    private void requireWithinContext(ModelFiles files) {
        int context = files.config().maxPositionEmbeddings();
        if (shape.promptLength() + shape.newTokens() > context) {
            throw new UserError("--prompt-len " + shape.promptLength() + " and --new " + shape.newTokens()
                    + " are more than the " + context + " tokens of the model's context; choose fewer.");
        }
    }

    @FunctionalInterface
    private interface Work {
        void run(int repetition);
    }

    private BenchResult timed(BenchPhase phase, long tokens, long parameters, Work work) {
        double[] seconds = new double[steps];
        SystemWork before = SystemWork.now();
        for (int i = -warmup; i < steps; i++) {
            if (i == 0) {
                profile.ifPresent(CallProfile::begin);
                before = SystemWork.now();
            }
            long from = System.nanoTime();
            work.run(i + warmup);
            device.synchronize();
            if (i >= 0) {
                seconds[i] = (System.nanoTime() - from) * 1e-9;
            }
        }
        double flops = (double) phase.flopsPerParameter() * parameters * tokens;
        return new BenchResult(phase, seconds, tokens, flops, SystemWork.now().since(before, steps), Map.of());
    }

    /** The trainer itself, with end-of-sequence suppressed. */
    private BenchResult step(BenchPhase phase) throws IOException {
        ModelFiles files = ModelFiles.open(model);
        requireWithinContext(files);
        Files.writeString(scratch.resolve("prompts.jsonl"), digitPrompts());
        List<String> config = new ArrayList<>(List.of(
                "run.output_dir=" + scratch.resolve("run"),
                "run.max_steps=" + (warmup + steps),
                "run.save_steps=0",
                "run.device=" + device.name(),
                "policy.model=" + model,
                "policy.learning_rate=1e-6",
                "policy.per_device_train_batch_size=" + shape.rows(),
                "data.prompts=" + scratch.resolve("prompts.jsonl"),
                "rollout.generation_batch_size=" + shape.rows(),
                "rollout.num_generations=" + shape.group(),
                "rollout.max_completion_length=" + shape.newTokens(),
                // Room for fresh samples beside those that teach, as the default has for such shapes.
                "rollout.max_rows=" + 2 * shape.rows(),
                "rollout.suppress_tokens=" + files.eosIds(),
                "algorithm.name=grpo",
                "logging.tensorboard=false",
                "logging.log_completions=false"));
        if (phase == BenchPhase.POLICY_STEP) {
            config.add("reward_model.functions=[{name: repetition}]");
            config.add("save.preset=off");
        } else {
            try (RewardModel rm = RewardModel.fromBackbone(model, device, new Seeds(0))) {
                rm.save(scratch.resolve("reward-model"), WeightType.F32);
            }
            config.add("reward_model.model=" + scratch.resolve("reward-model"));
            config.add("reward_model.per_device_batch_size=" + shape.rows());
            if (overrides.stream().noneMatch(o -> o.matches("save\\.preset=[\"']?off[\"']?"))) {
                // Every completion is truncated at the forced length.
                config.add("save.mask_truncated=false");
                config.add("save.value_warmup=off");
            }
        }
        if (dtype.given()) {
            config.add("run.dtype=" + dtype.key());
        }
        config.addAll(overrides);
        Path file = Files.writeString(scratch.resolve("empty.yaml"), "{}\n");
        List<Map<String, Double>> measured = new ArrayList<>();
        List<SystemWork> work = new ArrayList<>(List.of(SystemWork.now()));
        if (warmup == 0) {
            profile.ifPresent(CallProfile::begin);
        }
        new SaveTrainer(ConfigReader.train(file, config))
                .listener(new TrainListener() {
                    @Override
                    public void step(long step, Map<String, Double> metrics) {
                        work.add(SystemWork.now());
                        if (step > warmup) {
                            measured.add(metrics);
                        } else if (step == warmup) {
                            profile.ifPresent(CallProfile::begin);
                        }
                    }
                })
                .run();
        double[] seconds =
                measured.stream().mapToDouble(m -> m.get("step_time")).toArray();
        Map<String, Double> parts = new TreeMap<>();
        measured.get(0).keySet().stream()
                .filter(k -> k.startsWith("timing_s/"))
                .forEach(key -> parts.put(
                        key.substring("timing_s/".length()),
                        BenchResult.median(measured.stream()
                                .mapToDouble(m -> m.getOrDefault(key, 0.0))
                                .toArray())));
        SystemWork each = work.get(warmup + steps).since(work.get(warmup), steps);
        return new BenchResult(phase, seconds, (long) shape.rows() * shape.newTokens(), 0, each, parts);
    }

    private String digitPrompts() {
        SplittableRandom random = new SplittableRandom(2);
        return IntStream.range(0, shape.prompts() * (warmup + steps))
                .mapToObj(p -> random.ints(shape.promptLength(), 0, 10)
                        .mapToObj(String::valueOf)
                        .collect(Collectors.joining("", "{\"prompt\": \"", "\"}\n")))
                .collect(Collectors.joining());
    }
}
