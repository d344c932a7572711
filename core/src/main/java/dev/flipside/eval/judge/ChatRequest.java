package dev.flipside.eval.judge;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.text.Message;
import java.util.List;

/**
 * A request for one chat completion.
 *
 * @param maxTokens the most tokens of the answer
 * @param topLogprobs how many alternatives of each token to ask for with their log-probabilities, 0 for none
 */
public record ChatRequest(String model, List<Message> messages, double temperature, int maxTokens, int topLogprobs) {
    private static final ObjectMapper JSON = new ObjectMapper();

    public ChatRequest {
        messages = List.copyOf(messages);
    }

    /** The request's body: equal requests have equal bodies. */
    String body() {
        ObjectNode body = JSON.createObjectNode().put("model", model);
        ArrayNode turns = body.putArray("messages");
        for (Message message : messages) {
            turns.addObject().put("role", message.role()).put("content", message.content());
        }
        body.put("temperature", temperature).put("max_tokens", maxTokens);
        if (topLogprobs > 0) {
            body.put("logprobs", true).put("top_logprobs", topLogprobs);
        }
        return body.toString();
    }
}
