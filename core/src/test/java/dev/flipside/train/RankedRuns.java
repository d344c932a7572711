package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.RewardTrainingConfig;
import dev.flipside.config.TrainConfig;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.Ranked;
import dev.flipside.engine.Tensors;
import dev.flipside.run.FileHash;
import dev.flipside.safetensors.SafeTensors;
import dev.flipside.safetensors.TensorInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;

/** Trainings by several ranks, and how far what they leave is from another training's. */
final class RankedRuns {
    /**
     * Of all weights of a file together, relative to their norm: float32 sums of another order differ by 1e-7 a
     * gradient, and AdamW turns the sign of a gradient that is nearly zero into a whole step.
     */
    static final double WEIGHTS = 1e-5;

    /** Relative to a metric's size, or to 1 where it is smaller. */
    static final double METRICS = 1e-4;

    /** How much shared prefixes spare depends on which rows go through the model together, as with micro-batches. */
    private static final Set<String> OF_PASSES = Set.of("policy/tokens_saved_frac");

    private RankedRuns() {}

    /** A run by so many ranks, each a thread with connections of its own. */
    static TrainingResult train(int world, TrainConfig config) {
        NativeLibrary.load();
        return world == 1
                ? new SaveTrainer(config).run()
                : Ranked.run(world, c -> new SaveTrainer(config).collective(c).run())
                        .get(0);
    }

    static TrainingResult trainRewardModel(int world, RewardTrainingConfig config) {
        NativeLibrary.load();
        return world == 1
                ? new RewardTrainer(config).run()
                : Ranked.run(world, c -> new RewardTrainer(config).collective(c).run())
                        .get(0);
    }

    /** The same samples with the same labels, numbers as near as the order of sums lets them be. */
    static void assertAlike(Path actual, Path expected) {
        assertAlikeLines(samples(actual), samples(expected));
        assertAlikeMetrics(actual, expected);
        assertAlikeWeights(actual, expected);
    }

    static void assertAlikeMetrics(Path actual, Path expected) {
        assertAlikeLines(RunFiles.metrics(actual), RunFiles.metrics(expected));
    }

    private static List<JsonNode> samples(Path run) {
        return RunFiles.lines(run.resolve("samples.jsonl")).stream()
                .map(RunFiles::json)
                .toList();
    }

    private static void assertAlikeLines(List<JsonNode> actual, List<JsonNode> expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < expected.size(); i++) {
            assertAlike("line " + (i + 1), actual.get(i), expected.get(i));
        }
    }

    private static void assertAlike(String where, JsonNode actual, JsonNode expected) {
        if (expected.isFloatingPointNumber() && actual.isNumber()) {
            // The root of what rounding leaves of a divergence of 0 is a thousand times as large.
            int power = where.endsWith("policy/sqrt_kl") ? 2 : 1;
            double wanted = Math.pow(expected.asDouble(), power);
            double tolerance = METRICS * Math.max(1, Math.abs(wanted));
            assertThat(Math.pow(actual.asDouble(), power)).as(where).isBetween(wanted - tolerance, wanted + tolerance);
        } else if (expected.isContainerNode()) {
            assertThat(actual.getNodeType()).as(where).isEqualTo(expected.getNodeType());
            assertThat(actual.size()).as(where).isEqualTo(expected.size());
            expected.properties().stream()
                    .filter(f -> !OF_PASSES.contains(f.getKey()))
                    .forEach(f -> assertAlike(where + "." + f.getKey(), actual.path(f.getKey()), f.getValue()));
            for (int i = 0; expected.isArray() && i < expected.size(); i++) {
                assertAlike(where + "[" + i + "]", actual.get(i), expected.get(i));
            }
        } else {
            assertThat(actual).as(where).isEqualTo(expected);
        }
    }

    /** The greatest relative difference of a file's weights. */
    static double assertAlikeWeights(Path actual, Path expected) {
        double most = 0;
        List<String> files = new ArrayList<>();
        try (Stream<Path> all = Files.walk(expected)) {
            all.filter(f -> f.toString().endsWith(".safetensors"))
                    .filter(f -> !f.toString().contains("checkpoints"))
                    .forEach(f -> files.add(expected.relativize(f).toString()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        assertThat(files).isNotEmpty();
        for (String file : files) {
            double difference = difference(actual.resolve(file), expected.resolve(file));
            assertThat(difference).as(file).isLessThan(WEIGHTS);
            most = Math.max(most, difference);
        }
        return most;
    }

    private static double difference(Path actual, Path expected) {
        double squares = 0;
        double norm = 0;
        Map<String, TensorInfo> header = new TreeMap<>(SafeTensors.header(expected));
        for (Map.Entry<String, TensorInfo> weight : header.entrySet()) {
            try (PointerScope scope = new PointerScope()) {
                Tensor ours = read(actual, weight.getKey());
                Tensor theirs = read(expected, weight.getKey());
                squares += Tensors.squaredNorm(ours.sub(theirs));
                norm += Tensors.squaredNorm(theirs);
            }
        }
        return norm == 0 ? Math.sqrt(squares) : Math.sqrt(squares / norm);
    }

    private static Tensor read(Path file, String name) {
        TensorInfo info = SafeTensors.header(file).get(name);
        Tensor tensor = torch.zeros(new long[] {(info.end() - info.begin()) / Float.BYTES}, new TensorOptions());
        SafeTensors.read(file, name, info, tensor);
        return tensor;
    }

    /** What all files of a finished run say, but for times. */
    static void assertSame(Path actual, Path expected) {
        assertThat(RunFiles.metrics(actual)).isEqualTo(RunFiles.metrics(expected));
        assertThat(samples(actual)).isEqualTo(samples(expected));
        assertThat(weights(actual)).isEqualTo(weights(expected));
    }

    private static Map<String, String> weights(Path run) {
        Map<String, String> hashes = new TreeMap<>();
        try (Stream<Path> all = Files.walk(run)) {
            for (Path file :
                    all.filter(f -> f.toString().endsWith(".safetensors")).toList()) {
                hashes.put(
                        run.relativize(file).toString(),
                        FileHash.of(file).get(0).sha256());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return hashes;
    }
}
