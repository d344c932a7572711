package dev.flipside.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.TestResources;
import dev.flipside.engine.Device;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import dev.flipside.safetensors.SafeTensors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.DoubleUnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;

/**
 * The model directories and numbers that {@code goldens/make_goldens.py} wrote with transformers, and edited copies of
 * them.
 */
public final class GoldenFixtures {
    public static final ObjectMapper JSON = new ObjectMapper();

    private GoldenFixtures() {}

    /** A Hugging Face directory of the fixtures. */
    public static Path directory(String name) {
        return TestResources.path("goldens/" + name);
    }

    /** The numbers of a fixture or of a real model. */
    static JsonNode numbers(String name) {
        return TestResources.json("goldens/" + name + ".json");
    }

    static List<TokenRow> rows(JsonNode numbers) {
        List<TokenRow> rows = new ArrayList<>();
        numbers.get("rows")
                .forEach(row -> rows.add(new TokenRow(
                        ints(row.get("ids")), row.get("prompt_length").intValue())));
        return rows;
    }

    /** The texts of a reward fixture, of which a third counts as the prompt. */
    static List<ScoredRow> scoredRows(JsonNode numbers) {
        List<ScoredRow> rows = new ArrayList<>();
        for (JsonNode row : numbers.get("rewards")) {
            int[] ids = ints(row.get("ids"));
            rows.add(new ScoredRow(ids, 1 + ids.length / 3));
        }
        return rows;
    }

    /** {@code what} ("logprobs" or "entropies") of every row at a temperature. */
    static double[][] perToken(JsonNode numbers, String what, double temperature) {
        List<double[]> all = new ArrayList<>();
        numbers.get("rows").forEach(row -> all.add(doubles(row.get(what).get(String.valueOf(temperature)))));
        return all.toArray(double[][]::new);
    }

    static int[] ints(JsonNode array) {
        return JSON.convertValue(array, int[].class);
    }

    static double[] doubles(JsonNode array) {
        return JSON.convertValue(array, double[].class);
    }

    static double largestGap(double[][] found, double[][] wanted) {
        if (found.length != wanted.length) {
            throw new AssertionError(found.length + " rows, wanted " + wanted.length);
        }
        double gap = 0;
        for (int i = 0; i < found.length; i++) {
            gap = Math.max(gap, largestGap(found[i], wanted[i]));
        }
        return gap;
    }

    /** The largest difference; infinite if one of the numbers is not finite. */
    static double largestGap(double[] found, double[] wanted) {
        if (found.length != wanted.length) {
            throw new AssertionError(found.length + " numbers, wanted " + wanted.length);
        }
        double gap = 0;
        for (int i = 0; i < found.length; i++) {
            double difference = Math.abs(found[i] - wanted[i]);
            gap = Math.max(gap, Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference);
        }
        return gap;
    }

    /** The largest difference, in units of the largest wanted number. */
    static double relativeGap(float[] found, float[] wanted) {
        if (found.length != wanted.length) {
            throw new AssertionError(found.length + " numbers, wanted " + wanted.length);
        }
        double gap = 0;
        double largest = 0;
        for (int i = 0; i < wanted.length; i++) {
            gap = Math.max(gap, Math.abs(found[i] - wanted[i]));
            largest = Math.max(largest, Math.abs(wanted[i]));
        }
        if (!(largest > 0)) {
            throw new AssertionError("nothing but zeros is wanted, to which nothing compares");
        }
        return gap / largest;
    }

    /** The {@code count} tokens after a prompt, the best logit each time, by passes over the whole text. */
    static int[] greedy(CausalLm lm, int[] prompt, int count) {
        int[] ids = Arrays.copyOf(prompt, prompt.length + count);
        for (int length = prompt.length; length < ids.length; length++) {
            try (Scopes.Frozen scope = Scopes.frozen()) {
                Tensor hidden =
                        lm.decoder().hidden(Tensors.padded(new int[][] {Arrays.copyOf(ids, length)}, Device.CPU));
                Tensor logits = lm.decoder().logits(hidden.select(1, length - 1L));
                ids[length] = (int) Tensors.toLongs(logits.argmax())[0];
            }
        }
        return Arrays.copyOfRange(ids, prompt.length, ids.length);
    }

    /**
     * The same tokens through the key-value cache, in its first row and in its second.
     *
     * @param other a prompt of another length that grows in a third row
     */
    static List<int[]> cachedGreedy(CausalLm lm, int[] prompt, int[] other, int count) {
        int[][] found = new int[2][count];
        try (Scopes.Frozen scope = Scopes.frozen();
                KvCache cache = lm.decoder().prefill(List.of(prompt, other), new int[] {2, 1}, count)) {
            long[] best = best(lm, cache.promptHidden());
            best = new long[] {best[0], best[0], best[1]};
            for (int i = 0; i < count; i++) {
                found[0][i] = (int) best[0];
                found[1][i] = (int) best[1];
                Tensor tokens = Tensors.ofLongs(best, Device.CPU, best.length);
                best = best(lm, lm.decoder().step(tokens, cache));
            }
        }
        return List.of(found);
    }

    private static long[] best(CausalLm lm, Tensor hidden) {
        return Tensors.toLongs(lm.decoder().logits(hidden).argmax(new LongOptional(-1), false));
    }

    /** A copy of a directory's files that may be edited, whatever theirs may be. */
    public static Path copy(Path directory, Path to) {
        try (Stream<Path> files = Files.list(directory)) {
            Files.createDirectories(to);
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                // Bytes alone: without the permissions of a folder that is shared read-only.
                Files.write(to.resolve(file.getFileName().toString()), Files.readAllBytes(file));
            }
            return to;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static void editConfig(Path directory, Consumer<ObjectNode> edit) {
        Path file = directory.resolve("config.json");
        ObjectNode config = (ObjectNode) read(file);
        edit.accept(config);
        write(file, config.toString().getBytes(StandardCharsets.UTF_8));
    }

    /** Applies {@code edit} to each number of the float32 weights whose names the pattern finds. */
    static void editWeights(Path directory, String pattern, DoubleUnaryOperator edit) {
        editTensors(directory, pattern, tensor -> {
            for (int at = 0; at < tensor.limit(); at += Float.BYTES) {
                tensor.putFloat(at, (float) edit.applyAsDouble(tensor.getFloat(at)));
            }
        });
    }

    /** Overwrites one weight with another of the same size. */
    static void replaceWeight(Path directory, String name, String by) {
        List<ByteBuffer> source = new ArrayList<>();
        editTensors(directory, Pattern.quote(by), source::add);
        editTensors(directory, Pattern.quote(name), tensor -> tensor.put(0, source.get(0), 0, tensor.limit()));
    }

    private static void editTensors(Path directory, String pattern, Consumer<ByteBuffer> edit) {
        write(directory.resolve("model.safetensors"), visitTensors(directory, pattern, edit));
    }

    /**
     * Shows the numbers of each weight whose name the pattern finds, and returns the file's bytes with what was changed
     * in them.
     */
    private static byte[] visitTensors(Path directory, String pattern, Consumer<ByteBuffer> visitor) {
        Path file = directory.resolve("model.safetensors");
        try {
            ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
            int header = Math.toIntExact(bytes.getLong(0));
            int data = Long.BYTES + header;
            int found = 0;
            for (Map.Entry<String, JsonNode> tensor :
                    JSON.readTree(bytes.array(), Long.BYTES, header).properties()) {
                if (Pattern.compile(pattern).matcher(tensor.getKey()).find()) {
                    int[] offsets = ints(tensor.getValue().get("data_offsets"));
                    visitor.accept(bytes.slice(data + offsets[0], offsets[1] - offsets[0])
                            .order(ByteOrder.LITTLE_ENDIAN));
                    found++;
                }
            }
            if (found == 0) {
                throw new AssertionError("no weight of " + file + " is named like " + pattern);
            }
            return bytes.array();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One float32 weight of a directory, flattened. */
    static double[] weight(Path directory, String name) {
        List<Double> values = new ArrayList<>();
        visitTensors(directory, "^" + Pattern.quote(name) + "$", tensor -> {
            while (tensor.hasRemaining()) {
                values.add((double) tensor.getFloat());
            }
        });
        return values.stream().mapToDouble(Double::doubleValue).toArray();
    }

    /** A safetensors file with one float32 matrix of one row, as a shard beside a real model's weights. */
    static void writeRow(Path file, String name, double[] row) {
        byte[] header = String.format(
                        "{\"%s\":{\"dtype\":\"F32\",\"shape\":[1,%d],\"data_offsets\":[0,%d]}}",
                        name, row.length, row.length * Float.BYTES)
                .getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES + header.length + row.length * Float.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(header.length).put(header);
        for (double value : row) {
            bytes.putFloat((float) value);
        }
        write(file, bytes.array());
    }

    /**
     * Turns a causal model's directory with one weight file into a classifier with one label and the head
     * {@code score[i] = 0.05 sin(i + 1)}, by adding a second shard; the backbone's bytes stay where they are.
     */
    static void addSineHead(Path directory, int hiddenSize) {
        Path weights = directory.resolve("model.safetensors");
        Path backbone = directory.resolve("model-00001-of-00002.safetensors");
        String head = "model-00002-of-00002.safetensors";
        try {
            Files.move(weights, backbone);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        writeRow(directory.resolve(head), "score.weight", sineHead(hiddenSize));
        ObjectNode index = JSON.createObjectNode();
        ObjectNode map = index.putObject("weight_map");
        SafeTensors.header(backbone)
                .keySet()
                .forEach(name -> map.put(name, backbone.getFileName().toString()));
        map.put("score.weight", head);
        write(
                directory.resolve("model.safetensors.index.json"),
                index.toString().getBytes(StandardCharsets.UTF_8));
        editConfig(directory, config -> {
            config.putArray("architectures").add("LlamaForSequenceClassification");
            config.putObject("id2label").put("0", "LABEL_0");
        });
    }

    static double[] sineHead(int hiddenSize) {
        double[] row = new double[hiddenSize];
        for (int i = 0; i < hiddenSize; i++) {
            row[i] = 0.05 * Math.sin(i + 1);
        }
        return row;
    }

    private static JsonNode read(Path file) {
        try {
            return JSON.readTree(file.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(Path file, byte[] bytes) {
        try {
            Files.write(file, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
