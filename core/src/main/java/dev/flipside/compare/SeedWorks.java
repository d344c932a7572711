package dev.flipside.compare;

import dev.flipside.config.ComparisonConfig.Judge;
import dev.flipside.config.TrainConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The parts of one seed.
 *
 * @param shared what its arms share, in order
 * @param arms each arm's run and what is asked of it afterwards
 */
record SeedWorks(long seed, List<ComparisonWork> shared, List<List<ComparisonWork>> arms) {
    /** {@link ComparisonBase#write} must have been called for the seed. */
    static SeedWorks of(ComparisonPlan plan, long seed) {
        List<List<ComparisonWork>> arms = new ArrayList<>();
        for (ArmSetting arm : plan.arms()) {
            arms.add(arm(plan, seed, arm));
        }
        return new SeedWorks(seed, plan.base().shared(plan.folder(), seed), arms);
    }

    private static List<ComparisonWork> arm(ComparisonPlan plan, long seed, ArmSetting arm) {
        Path folder = plan.folder();
        TrainConfig config = plan.training(seed, arm, false);
        ArmWork run = new ArmWork("seed " + seed + ", " + arm.name(), config, plan.training(seed, arm, true));
        Optional<Judge> judge = plan.config().comparison().judge();
        return judge.isEmpty()
                ? List.of(run)
                : List.of(
                        run,
                        new JudgeWork(
                                run.what() + ", judge",
                                folder,
                                seed,
                                arm.name(),
                                config,
                                judge.get(),
                                Math.max(1, run.units() / 20)));
    }

    List<ComparisonWork> all() {
        List<ComparisonWork> all = new ArrayList<>(shared);
        arms.forEach(all::addAll);
        return all;
    }
}
