package dev.flipside.gguf;

import dev.flipside.config.UserError;
import dev.flipside.safetensors.WeightSource;
import dev.flipside.safetensors.WeightType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.function.LongUnaryOperator;
import java.util.stream.Collectors;

/**
 * Numbers of transformers' tensors, read from GGUF, laid out as transformers has them and converted to the type that is
 * written, a bounded part at a time.
 */
final class DequantisedWeights implements WeightSource, AutoCloseable {
    /** Numbers at a time, a multiple of every block. */
    private static final int CHUNK = 1 << 20;

    /** The most numbers of a tensor that must lie in memory to be transposed; GPT-2's largest has 10 million. */
    private static final int MOST_TRANSPOSED = 1 << 25;

    private final Map<String, HuggingFaceTensor> tensors;
    private final Hyperparameters sizes;
    private final WeightType type;
    private final LongConsumer progress;
    private final ByteBuffer encoded;
    private float[] numbers = new float[CHUNK];
    private long written;
    private TensorReader reader;

    /** @param progress is told how many bytes have been written so far */
    DequantisedWeights(List<HuggingFaceTensor> tensors, Hyperparameters sizes, WeightType type, LongConsumer progress) {
        this.tensors = tensors.stream().collect(Collectors.toMap(HuggingFaceTensor::name, Function.identity()));
        this.sizes = sizes;
        this.type = type;
        this.progress = progress;
        this.encoded = ByteBuffer.allocate(CHUNK * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        this.reader = new TensorReader(sizes.model().file());
    }

    @Override
    public void write(String name, WritableByteChannel to) throws IOException {
        HuggingFaceTensor tensor = tensors.get(name);
        if (!reader.file().equals(tensor.source().file())) {
            reader.close();
            reader = new TensorReader(tensor.source().file());
        }
        switch (tensor.layout()) {
            case AS_STORED, STACKED -> writeInOrder(tensor, 0, to);
            case LESS_ONE -> writeInOrder(tensor, -1, to);
            case ROTARY -> writeRows(tensor, rotaryRow(sizes.headSize()), to);
            case HEAD_BY_HEAD -> writeRows(tensor, headByHeadRow(sizes.heads(), sizes.headSize()), to);
            case TRANSPOSED -> writeTransposed(tensor, to);
        }
        flush(to);
    }

    /** The row of GGUF that is row r of transformers: number i of half j of a head is the pair's j-th in GGUF. */
    static LongUnaryOperator rotaryRow(int headSize) {
        int half = headSize / 2;
        return row -> {
            long head = row / headSize;
            long inHead = row % headSize;
            return head * headSize + 2 * (inHead % half) + inHead / half;
        };
    }

    /**
     * The row of GGUF (queries of all heads, keys of all, values of all) that is row r of transformers (query, key and
     * value of each head).
     */
    static LongUnaryOperator headByHeadRow(int heads, int headSize) {
        return row -> {
            long head = row / (3L * headSize);
            long which = row / headSize % 3;
            return (which * heads + head) * headSize + row % headSize;
        };
    }

    private void writeInOrder(HuggingFaceTensor tensor, float shift, WritableByteChannel to) throws IOException {
        long first = tensor.index() * tensor.elements();
        for (long at = 0; at < tensor.elements(); at += CHUNK) {
            int count = (int) Math.min(CHUNK, tensor.elements() - at);
            reader.read(tensor.source(), first + at, count, numbers);
            for (int i = 0; i < count && shift != 0; i++) {
                numbers[i] += shift;
            }
            encode(tensor, numbers, count, to);
        }
    }

    private void writeRows(HuggingFaceTensor tensor, LongUnaryOperator sourceRow, WritableByteChannel to)
            throws IOException {
        long rows = tensor.shape().get(0);
        int columns = checked(tensor, tensor.elements() / rows, CHUNK);
        for (long row = 0; row < rows; row++) {
            reader.read(tensor.source(), sourceRow.applyAsLong(row) * columns, columns, numbers);
            encode(tensor, numbers, columns, to);
        }
    }

    private void writeTransposed(HuggingFaceTensor tensor, WritableByteChannel to) throws IOException {
        int all = checked(tensor, tensor.elements(), MOST_TRANSPOSED);
        int columns = Math.toIntExact(tensor.source().columns());
        int rows = checked(tensor, all / columns, CHUNK);
        float[] whole = new float[all];
        reader.read(tensor.source(), 0, all, whole);
        float[] column = new float[rows];
        for (int c = 0; c < columns; c++) {
            for (int r = 0; r < rows; r++) {
                column[r] = whole[r * columns + c];
            }
            encode(tensor, column, rows, to);
        }
    }

    private static int checked(HuggingFaceTensor tensor, long count, int most) {
        GgufTensor source = tensor.source();
        // Rows of matrices are whole blocks; those of a bias are single numbers, which no converter quantises.
        boolean parted = source.shape().size() == 1 && count < source.elements();
        if (count > most || (parted && source.type().blockElements() > 1)) {
            throw new UserError(
                    source.file() + ": the tensor " + source.name() + " of type " + source.type() + " and shape "
                            + source.shape() + " cannot be put in transformers' order; no model has such a one.");
        }
        return (int) count;
    }

    private void encode(HuggingFaceTensor tensor, float[] from, int count, WritableByteChannel to) throws IOException {
        if (encoded.remaining() < (long) count * type.bytes()) {
            flush(to);
        }
        for (int i = 0; i < count; i++) {
            int bits = Float.floatToRawIntBits(from[i]);
            switch (type) {
                case F32 -> encoded.putInt(bits);
                // Rounded to nearest, ties to even.
                case BF16 -> encoded.putShort((short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16));
                case F16 -> {
                    requireHalf(tensor, from[i]);
                    encoded.putShort(Half.ofFloat(from[i]));
                }
            }
        }
    }

    private static void requireHalf(HuggingFaceTensor tensor, float value) {
        if (Math.abs(value) >= Half.OVERFLOW) {
            throw new UserError(
                    tensor.source().file() + ": the tensor " + tensor.source().name() + " holds " + value
                            + ", which float16 cannot hold; import with --dtype bfloat16 or float32.");
        }
    }

    private void flush(WritableByteChannel to) throws IOException {
        encoded.flip();
        written += encoded.remaining();
        while (encoded.hasRemaining()) {
            to.write(encoded);
        }
        encoded.clear();
        progress.accept(written);
    }

    @Override
    public void close() {
        reader.close();
    }
}
