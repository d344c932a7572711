package dev.flipside.cli.report;

import dev.flipside.config.ComparisonConfig;
import dev.flipside.world.Arm;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * What the page shows of one arm, or of a single run.
 *
 * @param name of the arm or of the run's folder
 * @param description in a few words; may be empty
 * @param runs one per seed
 * @param index among the arms, which decides colour and mark; 0 is the baseline, which is grey
 */
record ArmRuns(String name, String description, List<ArmRun> runs, int index) {
    /** Seven colours, each as a disc, a ring and a square. */
    private static final int MARKS = 21;

    /** The arms of a comparison, the baseline first. */
    static List<ArmRuns> of(ComparisonConfig config, List<List<ArmRun>> runs) {
        List<ArmRuns> arms = new ArrayList<>();
        List<String> names = new ArrayList<>(config.arms().keySet());
        String baseline = config.comparison().baseline();
        arms.add(of(baseline, config, runs.get(names.indexOf(baseline)), 0));
        for (String name : names) {
            if (!name.equals(baseline)) {
                int index = 1 + (arms.size() - 1) % MARKS;
                arms.add(of(name, config, runs.get(names.indexOf(name)), index));
            }
        }
        return arms;
    }

    private static ArmRuns of(String name, ComparisonConfig config, List<ArmRun> runs, int index) {
        ComparisonConfig.Arm arm = config.arms().get(name);
        String like = arm.like().orElse(arm.overrides().isPresent() ? "" : name);
        Optional<String> builtIn = Arrays.stream(Arm.values())
                .filter(a -> a.label().equalsIgnoreCase(like))
                .map(Arm::description)
                .findFirst();
        return new ArmRuns(name, arm.description().or(() -> builtIn).orElse(""), runs, index);
    }

    /** Whether the arm is the one that the others are compared with. */
    boolean baseline() {
        return index == 0;
    }
}
