package dev.flipside.eval.judge;

/** What became of one prompt, for the policy; {@code NONE} when a game has no verdict. */
public enum MatchOutcome {
    WIN(1),
    TIE(0.5),
    LOSS(0),
    NONE(Double.NaN);

    private final double score;

    MatchOutcome(double score) {
        this.score = score;
    }

    public double score() {
        return score;
    }

    /** The outcome of two rewards; equal ones are a tie. */
    public static MatchOutcome ofRewards(double policy, double baseline) {
        return policy > baseline ? WIN : policy < baseline ? LOSS : TIE;
    }
}
