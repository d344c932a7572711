package dev.flipside.train;

import dev.flipside.config.DataConfig;
import dev.flipside.config.GateConfig.Pairs;
import dev.flipside.config.GuardConfig.Memory;
import dev.flipside.config.RunPlan;
import dev.flipside.config.TrainConfig;
import dev.flipside.data.Preference;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A run's labelled pairs as its reward model reads them.
 *
 * @param guard those that an update is held to; empty without a guard
 * @param gate those that the gate asks
 * @param heldOut those that evaluations measure on, and nothing is trained on
 */
record LabelledPairs(List<LabelledPair> guard, Optional<HeldOutPairs> gate, Optional<HeldOutPairs> heldOut) {
    /** Of a run without a reward model. */
    static final LabelledPairs NONE = new LabelledPairs(List.of(), Optional.empty(), Optional.empty());

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
        List<LabelledPair> trusted = plan.usesTrusted()
                ? reader.read(Memory.TRUSTED.key(), files.trustedPreferences(), data.trusted())
                : List.of();
        List<LabelledPair> guard = plan.guardMemory()
                .map(memory -> memory == Memory.TRUSTED
                        ? trusted
                        : reader.read(memory.key(), files.preferences(), data.guard()))
                .orElse(List.of());
        Optional<HeldOutPairs> heldOut = Optional.of(
                        reader.read("eval_preferences", files.evalPreferences(), data.evalPreferences()))
                .filter(pairs -> !pairs.isEmpty())
                .map(HeldOutPairs::new);
        Optional<HeldOutPairs> gate = plan.gatePairs()
                .flatMap(pairs -> pairs == Pairs.TRUSTED ? Optional.of(new HeldOutPairs(trusted)) : heldOut);
        return new LabelledPairs(guard, gate, heldOut);
    }

    private record Reader(Grader grader, Map<String, Double> figures, TrainListener listener) {
        /** @param name of the file's key in section {@code data} */
        List<LabelledPair> read(String name, Optional<String> file, List<Preference> pairs) {
            if (file.isEmpty()) {
                return List.of();
            }
            PairTally tally = new PairTally(grader.renderer());
            List<LabelledPair> rows = new ArrayList<>();
            for (int i = 0; i < pairs.size(); i++) {
                LabelledPair pair = new LabelledPair(grader.chosen(pairs.get(i)), grader.rejected(pairs.get(i)));
                if (tally.add(i + 1, pairs.get(i), pair)) {
                    rows.add(pair);
                }
            }
            tally.tell("data." + name, listener);
            tally.requireSome("data." + name, file.get());
            figures.putAll(tally.figures(name));
            return rows;
        }
    }
}
