package dev.flipside.train;

import dev.flipside.config.DataConfig;
import dev.flipside.config.GateConfig.Pairs;
import dev.flipside.config.GuardConfig;
import dev.flipside.config.GuardConfig.Memory;
import dev.flipside.config.RunPlan;
import dev.flipside.config.TrainConfig;
import dev.flipside.config.UserError;
import dev.flipside.data.Preference;
import dev.flipside.engine.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A run's labelled pairs as its reward model reads them.
 *
 * @param guard those that an update is held to; empty without a guard
 * @param trusted those that somebody looked at, where the run has any
 * @param gate those that the gate asks
 * @param heldOut those that evaluations measure on, and nothing is trained on
 */
record LabelledPairs(
        GuardPairs guard, GuardPairs trusted, Optional<HeldOutPairs> gate, Optional<HeldOutPairs> heldOut) {
    /** Of a run without a reward model. */
    static final LabelledPairs NONE =
            new LabelledPairs(GuardPairs.NONE, GuardPairs.NONE, Optional.empty(), Optional.empty());

    /**
     * Without the pairs that the reward model cannot tell apart.
     *
     * @param figures what was dropped and what merges, as metrics, is added
     */
    static LabelledPairs of(
            TrainConfig config, TrainingData data, Grader grader, Map<String, Double> figures, TrainListener listener) {
        RunPlan plan = config.plan();
        DataConfig files = config.data();
        Reader reader = new Reader(grader, figures, listener);
        GuardPairs trusted = plan.readsTrusted()
                ? reader.read(Memory.TRUSTED.key(), files.trustedPreferences(), data.trusted())
                : GuardPairs.NONE;
        GuardPairs preferences = plan.readsPreferences()
                ? reader.read(Memory.PREFERENCES.key(), files.preferences(), data.preferences())
                : GuardPairs.NONE;
        GuardPairs guard = plan.guardMemory()
                .map(memory -> memory == Memory.TRUSTED ? trusted : preferences)
                .orElse(GuardPairs.NONE);
        requireBalance(config, guard);
        Optional<HeldOutPairs> heldOut = Optional.of(
                        reader.read("eval_preferences", files.evalPreferences(), data.evalPreferences()))
                .map(GuardPairs::pairs)
                .filter(pairs -> !pairs.isEmpty())
                .map(pairs -> new HeldOutPairs(pairs, grader.ranks()));
        Optional<HeldOutPairs> gate = plan.gatePairs()
                .flatMap(pairs -> pairs == Pairs.TRUSTED
                        ? Optional.of(new HeldOutPairs(trusted.pairs(), grader.ranks()))
                        : heldOut);
        return new LabelledPairs(guard, trusted, gate, heldOut);
    }

    private static void requireBalance(TrainConfig config, GuardPairs guard) {
        GuardConfig guarding = config.save().guarding();
        boolean none = guard.balanced(
                        guarding.guardBalance(), new Seeds(config.run().seed()))
                .isEmpty();
        config.plan().guardMemory().filter(memory -> none).ifPresent(memory -> {
            throw new UserError(
                    "save.guard_balance: all pairs of "
                            + memory.file(config.data()).orElseThrow()
                            + " prefer the same looks, so none can be balanced against another; remove the key, or add pairs that prefer the opposite.");
        });
    }

    private record Reader(Grader grader, Map<String, Double> figures, TrainListener listener) {
        /** @param name of the file's key in section {@code data} */
        GuardPairs read(String name, Optional<String> file, List<Preference> pairs) {
            if (file.isEmpty()) {
                return GuardPairs.NONE;
            }
            PairTally tally = new PairTally(grader.renderer());
            List<LabelledPair> rows = new ArrayList<>();
            List<int[]> more = new ArrayList<>();
            for (int i = 0; i < pairs.size(); i++) {
                LabelledPair pair = new LabelledPair(grader.chosen(pairs.get(i)), grader.rejected(pairs.get(i)));
                if (tally.add(i + 1, pairs.get(i), pair)) {
                    rows.add(pair);
                    more.add(GuardPairs.more(pairs.get(i), pair));
                }
            }
            tally.tell("data." + name, listener);
            tally.requireSome("data." + name, file.get());
            figures.putAll(tally.figures(name));
            GuardPairs read = new GuardPairs(rows, more.toArray(int[][]::new));
            figures.putAll(LooksFigures.preferred(name, read));
            return read;
        }
    }
}
