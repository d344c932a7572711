package dev.flipside.reward;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.ObjectWriter;
import dev.flipside.config.UserError;
import dev.flipside.reward.RewardFunction.Sample;
import dev.flipside.run.Json;
import dev.flipside.text.Conversation;
import dev.flipside.text.Message;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Samples as programs elsewhere read them: the keyword arguments of a reward function of TRL as one JSON object, in
 * batches. All values are lists of one length: {@code prompts}, {@code completions}, {@code completion_ids}, our own
 * {@code finished}, and every column of the data, null where a row has none.
 *
 * @param size samples of a batch, at most
 * @param messages whether prompts and completions are lists of messages, as TRL has them for conversations; otherwise
 *     they are texts
 */
record RewardBatches(int size, boolean messages) {
    static final RewardOption<Integer> SIZE =
            RewardOption.of("batch_size", OptionType.WHOLE_NUMBER, 64, "Completions in one batch, at most.");
    static final RewardOption<Boolean> MESSAGES = RewardOption.of(
            "messages",
            OptionType.FLAG,
            false,
            "Send prompts and completions as lists of messages, as TRL does for conversations, instead of texts.");

    private static final Set<String> OWN = Set.of("prompts", "completions", "completion_ids", "finished");

    /** Whoever reads it need not know how it is encoded, nor where a line ends. */
    private static final ObjectWriter JSON = Json.MAPPER.writer().with(JsonWriteFeature.ESCAPE_NON_ASCII);

    static RewardBatches of(RewardOptions options) {
        int size = options.get(SIZE);
        options.require(size >= 1, "must be at least 1, not " + size, SIZE);
        return new RewardBatches(size, options.get(MESSAGES));
    }

    /**
     * Whether a row can be sent.
     *
     * @return true
     * @throws UserError where it cannot
     */
    boolean judges(String function, Conversation prompt, Map<String, Object> columns) {
        for (String name : columns.keySet()) {
            if (OWN.contains(name)) {
                throw new UserError("Reward function '" + function + "' sends what the policy wrote as '" + name
                        + "', so that a column of this name cannot be sent; give the column another name.");
            }
        }
        if (!messages && prompt.messages().size() > 1) {
            throw new UserError("Reward function '" + function + "' sends prompts as texts, but this one has "
                    + prompt.messages().size() + " messages; give the function the option messages: true.");
        }
        return true;
    }

    /** A batch: how many samples it has, and the JSON of one line. */
    record Batch(int samples, String json) {}

    List<Batch> of(List<Sample> samples) {
        Set<String> names = new TreeSet<>();
        samples.forEach(sample -> names.addAll(sample.columns().keySet()));
        List<Batch> batches = new ArrayList<>();
        for (int from = 0; from < samples.size(); from += size) {
            List<Sample> some = samples.subList(from, Math.min(samples.size(), from + size));
            batches.add(new Batch(some.size(), json(some, names)));
        }
        return batches;
    }

    private String json(List<Sample> samples, Set<String> names) {
        Map<String, List<Object>> arguments = new LinkedHashMap<>();
        for (Sample sample : samples) {
            put(
                    arguments,
                    "prompts",
                    messages
                            ? sample.prompt().messages()
                            : sample.prompt().last().content());
            put(
                    arguments,
                    "completions",
                    messages ? List.of(Message.assistant(sample.completion())) : sample.completion());
            put(arguments, "completion_ids", sample.completionIds());
            put(arguments, "finished", sample.finished());
            names.forEach(name -> put(arguments, name, sample.columns().get(name)));
        }
        try {
            return JSON.writeValueAsString(arguments);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("samples that are no JSON", e);
        }
    }

    private static void put(Map<String, List<Object>> arguments, String name, Object value) {
        arguments.computeIfAbsent(name, any -> new ArrayList<>()).add(value);
    }
}
