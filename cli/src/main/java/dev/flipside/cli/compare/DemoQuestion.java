package dev.flipside.cli.compare;

import dev.flipside.config.ComparisonConfig;
import dev.flipside.config.ComparisonConfig.Base;
import dev.flipside.config.ComparisonConfig.Comparison;
import dev.flipside.config.ComparisonConfig.Direction;
import dev.flipside.config.ComparisonConfig.Outcome;
import dev.flipside.config.ComparisonConfig.Over;
import dev.flipside.config.ComparisonConfig.Role;
import dev.flipside.config.ComparisonConfig.WorldName;
import dev.flipside.config.Spelling;
import dev.flipside.world.Arm;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;

/**
 * What the demo asks in each world: two fixed comparisons, of which the command line changes seeds, arms and length.
 */
enum DemoQuestion {
    W(
            WorldName.W,
            EnumSet.of(Arm.SAVE, Arm.GOLD),
            Metric.GOLD,
            Direction.HIGHER,
            "In world W the policy that was trained with SAVE has a higher gold reward than with the reward model frozen."),
    N(
            WorldName.N,
            EnumSet.of(Arm.SAVE, Arm.GUARDED),
            Metric.HELD_OUT,
            Direction.LOWER,
            "In world N the reward model that faithful SAVE trained orders fewer held-out pairs rightly than the frozen one.");

    /** Names in {@code metrics.jsonl}. */
    private static final class Metric {
        static final String GOLD = "eval_gold";
        static final String HELD_OUT = "eval_rm/accuracy";
    }

    /** A third of what was measured in either world is the smallest effect that matters. */
    private static final double DETECTABLE = 0.02;

    private final WorldName world;
    private final Set<Arm> arms;
    private final String primary;
    private final Direction direction;
    private final String criterion;

    DemoQuestion(WorldName world, Set<Arm> arms, String primary, Direction direction, String criterion) {
        this.world = world;
        this.arms = arms;
        this.primary = primary;
        this.direction = direction;
        this.criterion = criterion;
    }

    static DemoQuestion of(WorldName world) {
        return world == WorldName.W ? W : N;
    }

    /** Compared with the frozen reward model when the command line does not say. */
    Set<Arm> arms() {
        return EnumSet.copyOf(arms);
    }

    /**
     * The whole comparison.
     *
     * @param chosen arms beside the frozen one
     * @param steps of the loop; 0 is the world's own number
     * @param workers runs side by side; 0 is as many as there are cores
     */
    ComparisonConfig config(Path out, List<Long> seeds, Set<Arm> chosen, int steps, String device, int workers) {
        Map<String, ComparisonConfig.Arm> all = new LinkedHashMap<>();
        ComparisonConfig.Arm builtIn = new ComparisonConfig.Arm(Optional.empty(), Optional.empty(), Optional.empty());
        all.put(Arm.FROZEN.label(), builtIn);
        chosen.forEach(arm -> all.put(arm.label(), builtIn));
        boolean save = chosen.contains(Arm.SAVE);
        String claim = save
                ? criterion
                : "In world " + world + " every arm has a " + Spelling.of(direction) + " " + title()
                        + " than with the reward model frozen.";
        Base defaults = ComparisonConfig.defaults().base();
        return new ComparisonConfig(
                new Comparison(
                        out.toString(),
                        seeds,
                        workers,
                        Arm.FROZEN.label(),
                        outcomes(),
                        claim,
                        save ? List.of(Arm.SAVE.label()) : List.of(),
                        OptionalDouble.of(DETECTABLE),
                        0.05,
                        ComparisonConfig.Correction.HOLM,
                        ComparisonConfig.Test.SIGN_FLIP,
                        Optional.empty()),
                new Base(
                        Optional.of(world),
                        steps > 0 ? OptionalInt.of(steps) : OptionalInt.empty(),
                        defaults.pretrainingSteps(),
                        defaults.model(),
                        defaults.pairs(),
                        defaults.flipped(),
                        defaults.cues(),
                        defaults.uneven(),
                        defaults.train(),
                        defaults.rewardTraining(),
                        defaults.make(),
                        defaults.overrides(),
                        defaults.rewardOverrides(),
                        device),
                all);
    }

    private List<Outcome> outcomes() {
        return List.of(
                outcome(Metric.GOLD, "gold reward", Over.LAST),
                outcome("eval_rm/on_policy_accuracy", "on-policy accuracy", Over.LAST),
                outcome(Metric.HELD_OUT, "off-policy accuracy", Over.LAST),
                outcome("save/label_accuracy", "label accuracy", Over.MEAN));
    }

    private Outcome outcome(String metric, String label, Over over) {
        boolean decides = metric.equals(primary);
        return new Outcome(
                metric,
                Optional.of(label),
                decides ? direction : Direction.HIGHER,
                decides ? Role.PRIMARY : Role.SECONDARY,
                over,
                OptionalDouble.empty());
    }

    /** Of the outcome that decides. */
    private String title() {
        return outcomes().stream()
                .filter(Outcome::primary)
                .findFirst()
                .orElseThrow()
                .title();
    }
}
