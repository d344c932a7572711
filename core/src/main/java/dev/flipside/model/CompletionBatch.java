package dev.flipside.model;

import dev.flipside.engine.Device;
import dev.flipside.engine.Tensors;
import dev.flipside.model.family.DecoderConfig;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * Rows that go through the decoder together, and where their completion tokens are predicted.
 *
 * @param rows row numbers in the caller's order
 * @param layout where their tokens stand; the last token of a row predicts nothing and is left out
 * @param positions of every completion token, row after row: where in the layout the hidden state stands that predicts
 *     it; rows of one prompt share the position that predicts their first token
 * @param targets the completion tokens themselves
 */
record CompletionBatch(int[] rows, RowLayout layout, long[] positions, long[] targets) {
    /** @param tokens most of a batch, see {@link RowBatch#split} */
    static List<CompletionBatch> split(List<TokenRow> all, DecoderConfig config, int tokens) {
        List<int[]> inputs = all.stream()
                .map(row -> Arrays.copyOf(row.ids(), Math.max(row.promptLength(), row.ids().length - 1)))
                .toList();
        Batches.requireFitting(all.stream().map(TokenRow::ids).toList(), config);
        int[] prompts = all.stream().mapToInt(TokenRow::promptLength).toArray();
        int[] texts = all.stream().mapToInt(row -> row.ids().length).toArray();
        return RowBatch.split(inputs, prompts, tokens, texts, config).stream()
                .map(batch -> of(all, batch))
                .toList();
    }

    private static CompletionBatch of(List<TokenRow> all, RowBatch batch) {
        int total = Arrays.stream(batch.rows())
                .map(r -> all.get(r).completionLength())
                .sum();
        long[] positions = new long[total];
        long[] targets = new long[total];
        int n = 0;
        for (int b = 0; b < batch.rows().length; b++) {
            TokenRow row = all.get(batch.rows()[b]);
            for (int t = row.promptLength(); t < row.ids().length; t++) {
                positions[n] = batch.layout().place(b, t - 1);
                targets[n++] = row.ids()[t];
            }
        }
        return new CompletionBatch(batch.rows(), batch.layout(), positions, targets);
    }

    /** The hidden states [N, D] that predict the completion tokens. */
    Tensor predicting(Tensor hidden, Device device) {
        return hidden.detach()
                .view(-1, hidden.size(-1))
                .index_select(0, Tensors.ofLongs(positions, device, positions.length));
    }

    /** From one number per completion token, row after row, to the caller's rows. */
    void scatter(float[] values, double[][] into) {
        int n = 0;
        for (int row : rows) {
            for (int t = 0; t < into[row].length; t++) {
                into[row][t] = values[n++];
            }
        }
    }

    /** The reverse of {@link #scatter}. */
    float[] gather(double[][] from) {
        float[] values = new float[targets.length];
        int n = 0;
        for (int row : rows) {
            for (double value : from[row]) {
                values[n++] = (float) value;
            }
        }
        return values;
    }
}
