package dev.flipside.cli.machine;

import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordingFile;

/**
 * Where the measured repetitions spend their time: samples of the running thread's stack, taken by Java's flight
 * recorder, in native calls as well as in Java.
 *
 * <p>A native call counts whole, with its threads' waiting for each other and with what it clears of memory.
 */
final class CallProfile implements AutoCloseable {
    /** The shortest that the recorder keeps to. */
    private static final Duration PERIOD = Duration.ofMillis(10);

    private static final String IN_NATIVE = "jdk.NativeMethodSample";
    private static final String IN_JAVA = "jdk.ExecutionSample";
    private static final String OURS = "dev.flipside.";

    /** Through which every part of a model reaches the libraries. */
    private static final Set<String> MEANS =
            Set.of("DenseProducts", "MatrixProduct", "PackedWeight", "RecentProducts", "Scopes", "Tensors");

    /** oneDNN's and torch's names for products of matrices. */
    private static final Pattern PRODUCT =
            Pattern.compile("dnnl_primitive_execute|\\w*mm(_out)?|matmul|linear|scaled_dot_product_attention");

    private static final Pattern LAMBDA = Pattern.compile("lambda\\$(\\w+)\\$\\d+");

    private final Recording recording;

    /** What a thread was in at one moment. */
    enum Kind {
        PRODUCT,
        OTHER_NATIVE,
        JAVA
    }

    /**
     * One sample.
     *
     * @param place the innermost class and method that is part of a model or a step, such as {@code AdamW.step}
     */
    record Sample(String place, Kind kind) {}

    /** @throws UserError where Java has no flight recorder */
    CallProfile() {
        if (ModuleLayer.boot().findModule("jdk.jfr").isEmpty()) {
            throw new UserError(
                    "--profile: this Java has no flight recorder (module jdk.jfr); use a whole Java 17 or later.");
        }
        recording = new Recording();
        recording.enable(IN_NATIVE).withPeriod(PERIOD);
        recording.enable(IN_JAVA).withPeriod(PERIOD);
    }

    void begin() {
        recording.start();
    }

    /** @param scratch where the recording may be written */
    List<Sample> end(Path scratch) throws IOException {
        recording.stop();
        Path file = scratch.resolve("profile.jfr");
        recording.dump(file);
        List<Sample> samples = new ArrayList<>();
        for (RecordedEvent event : RecordingFile.readAllEvents(file)) {
            String type = event.getEventType().getName();
            if (event.getStackTrace() != null && (type.equals(IN_NATIVE) || type.equals(IN_JAVA))) {
                sample(frames(event), type.equals(IN_NATIVE), samples);
            }
        }
        return samples;
    }

    /**
     * A frame of a stack.
     *
     * @param type the class's whole name
     */
    record Frame(String type, String method) {
        /** The outermost class's simple name. */
        String simpleType() {
            return type.substring(type.lastIndexOf('.') + 1).replaceAll("\\$.*", "");
        }
    }

    private static List<Frame> frames(RecordedEvent event) {
        List<Frame> frames = new ArrayList<>();
        for (RecordedFrame frame : event.getStackTrace().getFrames()) {
            if (frame.isJavaFrame()) {
                frames.add(new Frame(
                        frame.getMethod().getType().getName(), frame.getMethod().getName()));
            }
        }
        return frames;
    }

    /**
     * Adds what a stack says, if it is one of a measured repetition.
     *
     * @param frames innermost first
     */
    static void sample(List<Frame> frames, boolean inNative, List<Sample> into) {
        frames.stream()
                .filter(f -> f.type().startsWith(OURS) && !MEANS.contains(f.simpleType()))
                .findFirst()
                .ifPresent(f -> into.add(new Sample(
                        f.simpleType() + "." + LAMBDA.matcher(f.method()).replaceAll("$1"),
                        kind(frames.get(0), inNative))));
    }

    private static Kind kind(Frame innermost, boolean inNative) {
        if (!inNative) {
            return Kind.JAVA;
        }
        return PRODUCT.matcher(innermost.method()).matches() ? Kind.PRODUCT : Kind.OTHER_NATIVE;
    }

    @Override
    public void close() {
        recording.close();
    }
}
