package dev.flipside.eval.judge;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * One chat completion.
 *
 * @param text what the judge said; empty when it said nothing, or when the server ended it by a filter or an error
 * @param firstToken the most probable first tokens with their log-probabilities; empty when they were not asked for or
 *     not given
 * @param promptTokens what the server counted, 0 when it does not say
 * @param completionTokens likewise
 */
public record ChatReply(String text, Map<String, Double> firstToken, long promptTokens, long completionTokens) {
    /** Not {@code length}: AlpacaEval's answers of one token end so, and elsewhere a label that was reached counts. */
    private static final Set<String> BROKEN_OFF = Set.of("content_filter", "error");

    public ChatReply {
        firstToken = Map.copyOf(firstToken);
    }

    /** Whether a response body has the shape of a chat completion. */
    static boolean isOne(JsonNode body) {
        return body.path("choices").path(0).path("message").isObject();
    }

    static ChatReply of(JsonNode body) {
        JsonNode choice = body.path("choices").path(0);
        JsonNode usage = body.path("usage");
        long promptTokens = usage.path("prompt_tokens").asLong();
        long completionTokens = usage.path("completion_tokens").asLong();
        if (BROKEN_OFF.contains(choice.path("finish_reason").asText())) {
            return new ChatReply("", Map.of(), promptTokens, completionTokens);
        }
        Map<String, Double> first = new HashMap<>();
        for (JsonNode token : choice.path("logprobs").path("content").path(0).path("top_logprobs")) {
            if (token.path("token").isTextual() && token.path("logprob").isNumber()) {
                first.put(token.get("token").asText(), token.get("logprob").asDouble());
            }
        }
        return new ChatReply(choice.path("message").path("content").asText(""), first, promptTokens, completionTokens);
    }
}
