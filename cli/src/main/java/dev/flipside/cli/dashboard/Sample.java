package dev.flipside.cli.dashboard;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * A completion with the numbers that made its loss; NaN for what its kind does not have.
 *
 * @param trains {@code reward_model} or {@code policy}
 * @param anchor the reward model's value of the prompt
 * @param advantage over the anchor where the reward model is taught, else over the group
 * @param label positive, negative, ambiguous or unused (cut, or left out); empty where the policy is trained
 */
record Sample(
        long step,
        String trains,
        long group,
        String prompt,
        String completion,
        double reward,
        double anchor,
        double advantage,
        String label,
        double gold,
        String finishReason) {
    private static final int LONGEST_TEXT = 4_000;

    /** A line of {@code samples.jsonl}. */
    static Sample of(JsonNode line) {
        boolean teaches = line.path("trains").asText().equals("reward_model");
        return new Sample(
                line.path("step").asLong(),
                line.path("trains").asText(),
                line.path("group").asLong(),
                shortened(prompt(line)),
                shortened(line.path("completion").asText()),
                line.path(teaches ? "rm_reward" : "reward").asDouble(Double.NaN),
                line.path("rm_value").asDouble(Double.NaN),
                line.path(teaches ? "rm_advantage" : "advantage").asDouble(Double.NaN),
                teaches ? label(line) : "",
                line.path("gold").asDouble(Double.NaN),
                line.path("finish_reason").asText());
    }

    /** The last message of the prompt. */
    static String prompt(JsonNode line) {
        JsonNode messages = line.path("prompt");
        return messages.isArray()
                ? messages.path(messages.size() - 1).path("content").asText()
                : messages.asText();
    }

    private static String label(JsonNode line) {
        if (!line.path("usable").asBoolean(true)) {
            return "unused";
        }
        int label = line.path("label").asInt();
        return label > 0 ? "positive" : label < 0 ? "negative" : "ambiguous";
    }

    private static String shortened(String text) {
        return text.length() <= LONGEST_TEXT ? text : text.substring(0, LONGEST_TEXT) + " \u2026";
    }
}
