package dev.flipside.gguf;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.flipside.gguf.Vocabulary.Kind;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The merges that SentencePiece's scores stand for: each piece of two others is a merge, the piece with the higher
 * score first. Between merges of equal score the one with the longer left part goes first, then the one with the longer
 * right part, then the one whose parts have the smaller ids, as in transformers' converter.
 */
final class ScoredMerges {
    private record Merge(String left, String right, float score, int leftId, int rightId) {}

    private final List<Merge> merges = new ArrayList<>();

    /** @param spelled the tokens as the vocabulary of tokenizer.json spells them, by id */
    ScoredMerges(Vocabulary vocabulary, List<String> spelled) {
        List<Float> scores = vocabulary.scores();
        Map<String, Integer> pieces = new HashMap<>();
        for (int id = 0; id < spelled.size(); id++) {
            if (mergeable(vocabulary.kind(id))) {
                pieces.putIfAbsent(spelled.get(id), id);
            }
        }
        for (int id = 0; id < spelled.size(); id++) {
            if (mergeable(vocabulary.kind(id))) {
                add(spelled.get(id), scores.get(id), pieces);
            }
        }
        merges.sort(Comparator.comparing(Merge::score, Comparator.reverseOrder())
                .thenComparing(m -> letters(m.left), Comparator.reverseOrder())
                .thenComparing(m -> letters(m.right), Comparator.reverseOrder()));
    }

    /** Control tokens and bytes are never built from pieces. */
    private static boolean mergeable(Kind kind) {
        return kind == Kind.NORMAL || kind == Kind.USER_DEFINED;
    }

    private void add(String piece, float score, Map<String, Integer> pieces) {
        List<Merge> ofPiece = new ArrayList<>();
        for (int at = piece.offsetByCodePoints(0, piece.isEmpty() ? 0 : 1);
                at < piece.length();
                at = piece.offsetByCodePoints(at, 1)) {
            String left = piece.substring(0, at);
            String right = piece.substring(at);
            if (pieces.containsKey(left) && pieces.containsKey(right)) {
                ofPiece.add(new Merge(left, right, score, pieces.get(left), pieces.get(right)));
            }
        }
        ofPiece.sort(Comparator.comparingInt(Merge::leftId).thenComparingInt(Merge::rightId));
        merges.addAll(ofPiece);
    }

    private static int letters(String text) {
        return text.codePointCount(0, text.length());
    }

    /** The {@code merges} of tokenizer.json. */
    ArrayNode json() {
        ArrayNode json = JsonNodeFactory.instance.arrayNode();
        merges.forEach(m -> json.addArray().add(m.left).add(m.right));
        return json;
    }
}
