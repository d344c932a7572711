package dev.flipside.model;

import dev.flipside.model.family.DecoderConfig;
import java.util.List;
import java.util.OptionalInt;

/**
 * Rows of a reward model's pass that go through the decoder together.
 *
 * @param rows row numbers in the caller's order
 * @param layout where their tokens stand
 * @param rewardPositions where in the layout rewards are read
 * @param valuePositions where values are read; 0 for rows without a known prompt
 * @param hasPrompt which rows have a value
 */
record RewardBatch(int[] rows, RowLayout layout, long[] rewardPositions, long[] valuePositions, boolean[] hasPrompt) {
    static List<RewardBatch> split(PromptValues all, OptionalInt padId, DecoderConfig config, int tokens) {
        List<int[]> ids = all.rows().stream().map(ScoredRow::ids).toList();
        Batches.requireFitting(ids, config);
        int[] texts = ids.stream().mapToInt(row -> row.length).toArray();
        return RowBatch.split(ids, all.sharedLengths(), tokens, texts, config).stream()
                .map(batch -> of(all.rows(), batch, padId))
                .toList();
    }

    private static RewardBatch of(List<ScoredRow> all, RowBatch rows, OptionalInt padId) {
        int n = rows.rows().length;
        RewardBatch batch = new RewardBatch(rows.rows(), rows.layout(), new long[n], new long[n], new boolean[n]);
        for (int b = 0; b < n; b++) {
            ScoredRow row = all.get(rows.rows()[b]);
            batch.rewardPositions[b] = rows.layout().place(b, ScoredPosition.of(row.ids(), padId));
            batch.hasPrompt[b] = row.promptLength() > 0;
            batch.valuePositions[b] = batch.hasPrompt[b] ? rows.layout().place(b, row.promptLength() - 1) : 0;
        }
        return batch;
    }
}
