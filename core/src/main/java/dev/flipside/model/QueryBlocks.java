package dev.flipside.model;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Which queries of {@link PlannedAttention} meet which keys at a time, and under which mask.
 *
 * @param group G, query heads of a key head
 */
record QueryBlocks(int group) {
    /**
     * Tokens whose queries meet their keys in one product; a longer sequence spares most of what its causal mask would
     * hide.
     */
    private static final int TOKENS = 128;

    /**
     * Queries that look at the same keys.
     *
     * @param queries the block's, of queries [groups, KV, samples, tokens, G, headDim] or what is laid out like them:
     *     [n, M, headDim]
     * @param rows M
     */
    record Block(UnaryOperator<Tensor> queries, long rows, List<SoftmaxAttention.Source> sources) {
        Tensor of(Tensor q) {
            return queries.apply(q);
        }

        boolean inOneTable() {
            return SoftmaxAttention.inOneTable(
                    rows,
                    sources.stream().mapToLong(SoftmaxAttention.Source::slots).sum());
        }
    }

    /** Of whole rows or prefixes, one sequence a group. */
    List<Block> ofRows(SoftmaxAttention.Source itself) {
        return ofTokens(
                itself,
                (from, count) ->
                        q -> q.narrow(3, from, count).flatten(3, 4).squeeze(2).flatten(0, 1));
    }

    /**
     * Of continuations: all at once where their scores stand in one table.
     *
     * @param entries groups times key heads
     */
    List<Block> ofContinuations(int entries, SoftmaxAttention.Source prefix, SoftmaxAttention.Source itself) {
        int tokens = Math.toIntExact(itself.slots());
        long rows = (long) itself.split() * tokens * group;
        if (SoftmaxAttention.inOneTable(rows, prefix.slots() + tokens)) {
            return List.of(
                    new Block(q -> q.flatten(2, 4).flatten(0, 1), rows, List.of(prefix, itself.masked(mask(tokens)))));
        }
        List<Block> blocks = new ArrayList<>();
        for (int entry = 0; entry < entries; entry++) {
            blocks.addAll(ofSamples(entry, prefix.part(entry, 1), itself.part(entry, 1)));
        }
        return blocks;
    }

    /** Of one group's continuations by one key head: as many samples at a time as make a product large. */
    private List<Block> ofSamples(int entry, SoftmaxAttention.Source prefix, SoftmaxAttention.Source itself) {
        List<Block> blocks = new ArrayList<>();
        int most = Math.max(1, TOKENS / Math.toIntExact(itself.slots()));
        for (int from = 0; from < itself.split(); from += most) {
            int first = from;
            int samples = Math.min(most, itself.split() - from);
            UnaryOperator<Tensor> chosen =
                    x -> x.flatten(0, 1).narrow(0, entry, 1).narrow(1, first, samples);
            for (Block block : ofTokens(
                    itself.ofSamples(from, samples),
                    (at, count) -> q -> chosen.apply(q).narrow(2, at, count).flatten(1, 3))) {
                blocks.add(new Block(
                        block.queries,
                        block.rows,
                        Stream.concat(Stream.of(prefix), block.sources.stream()).toList()));
            }
        }
        return blocks;
    }

    /** The queries of some tokens, from the first of them and how many. */
    private interface Choice {
        UnaryOperator<Tensor> of(int from, int count);
    }

    /** A sequence's tokens in turn, each block with the keys up to its last token. */
    private List<Block> ofTokens(SoftmaxAttention.Source itself, Choice choice) {
        int tokens = Math.toIntExact(itself.slots());
        List<Block> blocks = new ArrayList<>();
        Map<Integer, Tensor> masks = new HashMap<>();
        for (int from = 0; from < tokens; from += TOKENS) {
            int count = Math.min(TOKENS, tokens - from);
            blocks.add(new Block(
                    choice.of(from, count),
                    (long) itself.split() * count * group,
                    List.of(itself.first(from + count).masked(masks.computeIfAbsent(count, this::mask)))));
        }
        return blocks;
    }

    /** Minus infinity where a key is later than the query, [tokens * G, tokens]. */
    private Tensor mask(int tokens) {
        Tensor hidden = torch.full(new long[] {tokens, tokens}, new Scalar(Double.NEGATIVE_INFINITY))
                .triu_(1);
        return hidden.unsqueeze(1).expand(tokens, group, tokens).reshape((long) tokens * group, tokens);
    }
}
