package dev.flipside.reward;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.flipside.config.UserError;
import java.util.Optional;

/** What a program elsewhere answers: a JSON list of numbers, bare or as {@code {"rewards": [...]}}. */
final class RewardAnswer {
    private static final int SHOWN = 300;

    /** Python writes NaN and Infinity, which are no JSON: they are read so that they can be named. */
    private static final ObjectReader ONE_VALUE = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build()
            .readerFor(JsonNode.class);

    private RewardAnswer() {}

    /**
     * The rewards of an answer, NaN where it has null.
     *
     * @param who answered, as the beginning of a sentence
     * @param count of the rewards that it must have
     * @param shown the answer as an error may show it
     * @throws UserError when it is something else
     */
    static double[] read(String who, String answer, int count, String shown) {
        JsonNode list = list(answer)
                .orElseThrow(
                        () -> new UserError(
                                who + " with " + shown
                                        + ", which is neither a JSON list of numbers nor {\"rewards\": [...]}; answer one of the two."));
        if (list.size() != count) {
            throw new UserError(who + " with " + list.size() + " rewards for " + count + " completions: " + shown
                    + "; answer one for each.");
        }
        double[] rewards = new double[count];
        for (int i = 0; i < count; i++) {
            JsonNode reward = list.get(i);
            rewards[i] = reward.isNull() ? Double.NaN : reward.isNumber() ? reward.doubleValue() : Double.NaN;
            if (!reward.isNull() && !Double.isFinite(rewards[i])) {
                throw new UserError(who + " with " + cut(reward.isNumber() ? reward.asText() : reward.toString())
                        + " as the reward of completion " + (i + 1) + " of " + count
                        + ", which is no finite number; answer null for what cannot be judged.");
            }
        }
        return rewards;
    }

    private static Optional<JsonNode> list(String answer) {
        try {
            JsonNode json = ONE_VALUE.readValue(answer);
            return Optional.of(json.isObject() ? json.path("rewards") : json).filter(JsonNode::isArray);
        } catch (JsonProcessingException e) {
            // What is wrong is told by showing it.
            return Optional.empty();
        }
    }

    /** The beginning of a text on one line, in quotes. */
    static String quoted(String text) {
        String line = text.strip().replaceAll("\\s+", " ");
        return line.isEmpty() ? "nothing" : "'" + cut(line) + "'";
    }

    private static String cut(String line) {
        return line.length() <= SHOWN ? line : line.substring(0, SHOWN) + "...";
    }
}
