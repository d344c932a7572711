package dev.flipside.eval.alarm;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;

/**
 * Watches a run line by line. Every rule fires at most once; which ones depends on nothing but the lines in their
 * order.
 */
public final class AlarmWatch {
    private final Trace trace = new Trace();
    private final EnumSet<Rule> silent = EnumSet.allOf(Rule.class);
    private final List<Alarm> fired = new ArrayList<>();

    /** Takes the next line and returns the alarms that fire there for the first time. */
    public List<Alarm> observe(Measured line) {
        trace.add(line);
        List<Alarm> now = new ArrayList<>();
        for (Rule rule : List.copyOf(silent)) {
            Optional<Condition.Crossing> crossing = rule.condition().at(trace);
            crossing.ifPresent(c -> {
                silent.remove(rule);
                now.add(new Alarm(
                        rule.key(),
                        rule.level(),
                        rule.metric(),
                        line.step(),
                        c.value(),
                        c.threshold(),
                        rule.meaning()));
            });
        }
        fired.addAll(now);
        return now;
    }

    /** All alarms so far, in the order in which they fired. */
    public List<Alarm> fired() {
        return List.copyOf(fired);
    }

    /** Whether a rule has fired that ends a run under {@code run.stop_rule}. */
    public boolean stops() {
        return EnumSet.complementOf(silent).stream().anyMatch(Rule::stops);
    }
}
