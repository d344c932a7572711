package dev.flipside.compare;

import dev.flipside.eval.alarm.Alarm;
import dev.flipside.eval.alarm.Alarms;
import dev.flipside.eval.alarm.Level;
import dev.flipside.eval.alarm.Measured;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A rule of {@link dev.flipside.eval.alarm} that fired in some of an arm's runs.
 *
 * @param arm whose
 * @param runs of the arm that have begun
 * @param bySeed the alarm of each run in which it fired, in the order of the seeds
 */
public record FiredRule(String arm, int runs, Map<Long, Alarm> bySeed) {

    /** Of an arm's runs by seed, in the order in which the rules first fired. */
    public static List<FiredRule> of(String arm, Map<Long, List<Measured>> histories) {
        Map<String, Map<Long, Alarm>> fired = new LinkedHashMap<>();
        histories.forEach((seed, history) -> Alarms.of(history)
                .forEach(alarm -> fired.computeIfAbsent(alarm.name(), k -> new LinkedHashMap<>())
                        .put(seed, alarm)));
        int begun = (int) histories.values().stream().filter(h -> !h.isEmpty()).count();
        return fired.values().stream()
                .map(bySeed -> new FiredRule(arm, begun, bySeed))
                .sorted(Comparator.comparingLong(rule -> rule.first().firstStep()))
                .toList();
    }

    /** Of all arms of a comparison, the worst first. */
    public static List<FiredRule> of(RunOutcomes outcomes) {
        List<Long> seeds = outcomes.config().comparison().seeds();
        List<FiredRule> all = new ArrayList<>();
        outcomes.histories().forEach((arm, runs) -> {
            Map<Long, List<Measured>> bySeed = new LinkedHashMap<>();
            for (int i = 0; i < runs.size(); i++) {
                bySeed.put(seeds.get(i), runs.get(i));
            }
            all.addAll(of(arm, bySeed));
        });
        return worstFirst(all);
    }

    /** Sorted by level; otherwise in the order given. */
    public static List<FiredRule> worstFirst(List<FiredRule> rules) {
        return rules.stream()
                .sorted(Comparator.comparing(FiredRule::level).reversed())
                .toList();
    }

    /** Where it fired first. */
    public Alarm first() {
        return bySeed.values().stream()
                .min(Comparator.comparingLong(Alarm::firstStep))
                .orElseThrow();
    }

    public Level level() {
        return first().level();
    }

    /** The first steps, in the order of the seeds. */
    public List<Long> steps() {
        return bySeed.values().stream().map(Alarm::firstStep).toList();
    }
}
