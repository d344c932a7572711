package dev.flipside.run;

import com.google.protobuf.CodedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * A TensorBoard event file with scalars only.
 *
 * <p>Each record is length (uint64, little-endian), masked CRC of the length, data, masked CRC of the data; the data is
 * a {@code tensorflow.Event} message. Formats: tensorflow/core/lib/io/record_writer.h and
 * tensorflow/core/util/event.proto.
 */
final class EventFile implements AutoCloseable {
    private static final int CRC_MASK_DELTA = 0xa282ead8;

    private static final int EVENT_WALL_TIME = 1;
    private static final int EVENT_STEP = 2;
    private static final int EVENT_FILE_VERSION = 3;
    private static final int EVENT_SUMMARY = 5;
    private static final int SUMMARY_VALUE = 1;
    private static final int VALUE_TAG = 1;
    private static final int VALUE_SIMPLE_VALUE = 2;

    private final AppendFile file;
    private final Clock clock;

    private EventFile(AppendFile file, Clock clock) {
        this.file = file;
        this.clock = clock;
    }

    static EventFile open(Path path, Clock clock) {
        EventFile events = new EventFile(AppendFile.open(path), clock);
        events.beginIfEmpty();
        return events;
    }

    /** One event with every value, each as float32 ({@code simple_value}). */
    void scalars(long step, Map<String, Double> values) {
        byte[] summary = message(out -> {
            for (Map.Entry<String, Double> value : values.entrySet()) {
                out.writeByteArray(SUMMARY_VALUE, message(scalar -> {
                    scalar.writeString(VALUE_TAG, value.getKey());
                    scalar.writeFloat(VALUE_SIMPLE_VALUE, value.getValue().floatValue());
                }));
            }
        });
        file.append(record(message(out -> {
            out.writeDouble(EVENT_WALL_TIME, seconds());
            out.writeInt64(EVENT_STEP, step);
            out.writeByteArray(EVENT_SUMMARY, summary);
        })));
    }

    long position() {
        return file.position();
    }

    void truncateTo(long position) {
        file.truncateTo(position);
        beginIfEmpty();
    }

    void sync() {
        file.sync();
    }

    @Override
    public void close() {
        file.close();
    }

    /** The framing of one record around {@code data}. */
    static byte[] record(byte[] data) {
        byte[] length = ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(data.length)
                .array();
        return ByteBuffer.allocate(Long.BYTES + Integer.BYTES + data.length + Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(length)
                .putInt(maskedCrc(length))
                .put(data)
                .putInt(maskedCrc(data))
                .array();
    }

    /** CRC-32C, rotated and shifted so that the CRC of data that holds CRCs stays a good one. */
    static int maskedCrc(byte[] data) {
        CRC32C crc = new CRC32C();
        crc.update(data);
        return Integer.rotateRight((int) crc.getValue(), 15) + CRC_MASK_DELTA;
    }

    private void beginIfEmpty() {
        if (file.position() == 0) {
            file.append(record(message(out -> {
                out.writeDouble(EVENT_WALL_TIME, seconds());
                out.writeString(EVENT_FILE_VERSION, "brain.Event:2");
            })));
        }
    }

    private double seconds() {
        Instant now = clock.instant();
        return now.getEpochSecond() + now.getNano() * 1e-9;
    }

    @FunctionalInterface
    private interface Fields {
        void write(CodedOutputStream out) throws IOException;
    }

    private static byte[] message(Fields fields) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        try {
            fields.write(out);
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("a stream in memory failed", e);
        }
        return bytes.toByteArray();
    }
}
