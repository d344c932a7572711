package dev.flipside.eval.ifeval;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Punkt's sentences (Kiss and Strunk 2006) with the English model, as NLTK 3.9 splits them. */
final class SentenceSplitter {
    private static final String NON_WORD = "[)\";}\\]*:@'({\\[?!]";
    private static final String SIGNS = "(?:-{2,}|\\.{2,}|\\.(?:\\s\\.){2,}+)";
    private static final Pattern WORD = Pattern.compile(
            SIGNS + "|(?=[^(\"`{\\[:;&#*@)}\\]\\-,])\\S+?(?=\\s|$|" + NON_WORD + "|" + SIGNS + "|,(?=$|\\s|" + NON_WORD
                    + "|" + SIGNS + "))|\\S",
            PythonText.FLAGS);
    private static final Pattern POSSIBLE_END =
            Pattern.compile("[.?!](?=(" + NON_WORD + "|\\s+(\\S+)))", PythonText.FLAGS);
    /** Closing marks after the end belong to the sentence before. */
    private static final Pattern CLOSING =
            Pattern.compile("[\"')\\]}]+?(?:\\s+|(?=--)|$)", PythonText.FLAGS | Pattern.MULTILINE);

    private static final String ASCII_SPACE = " \t\n\r\u000b\f";

    private SentenceSplitter() {}

    private record Span(int from, int to) {}

    /** A possible end, and where the word before it begins. */
    private record Candidate(MatchResult match, int wordFrom) {}

    /** The sentences without the white space between them. */
    static List<String> split(String text) {
        List<String> sentences = new ArrayList<>();
        int skipped = 0;
        List<Span> spans = spans(text);
        for (int i = 0; i < spans.size(); i++) {
            Span span = spans.get(i);
            int from = span.from() + skipped;
            int to = span.to();
            skipped = 0;
            if (i + 1 < spans.size()) {
                Span next = spans.get(i + 1);
                Matcher closing = CLOSING.matcher(text.substring(Math.min(next.from(), next.to()), next.to()));
                if (closing.lookingAt()) {
                    to = next.from() + PythonText.strip(closing.group()).length();
                    skipped = closing.end();
                }
            }
            if (from < to) {
                sentences.add(text.substring(from, to));
            }
        }
        return sentences;
    }

    private static List<Span> spans(String text) {
        List<Span> spans = new ArrayList<>();
        int from = 0;
        for (Candidate candidate : candidates(text)) {
            MatchResult match = candidate.match();
            String context = text.substring(candidate.wordFrom(), match.start()) + match.group() + match.group(1);
            if (holdsEnd(context)) {
                spans.add(new Span(from, match.end()));
                from = match.group(2) != null ? match.start(2) : match.end();
            }
        }
        int end = text.length();
        while (end > 0 && PythonText.isSpace(text.charAt(end - 1))) {
            end--;
        }
        spans.add(new Span(from, end));
        return spans;
    }

    /** Of marks that follow each other within one word only the last can be an end. */
    private static List<Candidate> candidates(String text) {
        List<Candidate> candidates = new ArrayList<>();
        Candidate previous = null;
        int previousFrom = 0;
        int previousTo = 0;
        Matcher matcher = POSSIBLE_END.matcher(text);
        while (matcher.find()) {
            int space = lastSpace(text, previousTo, matcher.start());
            int from = space > previousTo ? space + 1 : previousFrom;
            if (previous != null && previousTo <= from) {
                candidates.add(previous);
            }
            previous = new Candidate(matcher.toMatchResult(), from);
            previousFrom = from;
            previousTo = matcher.start();
        }
        if (previous != null) {
            candidates.add(previous);
        }
        return candidates;
    }

    /** The place of the last white space in a part of the text; its beginning where there is none. */
    private static int lastSpace(String text, int from, int to) {
        for (int at = to - 1; at > from; at--) {
            if (ASCII_SPACE.indexOf(text.charAt(at)) >= 0) {
                return at;
            }
        }
        return from;
    }

    private static boolean holdsEnd(String context) {
        PunktModel model = PunktModel.english();
        List<PunktToken> tokens = new ArrayList<>();
        for (String line : context.split("\n", -1)) {
            Matcher words = WORD.matcher(line);
            while (words.find()) {
                tokens.add(new PunktToken(words.group(), model));
            }
        }
        for (int i = 0; i + 1 < tokens.size(); i++) {
            tokens.get(i).lookAt(tokens.get(i + 1), model);
            if (tokens.get(i).endsSentence()) {
                return true;
            }
        }
        return false;
    }
}
