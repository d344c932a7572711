package dev.flipside.cli;

import dev.flipside.world.Arm;
import dev.flipside.world.Pretraining;
import dev.flipside.world.World;
import dev.flipside.world.WorldFolder;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What a demo runs.
 *
 * @param world in which
 * @param seeds each with its own data, policy and reward model, shared by its arms
 * @param arms to compare; the first is {@link Arm#FROZEN}, which the others are compared with
 * @param steps of the loop
 * @param pretraining of the policies
 * @param out one folder per seed is made in it
 * @param device where models run
 * @param workers runs side by side
 */
record DemoPlan(
        World world,
        List<Long> seeds,
        List<Arm> arms,
        int steps,
        Pretraining pretraining,
        Path out,
        String device,
        int workers) {

    DemoPlan {
        Set<Arm> ordered = new LinkedHashSet<>();
        ordered.add(Arm.FROZEN);
        ordered.addAll(arms);
        arms = List.copyOf(ordered);
        seeds = List.copyOf(seeds);
    }

    WorldFolder folder(long seed) {
        return new WorldFolder(out.resolve("seed-" + seed), world, seed, steps, device);
    }
}
