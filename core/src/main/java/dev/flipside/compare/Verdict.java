package dev.flipside.compare;

import com.fasterxml.jackson.annotation.JsonValue;
import dev.flipside.config.Spelling;
import java.util.List;

/** What a comparison says of its criterion. */
public enum Verdict {
    /** Not asked: a control, or a secondary outcome. */
    NONE("not judged"),
    /** Significant in the direction of the criterion. */
    MET("met"),
    /** Not significant, and a difference of the stated size would have been found with probability 0.8. */
    NOT_MET("not met"),
    /** Significant in the other direction. */
    OPPOSITE("not met: the opposite holds"),
    /**
     * The same numbers as the baseline's in every seed, of which there are enough: the arm did not learn, or its
     * settings had no effect.
     */
    UNCHANGED("nothing compared: every seed equals the baseline's"),
    /** Not significant, and a difference of the stated size could have been missed. */
    TOO_FEW_SEEDS("too few seeds");

    private final String text;

    Verdict(String text) {
        this.text = text;
    }

    /** As people read it. */
    public String text() {
        return text;
    }

    /** As files have it. */
    @JsonValue
    public String key() {
        return Spelling.of(this);
    }

    /**
     * Of several parts of one criterion: it is met when all are; else the part that speaks most clearly against it
     * counts.
     */
    static Verdict all(List<Verdict> parts) {
        for (Verdict worst : List.of(OPPOSITE, UNCHANGED, NOT_MET, TOO_FEW_SEEDS, MET)) {
            if (parts.contains(worst)) {
                return worst;
            }
        }
        return TOO_FEW_SEEDS;
    }
}
