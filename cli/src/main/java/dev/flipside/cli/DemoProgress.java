package dev.flipside.cli;

import java.util.EnumMap;
import java.util.Map;

/** One bar for a whole demo, moved by all its workers. */
final class DemoProgress implements AutoCloseable {
    private final Map<Phase, Integer> steps = new EnumMap<>(Phase.class);
    private final Progress bar;
    private long done;

    /** Parts of a demo whose steps cost about the same; a bar unit is about 10 milliseconds of one core. */
    enum Phase {
        PRETRAINING(3),
        REWARD_MODEL(2),
        LOOP(26);

        private final int unitsPerStep;

        Phase(int unitsPerStep) {
            this.unitsPerStep = unitsPerStep;
        }
    }

    DemoProgress(DemoPlan plan, Console console) {
        steps.put(Phase.PRETRAINING, plan.pretraining().steps());
        steps.put(Phase.REWARD_MODEL, plan.world().rewardModelSteps());
        steps.put(Phase.LOOP, plan.steps());
        long perSeed = units(Phase.PRETRAINING)
                + units(Phase.REWARD_MODEL)
                + units(Phase.LOOP) * plan.arms().size();
        bar = console.progress("demo", perSeed * plan.seeds().size(), "units");
    }

    /** More steps of a phase are done somewhere. */
    void steps(Phase phase, long more, String what) {
        advance(phase.unitsPerStep * more, what);
    }

    /** A whole phase was found finished. */
    void kept(Phase phase) {
        advance(units(phase), "");
    }

    private long units(Phase phase) {
        return (long) phase.unitsPerStep * steps.get(phase);
    }

    private synchronized void advance(long units, String what) {
        done += units;
        bar.at(done, what);
    }

    @Override
    public void close() {
        bar.close();
    }
}
