package dev.flipside.eval.ifeval;

/** The two comparisons that IFEval knows. */
enum Relation {
    LESS_THAN("less than"),
    AT_LEAST("at least");

    private final String text;

    Relation(String text) {
        this.text = text;
    }

    /** As instructions spell it. */
    String text() {
        return text;
    }

    boolean holds(int count, int threshold) {
        return this == LESS_THAN ? count < threshold : count >= threshold;
    }
}
