package dev.flipside.eval.ifeval;

import java.util.Locale;
import java.util.regex.Pattern;

/** A word with its period, and what Punkt thinks of that period. */
final class PunktToken {
    private static final Pattern ELLIPSIS = Pattern.compile("\\.\\.+");
    private static final Pattern NUMBER = Pattern.compile("-?[.,]?\\p{Nd}[\\p{Nd},.-]*\\.?");
    private static final Pattern INITIAL = Pattern.compile("[\\p{L}\\p{Nl}\\p{No}_]\\.");
    private static final String PUNCTUATION = ";:,.!?";
    static final String NUMBER_TYPE = "##number##";

    private final String text;
    private final String type;
    private boolean sentenceEnd;
    private boolean abbreviation;
    private boolean ellipsis;

    /** Judges the word by itself: the first pass. */
    PunktToken(String text, PunktModel model) {
        this.text = text;
        String lower = text.toLowerCase(Locale.ROOT);
        this.type = NUMBER.matcher(lower).matches() ? NUMBER_TYPE : lower;
        if (text.equals(".") || text.equals("?") || text.equals("!")) {
            sentenceEnd = true;
        } else if (ELLIPSIS.matcher(text).matches()) {
            ellipsis = true;
        } else if (text.endsWith(".") && !text.endsWith("..")) {
            String word = lower.substring(0, lower.length() - 1);
            abbreviation = model.abbreviations().contains(word)
                    || model.abbreviations().contains(word.substring(word.lastIndexOf('-') + 1));
            sentenceEnd = !abbreviation;
        }
    }

    boolean endsSentence() {
        return sentenceEnd;
    }

    /** Judges the period again, with the word that follows: the second pass, section 4 of the paper. */
    void lookAt(PunktToken next, PunktModel model) {
        if (!text.endsWith(".")) {
            return;
        }
        String word = withoutPeriod();
        String nextWord = next.wordAtSentenceEnd();
        if (model.isCollocation(word, nextWord)) {
            isNoEnd();
            return;
        }
        boolean initial = INITIAL.matcher(text).matches();
        Guess starter = next.startsSentence(model);
        if ((abbreviation || ellipsis) && !initial) {
            if (starter == Guess.YES || (next.capitalised() && model.starters().contains(nextWord))) {
                sentenceEnd = true;
                return;
            }
        }
        if (initial || word.equals(NUMBER_TYPE)) {
            boolean alwaysCapitalised = next.capitalised() && (model.context(nextWord) & PunktModel.LOWER) == 0;
            if (starter == Guess.NO || (starter == Guess.UNKNOWN && initial && alwaysCapitalised)) {
                isNoEnd();
            }
        }
    }

    private void isNoEnd() {
        sentenceEnd = false;
        abbreviation = true;
    }

    private enum Guess {
        YES,
        NO,
        UNKNOWN
    }

    /** The orthographic heuristic, section 4.1.1. */
    private Guess startsSentence(PunktModel model) {
        if (text.length() == 1 && PUNCTUATION.contains(text)) {
            return Guess.NO;
        }
        int context = model.context(wordAtSentenceEnd());
        if (capitalised() && (context & PunktModel.LOWER) != 0 && (context & PunktModel.UPPER_INSIDE) == 0) {
            return Guess.YES;
        }
        boolean lower = Character.isLowerCase(text.codePointAt(0));
        if (lower && ((context & PunktModel.UPPER) != 0 || (context & PunktModel.LOWER_AT_BEGINNING) == 0)) {
            return Guess.NO;
        }
        return Guess.UNKNOWN;
    }

    private boolean capitalised() {
        return Character.isUpperCase(text.codePointAt(0));
    }

    private String wordAtSentenceEnd() {
        return sentenceEnd ? withoutPeriod() : type;
    }

    private String withoutPeriod() {
        return type.length() > 1 && type.endsWith(".") ? type.substring(0, type.length() - 1) : type;
    }
}
