package dev.flipside.train;

import dev.flipside.config.Looks;
import dev.flipside.eval.benchmark.AnswerStyle;

/** How much of a look an answer has, the same of samples and of labelled pairs. */
final class AnswerLooks {
    private AnswerLooks() {}

    /** @param tokens of the answer */
    static int of(Looks look, int tokens, String text) {
        return switch (look) {
            case LENGTH -> tokens;
            case MARKDOWN -> AnswerStyle.of(text).markdown();
        };
    }
}
