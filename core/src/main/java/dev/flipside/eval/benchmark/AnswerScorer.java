package dev.flipside.eval.benchmark;

import dev.flipside.config.UserError;
import dev.flipside.model.RewardReader;
import dev.flipside.model.ScoredRow;
import dev.flipside.text.Rendered;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;

/**
 * A reward model over a benchmark's answers.
 *
 * <p>Each answer is rendered with the model's own chat template, as its turn after the prompt, and the whole is encoded
 * at once, as the authors' codes do. All answers of a prompt stand in one batch, so that the prompt is computed once
 * for them, as far as its tokens are the same in all.
 *
 * <p>An item whose longest conversation has more tokens than {@code maxLength} loses the beginning of its prompt, as in
 * the authors' code of RewardBench, which truncates on the left; here all answers of an item lose the same tokens. An
 * item with an answer that leaves no token for the prompt is not scored.
 */
public final class AnswerScorer {
    /**
     * Characters of the texts of one call of the model: some tens of batches, which sort their rows by length, and a
     * sign of life every few seconds.
     */
    private static final long CHUNK = 200_000;

    private final RewardReader reader;
    private final int maxLength;
    private final boolean sharedPrompts;
    private long rowsEndingInPadding;

    /**
     * @param maxLength the most tokens of a conversation
     * @param sharedPrompts whether a prompt is computed once for all its answers; off, every answer is computed whole,
     *     for measuring
     */
    public AnswerScorer(RewardReader reader, int maxLength, boolean sharedPrompts) {
        this.reader = reader;
        this.maxLength = maxLength;
        this.sharedPrompts = sharedPrompts;
    }

    /** An item's rows, ready for the model; none when it cannot be scored. */
    private record Prepared(int index, List<ScoredRow> rows, int truncated, List<AnswerPair> alike) {}

    /**
     * Scores all items, the longest first.
     *
     * @param log knows what was scored before, and is told what is scored now
     * @param answersDone is told how many answers are done
     * @return in the order of {@code items}
     * @throws UserError when an item cannot be rendered or the model's score is not finite
     */
    public List<ScoredItem> score(List<BenchmarkItem> items, ScoreLog log, LongConsumer answersDone) {
        ScoredItem[] scored = new ScoredItem[items.size()];
        long done = 0;
        for (List<Integer> chunk : chunks(items)) {
            List<Prepared> prepared =
                    chunk.stream().map(i -> prepare(i, items.get(i))).toList();
            rowsEndingInPadding += prepared.stream()
                    .mapToLong(p -> reader.model().rowsEndingInPadding(p.rows()))
                    .sum();
            Optional<List<ScoredItem>> before = log.find(chunk, items);
            List<ScoredItem> now = before.orElseGet(() -> score(items, prepared));
            for (int i = 0; i < chunk.size(); i++) {
                scored[chunk.get(i)] = now.get(i);
                if (before.isEmpty()) {
                    log.append(chunk.get(i), now.get(i));
                }
                done += items.get(chunk.get(i)).answers().size();
            }
            answersDone.accept(done);
        }
        return List.of(scored);
    }

    /** In the order of {@code prepared}, by one call of the model; answers of the same tokens are ties. */
    private List<ScoredItem> score(List<BenchmarkItem> items, List<Prepared> prepared) {
        double[] rewards =
                reader.rewards(prepared.stream().flatMap(p -> p.rows().stream()).toList());
        List<ScoredItem> scored = new ArrayList<>();
        int from = 0;
        for (Prepared p : prepared) {
            BenchmarkItem item = items.get(p.index());
            double[] own = Arrays.copyOfRange(rewards, from, from + p.rows().size());
            requireFinite(item, own);
            scored.add(ScoredItem.of(item, Arrays.stream(own).boxed().toList(), p.truncated(), p.alike()));
            from += own.length;
        }
        return scored;
    }

    /** Answers so far whose reward is read before their last token, because that is the model's padding token. */
    public long rowsEndingInPadding() {
        return rowsEndingInPadding;
    }

    /** Items in parts of bounded size; items with the same prompt stand together. */
    private static List<List<Integer>> chunks(List<BenchmarkItem> items) {
        Map<Object, List<Integer>> byPrompt = new LinkedHashMap<>();
        IntStream.range(0, items.size())
                .forEach(i -> byPrompt.computeIfAbsent(items.get(i).prompt(), p -> new ArrayList<>())
                        .add(i));
        List<Integer> order = byPrompt.values().stream()
                .sorted(Comparator.comparingLong(group -> -longest(items, group)))
                .flatMap(List::stream)
                .toList();
        List<List<Integer>> chunks = new ArrayList<>();
        List<Integer> chunk = new ArrayList<>();
        long held = 0;
        for (int i : order) {
            long more = characters(items.get(i));
            if (!chunk.isEmpty() && held + more > CHUNK) {
                chunks.add(chunk);
                chunk = new ArrayList<>();
                held = 0;
            }
            chunk.add(i);
            held += more;
        }
        if (!chunk.isEmpty()) {
            chunks.add(chunk);
        }
        return chunks;
    }

    private static long longest(List<BenchmarkItem> items, List<Integer> group) {
        return group.stream()
                .mapToLong(i -> prompt(items.get(i))
                        + items.get(i).answers().stream()
                                .mapToInt(String::length)
                                .max()
                                .orElse(0))
                .max()
                .orElse(0);
    }

    private static long characters(BenchmarkItem item) {
        return item.answers().stream().mapToLong(a -> prompt(item) + a.length()).sum();
    }

    private static long prompt(BenchmarkItem item) {
        return item.prompt().messages().stream()
                .mapToLong(message -> message.content().length())
                .sum();
    }

    private Prepared prepare(int index, BenchmarkItem item) {
        List<Rendered> rendered = new ArrayList<>();
        for (String answer : item.answers()) {
            try {
                rendered.add(reader.read(item.prompt(), answer, true));
            } catch (UserError e) {
                throw new UserError("item " + item.id() + " (" + item.subset() + "): " + e.getMessage(), e);
            }
        }
        List<ScoredRow> whole = rendered.stream().map(ScoredRow::of).toList();
        int prompt = whole.stream().mapToInt(ScoredRow::promptLength).min().orElseThrow();
        int longest = whole.stream().mapToInt(ScoredRow::longest).max().orElseThrow();
        int truncated = Math.max(0, longest - maxLength);
        if (truncated > 0 && truncated >= prompt) {
            return new Prepared(index, List.of(), 0, List.of());
        }
        List<ScoredRow> rows = whole.stream()
                .map(r -> r.withoutFirst(truncated))
                .map(r -> sharedPrompts ? r : new ScoredRow(r.ids(), 0))
                .toList();
        List<AnswerPair> alike = item.comparisons().stream()
                .filter(pair -> Arrays.equals(
                        rows.get(pair.better()).ids(), rows.get(pair.worse()).ids()))
                .toList();
        return new Prepared(index, rows, truncated, alike);
    }

    private static void requireFinite(BenchmarkItem item, double[] rewards) {
        for (double reward : rewards) {
            if (!Double.isFinite(reward)) {
                throw new UserError("item " + item.id() + " (" + item.subset() + "): its score is " + reward
                        + "; the model's weights are damaged.");
            }
        }
    }
}
