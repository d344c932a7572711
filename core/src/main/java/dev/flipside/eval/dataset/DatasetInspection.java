package dev.flipside.eval.dataset;

import dev.flipside.config.UserError;
import dev.flipside.data.Example;
import dev.flipside.data.Row;
import dev.flipside.text.Conversation;
import dev.flipside.text.Message;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Looks at a data file row by row and keeps numbers and fingerprints only, a few hundred bytes for each row, never its
 * texts (but for the examples to be shown).
 */
public final class DatasetInspection {
    private static final int REFUSALS = 5;
    private static final Set<String> USUAL_ROLES = Set.of(Message.SYSTEM, Message.USER, Message.ASSISTANT);

    private final Optional<TokenCount> tokens;
    private final List<PromptOverlap> overlaps;
    private final int shown;
    private final Map<String, Integer> columns = new LinkedHashMap<>();
    private final Map<String, Integer> shapes = new LinkedHashMap<>();
    private final List<String> refusals = new ArrayList<>();
    private final List<Example> examples = new ArrayList<>();
    private final Repetitions prompts = new Repetitions();
    private final Set<Long> systems = new HashSet<>();
    private final Lengths characters = new Lengths();
    private final PairCount pairs = new PairCount();
    private int rows;
    private int refused;
    private int multiTurn;
    private int mostMessages;
    private int withSystem;
    private int otherRoles;
    private int empty;

    /** @param shown how many examples to keep */
    public DatasetInspection(Optional<TokenCount> tokens, List<PromptOverlap> overlaps, int shown) {
        this.tokens = tokens;
        this.overlaps = List.copyOf(overlaps);
        this.shown = shown;
    }

    /** Counts a row; one that no shape fits is counted too. */
    public void add(Row row) {
        rows++;
        row.names().forEach(name -> columns.merge(name, 1, Integer::sum));
        Example example;
        try {
            example = Example.read(row);
        } catch (UserError e) {
            refused++;
            if (refusals.size() < REFUSALS) {
                refusals.add(e.getMessage());
            }
            return;
        }
        shapes.merge(example.shape(), 1, Integer::sum);
        if (examples.size() < shown) {
            examples.add(example);
        }
        if (example instanceof Example.Pair pair) {
            pairs.add(pair);
            addPrompt(row.where(), pair.chosenPrompt());
        } else if (example instanceof Example.Prompt prompt) {
            addPrompt(row.where(), prompt.prompt());
        }
        tokens.ifPresent(count -> count.add(row.where(), example));
    }

    private void addPrompt(String where, Conversation prompt) {
        List<Message> messages = prompt.messages();
        characters.add(messages.stream().mapToInt(m -> m.content().length()).sum());
        multiTurn +=
                messages.stream().filter(m -> m.role().equals(Message.USER)).count() > 1 ? 1 : 0;
        mostMessages = Math.max(mostMessages, messages.size());
        if (messages.get(0).role().equals(Message.SYSTEM)) {
            withSystem++;
            systems.add(Fingerprint.of(List.of(messages.get(0).content())));
        }
        otherRoles += messages.stream().allMatch(m -> USUAL_ROLES.contains(m.role())) ? 0 : 1;
        empty += prompt.last().content().isBlank() ? 1 : 0;
        prompts.add(Fingerprint.parts(prompt));
        overlaps.forEach(overlap -> overlap.add(where, prompt));
    }

    public DatasetReport report() {
        return new DatasetReport(
                rows,
                columns,
                shapes,
                refused,
                List.copyOf(refusals),
                new PromptFigures(
                        characters.spread(),
                        multiTurn,
                        mostMessages,
                        withSystem,
                        systems.size(),
                        otherRoles,
                        empty,
                        prompts.exact(),
                        prompts.normalised()),
                pairs.result(),
                tokens.map(TokenCount::result),
                overlaps.stream().map(PromptOverlap::result).toList(),
                List.copyOf(examples));
    }
}
