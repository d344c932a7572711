package dev.flipside.model;

import dev.flipside.config.OptimiserConfig;
import dev.flipside.engine.AdamW;
import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.ParameterGroup;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import dev.flipside.rollout.GenerationSettings;
import dev.flipside.rollout.Generator;
import dev.flipside.rollout.Group;
import dev.flipside.rollout.SamplingOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;

/**
 * A model on the CPU in float32 against the same on another device: log-probabilities, scores of a reward model, greedy
 * tokens, gradients and the weights after one step of AdamW. {@code bench/gpu.sh} runs it on a card.
 */
public final class DeviceComparison {
    private static final double LEARNING_RATE = 1e-3;
    private static final int NEW_TOKENS = 12;

    private DeviceComparison() {}

    /**
     * How far two devices are apart.
     *
     * @param logprobs the largest difference
     * @param scores the largest difference
     * @param greedy tokens that are alike until two answers part, of {@code tokens}
     * @param gradient the largest difference, in units of the largest gradient
     * @param weights the share of weights that AdamW moved elsewhere, by more than a tenth of a step
     */
    public record Gaps(double logprobs, double scores, int greedy, int tokens, double gradient, double weights) {}

    private record Numbers(
            double[][] logprobs, double[] scores, List<int[]> greedy, float[] gradient, float[] weights) {
        static Numbers of(Path model, Device device, Precision precision) {
            try (CausalLm lm = CausalLm.load(model, device, precision);
                    RewardModel reward = RewardModel.fromBackbone(model, device, precision, new Seeds(4));
                    Generator generator = new Generator(
                            lm,
                            new GenerationSettings(32, List.copyOf(lm.files().eosIds()), t -> ""))) {
                List<TokenRow> rows = groups(lm.decoder().config().vocabSize());
                List<ScoredRow> scored = rows.stream()
                        .map(r -> new ScoredRow(r.ids(), r.promptLength()))
                        .toList();
                double[] scores = reward.score(scored).rewards();
                List<int[]> prompts = rows.stream()
                        .map(r -> Arrays.copyOf(r.ids(), r.promptLength()))
                        .toList();
                SamplingOptions greedy = new SamplingOptions(1, 1, 0, 0, 1, NEW_TOKENS, true, List.of());
                List<int[]> tokens = generator.generate(prompts, 1, greedy, (p, s) -> 0).stream()
                        .map(Group::completions)
                        .map(c -> c.get(0).ids())
                        .toList();
                return trained(lm, rows, scores, tokens);
            }
        }

        private static Numbers trained(CausalLm lm, List<TokenRow> rows, double[] scores, List<int[]> tokens) {
            Parameters parameters = lm.parameters();
            try (AdamW adam = new AdamW(
                            List.of(new ParameterGroup("policy", parameters, 0.01)),
                            OptimiserConfig.withLearningRate(LEARNING_RATE));
                    PointerScope scope = new PointerScope();
                    LogprobPass pass = lm.pass(rows, 0.9, false)) {
                double[][] logprobs = pass.logprobs();
                pass.backward(slopes(logprobs));
                float[] gradient = Tensors.toFloats(parameters.gradient());
                adam.step(1 / adam.gradientNorm(), LEARNING_RATE);
                return new Numbers(logprobs, scores, tokens, gradient, Tensors.toFloats(parameters.flat()));
            }
        }
    }

    /** Three groups of rows that begin alike, of a vocabulary. */
    static List<TokenRow> groups(int vocabulary) {
        SplittableRandom random = new SplittableRandom(4);
        List<TokenRow> rows = new ArrayList<>();
        for (int size : new int[] {3, 1, 2}) {
            int[] prompt = random.ints(9 + random.nextInt(6), 3, vocabulary).toArray();
            for (int i = 0; i < size; i++) {
                int[] more = random.ints(2 + random.nextInt(5), 3, vocabulary).toArray();
                int[] whole = Arrays.copyOf(prompt, prompt.length + more.length);
                System.arraycopy(more, 0, whole, prompt.length, more.length);
                rows.add(new TokenRow(whole, prompt.length));
            }
        }
        return rows;
    }

    /** A gradient for log-probabilities of that shape. */
    static double[][] slopes(double[][] like) {
        SplittableRandom random = new SplittableRandom(8);
        return Arrays.stream(like)
                .map(row -> random.doubles(row.length, -1, 1).toArray())
                .toArray(double[][]::new);
    }

    /** @param precision on the other device */
    public static Gaps of(Path model, Device device, Precision precision) {
        Numbers wanted = Numbers.of(model, Device.CPU, Precision.FLOAT32);
        Numbers found = Numbers.of(model, device, precision);
        int alike = IntStream.range(0, wanted.greedy.size())
                .map(r -> alike(wanted.greedy.get(r), found.greedy.get(r)))
                .sum();
        long elsewhere = IntStream.range(0, wanted.weights.length)
                .filter(i -> Math.abs(found.weights[i] - wanted.weights[i]) > LEARNING_RATE / 10)
                .count();
        return new Gaps(
                GoldenFixtures.largestGap(found.logprobs, wanted.logprobs),
                GoldenFixtures.largestGap(found.scores, wanted.scores),
                alike,
                wanted.greedy.stream().mapToInt(t -> t.length).sum(),
                GoldenFixtures.relativeGap(found.gradient, wanted.gradient),
                (double) elsewhere / wanted.weights.length);
    }

    private static int alike(int[] wanted, int[] found) {
        int first = Arrays.mismatch(wanted, found);
        return first < 0 ? wanted.length : first;
    }

    /** {@code DEVICE float32|bfloat16 MODEL_DIR...}: one line of JSON for each model. */
    public static void main(String[] args) {
        NativeLibrary.load();
        Device device = new Device(args[0]);
        Precision precision = args[1].equals("float32") ? Precision.FLOAT32 : Precision.BFLOAT16;
        for (String model : Arrays.copyOfRange(args, 2, args.length)) {
            String name = Path.of(model).getFileName().toString();
            try {
                Gaps gaps = of(Path.of(model), device, precision);
                System.out.printf(
                        Locale.ROOT,
                        "{\"model\": \"%s\", \"logprobs\": %.3g, \"scores\": %.3g, \"greedy\": %d, \"tokens\": %d, \"gradient\": %.3g, \"weights\": %.3g}%n",
                        name,
                        gaps.logprobs,
                        gaps.scores,
                        gaps.greedy,
                        gaps.tokens,
                        gaps.gradient,
                        gaps.weights);
            } catch (RuntimeException | AssertionError e) {
                String reason = String.valueOf(e.getMessage())
                        .lines()
                        .findFirst()
                        .orElse("")
                        .replaceAll("[\"\\\\]", "'");
                System.out.printf("{\"model\": \"%s\", \"error\": \"%s\"}%n", name, reason);
                e.printStackTrace();
            }
        }
    }
}
