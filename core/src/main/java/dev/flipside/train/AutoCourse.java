package dev.flipside.train;

import dev.flipside.algo.McNemar;
import dev.flipside.config.GuardConfig.Memory;
import dev.flipside.config.Looks;
import dev.flipside.config.SaveConfig;
import dev.flipside.config.Spelling;
import dev.flipside.eval.alarm.Measured;
import dev.flipside.run.Decision;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;

/**
 * {@code save.preset: auto}: decides from what a run has logged how its reward model learns next (docs/method.md, The
 * preset auto). Nothing but the lines of metrics.jsonl counts and no decision needs a gold reward, so a resumed run,
 * which reads them again, decides the same.
 */
final class AutoCourse {
    /** Of the one-sided sign test on mistakes. */
    private static final double ALPHA = 0.05;

    /** Labels that prefer so often the answer with more of a look cannot tell it from merit. */
    private static final double MOSTLY = 0.7;

    /** From this rank correlation on, a look is the main thing that rewards of samples tell apart before the run. */
    private static final double RULES_AT_FIRST = 0.5;

    /** The same during the run: a reward model that learns what merit is follows a look that goes with merit. */
    private static final double RULES = 0.7;

    /** Logged steps over which that correlation is averaged: a step has few groups. */
    private static final int WINDOW = 5;

    /** Updates in a row that the gate lets pass before a rung is climbed again, or steps that the lowest one lasts. */
    private static final int PATIENCE = 10;

    private static final double SLOW = 0.25;

    /** What an update that the gate rolls back leads to, and what ten that pass undo. */
    enum Rung {
        /** As configured: projected on the pairs. */
        PROJECTED("the update is projected on the pairs alone"),
        /** The pairs are trained on too. */
        REPLAYED("the pairs are trained on too"),
        /** At a lower rate. */
        SLOWED("the learning rate is a quarter of save.learning_rate"),
        /** Not at all. */
        FROZEN("the reward model rests");

        private final String sentence;

        Rung(String sentence) {
            this.sentence = sentence;
        }
    }

    private final SaveConfig save;
    private final Course configured;
    private final boolean replays;
    private final boolean trusted;
    private final Map<Looks, Deque<Double>> correlations = new EnumMap<>(Looks.class);
    private final Map<Looks, Double> preferred = new EnumMap<>(Looks.class);
    /** Of the last evaluation. */
    private final Map<Looks, Mistakes> lastMistakes = new EnumMap<>(Looks.class);
    /** Looks that are held to be no merit. */
    private final Set<Looks> blamed = EnumSet.noneOf(Looks.class);

    private final List<Decision> decisions = new ArrayList<>();
    private Rung rung = Rung.PROJECTED;
    private double round;
    private double rollbacks;
    private int inARow;
    private int quiet;

    AutoCourse(SaveConfig save) {
        this.save = save;
        this.configured = Course.configured(save);
        this.replays = configured.replayWeight() > 0;
        this.trusted = save.guarding().guardMemory() == Memory.TRUSTED;
    }

    /** Takes a logged line into account and returns what it changes. */
    List<Decision> observe(Measured line) {
        int before = decisions.size();
        for (Looks look : Looks.values()) {
            judge(look, line);
        }
        climb(line);
        return List.copyOf(decisions.subList(before, decisions.size()));
    }

    /** All changes so far. */
    List<Decision> decisions() {
        return List.copyOf(decisions);
    }

    /** What is in force in the next step. */
    Course course() {
        List<Looks> looks = List.copyOf(blamed);
        boolean balances = !trusted && !looks.isEmpty();
        double replayed = balances || rung != Rung.PROJECTED ? save.guarding().fullWeight() : configured.replayWeight();
        return new Course(
                rung != Rung.FROZEN,
                configured.contrastWeight(),
                replayed,
                rung == Rung.PROJECTED || rung == Rung.REPLAYED ? configured.rate() : SLOW,
                union(configured.residualised(), looks),
                balances ? union(configured.balanced(), looks) : configured.balanced());
    }

    private static List<Looks> union(List<Looks> one, List<Looks> other) {
        return Stream.concat(one.stream(), other.stream()).distinct().sorted().toList();
    }

    /** Whether a look is merit: the trusted pairs say, and without an answer of theirs the labels. */
    private void judge(Looks look, Measured line) {
        value(line, LooksFigures.preferred("preferences", look)).ifPresent(share -> preferred.put(look, share));
        value(line, LooksFigures.correlation(look)).ifPresent(correlation -> {
            Deque<Double> recent = correlations.computeIfAbsent(look, l -> new ArrayDeque<>());
            recent.addLast(correlation);
            if (recent.size() > WINDOW) {
                recent.removeFirst();
            }
        });
        Optional<Mistakes> mistakes = Mistakes.of(line, look);
        mistakes.ifPresent(m -> lastMistakes.put(look, m));
        boolean accused =
                mistakes.filter(m -> m.towardsMore().pValue() <= ALPHA).isPresent();
        boolean acquitted = Optional.ofNullable(lastMistakes.get(look))
                .filter(m -> m.less() > m.more())
                .isPresent();
        boolean missed = mistakes.filter(m -> m.towardsLess().pValue() <= ALPHA).isPresent();
        if (blamed.contains(look)) {
            if (missed) {
                blamed.remove(look);
                decide(
                        line,
                        look.noun() + " counts again: "
                                + mistakes.orElseThrow().sentence(look.less(), Mistakes::less, Mistakes::towardsLess));
            }
        } else if (accused) {
            blame(line, look, mistakes.orElseThrow().sentence(look.more(), Mistakes::more, Mistakes::towardsMore));
        } else if (!acquitted && ruled(look, line.step() == 0)) {
            blame(
                    line,
                    look,
                    String.format(
                            Locale.ROOT,
                            "%.0f %% of the labels of data.preferences prefer %s, and the reward model orders the policy's samples by %s (Spearman %.2f)",
                            100 * preferred.get(look),
                            look.more(),
                            look.noun(),
                            mean(look)));
        }
    }

    private void blame(Measured line, Looks look, String because) {
        blamed.add(look);
        decide(
                line,
                look.noun() + " is taken out of the advantages"
                        + (trusted
                                ? ""
                                : ", and as many labelled pairs are trained on that prefer " + look.less()
                                        + " as prefer " + look.more())
                        + ": " + because);
    }

    private boolean ruled(Looks look, boolean atFirst) {
        return preferred.getOrDefault(look, 0.0) >= MOSTLY && mean(look) >= (atFirst ? RULES_AT_FIRST : RULES);
    }

    private double mean(Looks look) {
        return correlations.getOrDefault(look, new ArrayDeque<>()).stream()
                .mapToDouble(c -> c)
                .average()
                .orElse(0);
    }

    private void climb(Measured line) {
        double current = value(line, "round").orElse(round);
        if (current != round) {
            // The gate begins anew.
            round = current;
            rollbacks = 0;
            inARow = 0;
        }
        OptionalDouble now = value(line, "save/rollbacks");
        boolean rolledBack = now.isPresent() && now.getAsDouble() > rollbacks;
        if (now.isPresent()) {
            inARow = rolledBack ? inARow + 1 : 0;
            rollbacks = now.getAsDouble();
        }
        if (rolledBack) {
            move(
                    line,
                    rung.ordinal() + (rung == Rung.PROJECTED && replays ? 2 : 1),
                    "the gate has rolled an update back");
        } else if (rung != Rung.PROJECTED
                && line.step() > 0
                && inARow < save.gating().gatePatience()) {
            quiet++;
            if (quiet >= PATIENCE) {
                move(
                        line,
                        rung.ordinal() - (rung == Rung.SLOWED && replays ? 2 : 1),
                        rung == Rung.FROZEN
                                ? "it has rested for " + PATIENCE + " steps"
                                : PATIENCE + " updates have passed the gate");
            }
        }
    }

    private void move(Measured line, int to, String because) {
        quiet = 0;
        Rung next = Rung.values()[Math.min(to, Rung.FROZEN.ordinal())];
        if (next != rung) {
            rung = next;
            boolean full = rung == Rung.PROJECTED && replays;
            decide(line, (full ? "the learning rate is save.learning_rate again" : rung.sentence) + ": " + because);
        }
    }

    private void decide(Measured line, String sentence) {
        decisions.add(new Decision(line.step(), sentence));
    }

    /** What is in force, as metrics. */
    Map<String, Double> figures() {
        Map<String, Double> metrics = new LinkedHashMap<>();
        metrics.put("save/auto/rung", (double) rung.ordinal());
        for (Looks look : Looks.values()) {
            metrics.put("save/auto/residualises_" + Spelling.of(look), blamed.contains(look) ? 1.0 : 0.0);
        }
        return metrics;
    }

    private static OptionalDouble value(Measured line, String metric) {
        Double value = line.values().get(metric);
        return value == null || !Double.isFinite(value) ? OptionalDouble.empty() : OptionalDouble.of(value);
    }

    /**
     * The trusted pairs that the reward model gets wrong.
     *
     * @param more in how many of them the answer that it prefers has more of a look
     * @param less in how many it has less
     */
    private record Mistakes(int more, int less) {
        static Optional<Mistakes> of(Measured line, Looks look) {
            OptionalDouble more = value(line, LooksFigures.wrongTowardsMore(look));
            OptionalDouble less = value(line, LooksFigures.wrongTowardsLess(look));
            return more.isPresent() && less.isPresent()
                    ? Optional.of(new Mistakes((int) more.getAsDouble(), (int) less.getAsDouble()))
                    : Optional.empty();
        }

        /** Sign test: without a leaning each mistake is a fair coin. */
        McNemar towardsMore() {
            return new McNemar(more, less);
        }

        McNemar towardsLess() {
            return new McNemar(less, more);
        }

        String sentence(String preferred, ToIntFunction<Mistakes> count, Function<Mistakes, McNemar> test) {
            return String.format(
                    Locale.ROOT,
                    "of %d trusted pairs that the reward model gets wrong it prefers %s in %d (p %.3f)",
                    more + less,
                    preferred,
                    count.applyAsInt(this),
                    test.apply(this).pValue());
        }
    }
}
