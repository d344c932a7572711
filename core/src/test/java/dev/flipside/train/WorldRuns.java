package dev.flipside.train;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.world.Arm;
import dev.flipside.world.Pretraining;
import dev.flipside.world.World;
import dev.flipside.world.WorldFolder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;

/**
 * Arms of a world after its recommended steps, seed by seed, each seed with a policy and a reward model that its arms
 * share.
 *
 * @param lines of every run's {@code metrics.jsonl}
 */
record WorldRuns(List<Run> lines) {
    /** One arm with one seed. */
    record Run(Arm arm, long seed, List<JsonNode> metrics) {}

    /** Trains everything from scratch, as many seeds side by side as there are processors. */
    static WorldRuns train(World world, long seeds, List<Arm> arms, Path out) {
        ExecutorService workers =
                Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
        try {
            List<Future<List<Run>>> started = LongStream.rangeClosed(1, seeds)
                    .mapToObj(seed -> workers.submit(() -> ofSeed(world, seed, arms, out)))
                    .toList();
            List<Run> runs = new ArrayList<>();
            for (Future<List<Run>> seed : started) {
                runs.addAll(seed.get());
            }
            return new WorldRuns(runs);
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException(e);
        } finally {
            workers.shutdownNow();
        }
    }

    private static List<Run> ofSeed(World world, long seed, List<Arm> arms, Path out) {
        WorldFolder folder = new WorldFolder(out.resolve("seed-" + seed), world, seed, world.steps(), "cpu");
        folder.write();
        Pretraining.STANDARD.run(folder, step -> {});
        new RewardTrainer(folder.rewardTraining()).run();
        List<Run> runs = new ArrayList<>();
        for (Arm arm : arms) {
            new SaveTrainer(folder.training(arm)).run();
            runs.add(new Run(arm, seed, RunFiles.metrics(folder.run(arm))));
        }
        return runs;
    }

    /** A metric after the last step, by seed. */
    double[] atEnd(Arm arm, String metric) {
        return of(arm).stream()
                .mapToDouble(r -> value(r.metrics().get(r.metrics().size() - 1), metric))
                .toArray();
    }

    /** A metric before the first step, by seed. */
    double[] atStart(Arm arm, String metric) {
        return of(arm).stream()
                .mapToDouble(r -> value(r.metrics().get(0), metric))
                .toArray();
    }

    /** A metric's mean over the steps that have it, by seed. */
    double[] overSteps(Arm arm, String metric) {
        return of(arm).stream()
                .mapToDouble(r -> r.metrics().stream()
                        .mapToDouble(line -> value(line, metric))
                        .filter(Double::isFinite)
                        .average()
                        .orElse(Double.NaN))
                .toArray();
    }

    /** The mean over the seeds of an arm's metric at the end, less the frozen arm's. */
    double gain(Arm arm, String metric) {
        return mean(atEnd(arm, metric)) - mean(atEnd(Arm.FROZEN, metric));
    }

    static double mean(double[] values) {
        return Arrays.stream(values).average().orElseThrow();
    }

    private List<Run> of(Arm arm) {
        return lines.stream().filter(r -> r.arm() == arm).toList();
    }

    private static double value(JsonNode line, String metric) {
        return line.path(metric).asDouble(Double.NaN);
    }
}
