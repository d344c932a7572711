package dev.flipside.eval.judge;

/**
 * The two games of {@link ArenaHard} on one question.
 *
 * @param baselineFirst the model is B
 * @param modelFirst the model is A
 */
public record ArenaJudgment(String uid, String model, ArenaGame baselineFirst, ArenaGame modelFirst) {
    /** Whether both games have a verdict; others do not count. */
    public boolean complete() {
        return baselineFirst.label().isPresent() && modelFirst.label().isPresent();
    }
}
