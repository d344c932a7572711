package dev.flipside.model;

import dev.flipside.engine.Device;
import dev.flipside.engine.Tensors;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/**
 * Rows that run as one padded matrix, and where in it their completion tokens are predicted.
 *
 * @param rows row numbers in the caller's order
 * @param ids token ids of each
 * @param positions of every completion token, row after row: where in [B * T] the hidden state stands that predicts it
 * @param targets the completion tokens themselves
 */
record CompletionBatch(int[] rows, int[][] ids, long[] positions, long[] targets) {
    static List<CompletionBatch> split(List<TokenRow> all, int vocabSize) {
        List<int[]> ids = all.stream().map(TokenRow::ids).toList();
        Batches.requireInVocabulary(ids, vocabSize);
        return Batches.byLength(ids, Batches.TOKENS).stream()
                .map(batch -> of(all, batch))
                .toList();
    }

    private static CompletionBatch of(List<TokenRow> all, int[] numbers) {
        List<TokenRow> rows = IntStream.of(numbers).mapToObj(all::get).toList();
        int longest = rows.stream().mapToInt(r -> r.ids().length).max().orElse(0);
        int total = rows.stream().mapToInt(TokenRow::completionLength).sum();
        long[] positions = new long[total];
        long[] targets = new long[total];
        int n = 0;
        for (int b = 0; b < rows.size(); b++) {
            TokenRow row = rows.get(b);
            for (int t = row.promptLength(); t < row.ids().length; t++) {
                positions[n] = (long) b * longest + t - 1;
                targets[n++] = row.ids()[t];
            }
        }
        return new CompletionBatch(numbers, rows.stream().map(TokenRow::ids).toArray(int[][]::new), positions, targets);
    }

    Tensor padded(Device device) {
        return Tensors.padded(ids, device);
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
