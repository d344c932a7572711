package dev.flipside.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsTest {
    /** The two records as TensorBoard 2.21's own RecordWriter writes them (wall_time 1.5; then 2.25 with step 7). */
    private static final String FILE_VERSION_RECORD =
            "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c";

    private static final String SCALARS_RECORD =
            "33000000000000000ca7205609000000000000024010072a260a0d0a06726577617264150000003f"
                    + "0a150a0e736176652f6b6570745f66726163150000c07f1e004379";

    @TempDir
    Path folder;

    @Test
    void recordsAreTensorBoardsByteForByte() throws IOException {
        Path file = folder.resolve("events");
        EventFile.open(file, at(1500)).close();
        assertThat(HexFormat.of().formatHex(Files.readAllBytes(file))).isEqualTo(FILE_VERSION_RECORD);

        try (EventFile events = EventFile.open(file, at(2250))) {
            events.scalars(7, values(0.5, Double.NaN));
        }
        assertThat(HexFormat.of().formatHex(Files.readAllBytes(file))).isEqualTo(FILE_VERSION_RECORD + SCALARS_RECORD);
    }

    @Test
    void theMaskedCrcIsTensorFlows() {
        // CRC-32C of "123456789" is e3069283 (its check value), which TensorFlow's mask turns into c78ab0e5.
        assertThat(EventFile.maskedCrc("123456789".getBytes(StandardCharsets.US_ASCII)))
                .isEqualTo(0xc78ab0e5);
    }

    @Test
    void everyScalarCanBeReadBack() throws IOException {
        try (Metrics metrics = Metrics.open(folder, Clock.systemUTC(), true, Map.of())) {
            for (int step = 0; step < 50; step++) {
                metrics.log(step, values(step * 0.25, -step));
            }
        }
        List<String> expected = new ArrayList<>(List.of("version brain.Event:2"));
        for (int step = 0; step < 50; step++) {
            expected.add(step + " reward=" + step * 0.25f + " save/kept_frac=" + (float) -step);
        }
        assertThat(readEvents(folder.resolve(Metrics.EVENTS))).isEqualTo(expected);
    }

    @Test
    void aLineHoldsStepAndValuesInOrderAndNullForWhatJsonCannotSay() throws IOException {
        try (Metrics metrics = Metrics.open(folder, Clock.systemUTC(), true, Map.of())) {
            metrics.log(3, values(0.1, Double.NaN));
            metrics.log(4, values(Double.NEGATIVE_INFINITY, 1e-300));
        }
        assertThat(Files.readString(folder.resolve("metrics.jsonl")))
                .isEqualTo(
                        """
                        {"step":3,"reward":0.1,"save/kept_frac":null}
                        {"step":4,"reward":null,"save/kept_frac":1.0E-300}
                        """);
    }

    @Test
    void aMetricCannotTakeTheStepsName() throws IOException {
        try (Metrics metrics = Metrics.open(folder, Clock.systemUTC(), true, Map.of())) {
            assertThatThrownBy(() -> metrics.log(0, Map.of("step", 1.0))).isInstanceOf(IllegalArgumentException.class);
            assertThat(metrics.positions()).containsEntry("metrics.jsonl", 0L);
        }
    }

    @Test
    void cutBackAndWrittenAgainTheFilesAreTheSame() throws IOException {
        Path undisturbed = folder.resolve("undisturbed");
        Path resumed = folder.resolve("resumed");
        logSteps(undisturbed, 0, 6, Map.of());
        Map<String, Long> positions = logSteps(resumed, 0, 3, Map.of());
        logSteps(resumed, 3, 5, positions);
        // A line that a killed process did not finish.
        Files.writeString(
                resumed.resolve("metrics.jsonl"), "{\"step\":5,\"rew", java.nio.file.StandardOpenOption.APPEND);
        logSteps(resumed, 3, 6, positions);

        for (String file : List.of(Metrics.LINES, Metrics.EVENTS)) {
            assertThat(resumed.resolve(file)).hasSameBinaryContentAs(undisturbed.resolve(file));
        }
        // Back to nothing, for a run that has no checkpoint: the event file gets its version record again.
        logSteps(resumed, 0, 6, Map.of());
        assertThat(resumed.resolve(Metrics.EVENTS)).hasSameBinaryContentAs(undisturbed.resolve(Metrics.EVENTS));
    }

    /** Only what people read has wall times: nothing else depends on a clock that goes back. */
    @Test
    void aClockThatIsSetBackChangesNoLine() throws IOException {
        Path steady = folder.resolve("steady");
        Path back = folder.resolve("back");
        logSteps(steady, 0, 6, Map.of());
        try (Metrics metrics = Metrics.open(back, at(9_000_000), true, Map.of())) {
            metrics.log(0, values(1, 0));
        }
        logSteps(back, 0, 1, Map.of());
        Map<String, Long> position = Map.of(Metrics.LINES, Files.size(back.resolve(Metrics.LINES)));
        try (Metrics metrics = Metrics.open(back, at(10), true, position)) {
            for (int step = 1; step < 6; step++) {
                metrics.log(step, values(1.0 / (step + 1), step));
            }
        }
        assertThat(back.resolve(Metrics.LINES)).hasSameBinaryContentAs(steady.resolve(Metrics.LINES));
        assertThat(Files.size(back.resolve(Metrics.EVENTS))).isEqualTo(Files.size(steady.resolve(Metrics.EVENTS)));
    }

    @Test
    void whatTensorBoardLostIsMadeAgainFromTheLines() throws IOException {
        Path undisturbed = folder.resolve("undisturbed");
        Path resumed = folder.resolve("resumed");
        logSteps(undisturbed, 0, 6, Map.of());
        Map<String, Long> positions = logSteps(resumed, 0, 3, Map.of());
        Files.delete(resumed.resolve(Metrics.EVENTS));
        Files.delete(resumed.resolve(Metrics.EVENTS).getParent());
        logSteps(resumed, 3, 6, positions);
        assertThat(resumed.resolve(Metrics.EVENTS)).hasSameBinaryContentAs(undisturbed.resolve(Metrics.EVENTS));

        // A run that was begun without them.
        logSteps(resumed, 3, 6, Map.of(Metrics.LINES, positions.get(Metrics.LINES)));
        assertThat(resumed.resolve(Metrics.EVENTS)).hasSameBinaryContentAs(undisturbed.resolve(Metrics.EVENTS));
    }

    private static Map<String, Long> logSteps(Path folder, int from, int to, Map<String, Long> positions)
            throws IOException {
        try (Metrics metrics = Metrics.open(folder, at(1500), true, positions)) {
            for (int step = from; step < to; step++) {
                metrics.log(step, values(1.0 / (step + 1), step));
            }
            return metrics.positions();
        }
    }

    private static Map<String, Double> values(double reward, double kept) {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("reward", reward);
        values.put("save/kept_frac", kept);
        return values;
    }

    private static Clock at(long millis) {
        return Clock.fixed(Instant.ofEpochMilli(millis), ZoneOffset.UTC);
    }

    /** Reads the records back, checking both CRCs of each. */
    private static List<String> readEvents(Path file) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        List<String> events = new ArrayList<>();
        while (bytes.hasRemaining()) {
            byte[] length = take(bytes, 8);
            assertThat(bytes.getInt()).isEqualTo(EventFile.maskedCrc(length));
            byte[] data = take(bytes, (int)
                    ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong());
            assertThat(bytes.getInt()).isEqualTo(EventFile.maskedCrc(data));
            events.add(event(CodedInputStream.newInstance(data)));
        }
        return events;
    }

    private static byte[] take(ByteBuffer bytes, int count) {
        byte[] taken = new byte[count];
        bytes.get(taken);
        return taken;
    }

    private static String event(CodedInputStream in) throws IOException {
        StringBuilder text = new StringBuilder();
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (WireFormat.getTagFieldNumber(tag)) {
                case 1 -> assertThat(in.readDouble()).isGreaterThan(1.5e9);
                case 2 -> text.append(in.readInt64());
                case 3 -> text.append("version ").append(in.readString());
                default -> text.append(summary(CodedInputStream.newInstance(in.readByteArray())));
            }
        }
        return text.toString();
    }

    private static String summary(CodedInputStream in) throws IOException {
        StringBuilder text = new StringBuilder();
        while (in.readTag() != 0) {
            CodedInputStream value = CodedInputStream.newInstance(in.readByteArray());
            assertThat(WireFormat.getTagFieldNumber(value.readTag())).isEqualTo(1);
            text.append(' ').append(value.readString()).append('=');
            assertThat(WireFormat.getTagFieldNumber(value.readTag())).isEqualTo(2);
            text.append(value.readFloat());
        }
        return text.toString();
    }
}
