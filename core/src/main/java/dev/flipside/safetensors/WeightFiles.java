package dev.flipside.safetensors;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.IoReason;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;

/**
 * The weights of a model directory: {@code model.safetensors}, or shards listed in
 * {@code model.safetensors.index.json}.
 */
public final class WeightFiles {
    static final String SINGLE = "model.safetensors";
    static final String INDEX = "model.safetensors.index.json";

    /** What transformers calls {@code max_shard_size}, at its value of 5 GB in the releases that users have. */
    public static final long SHARD_BYTES = 5_000_000_000L;

    private record Source(Path file, TensorInfo info) {}

    private final Path directory;
    private final Map<String, Source> sources = new LinkedHashMap<>();

    private WeightFiles(Path directory) {
        this.directory = directory;
    }

    /**
     * Reads which tensors a directory has, and where; their numbers stay on the disk.
     *
     * @throws UserError naming the file that is missing or malformed
     */
    public static WeightFiles open(Path directory) {
        WeightFiles files = new WeightFiles(directory);
        // A directory with both holds the rest of an earlier save: transformers takes the single file, and so do we.
        if (Files.exists(directory.resolve(SINGLE))) {
            Path file = directory.resolve(SINGLE);
            SafeTensors.header(file).forEach((name, info) -> files.sources.put(name, new Source(file, info)));
        } else if (Files.exists(directory.resolve(INDEX))) {
            files.openShards();
        } else {
            throw new UserError(
                    directory + ": holds neither " + SINGLE + " nor " + INDEX
                            + "; weights in other formats must be saved as safetensors first (save_pretrained in transformers does it).");
        }
        return files;
    }

    private void openShards() {
        Path index = directory.resolve(INDEX);
        JsonNode map = Json.read(index).path("weight_map");
        if (!map.isObject() || map.isEmpty()) {
            throw new UserError(index + ": has no weight_map; copy or download it again.");
        }
        Map<String, Map<String, TensorInfo>> headers = new HashMap<>();
        for (Map.Entry<String, JsonNode> entry : map.properties()) {
            String shard = entry.getValue().asText();
            // A shard's name is data from a stranger: it must not lead out of the directory.
            if (!shard.matches("[A-Za-z0-9_-][A-Za-z0-9._-]*")) {
                throw new UserError(index + ": weight_map sends " + entry.getKey() + " to '" + shard
                        + "', which is not a plain file name.");
            }
            Path file = directory.resolve(shard);
            TensorInfo info = headers.computeIfAbsent(shard, s -> SafeTensors.header(file))
                    .get(entry.getKey());
            if (info == null) {
                throw new UserError(
                        index + ": promises " + entry.getKey() + " in " + shard + ", which does not hold it.");
            }
            sources.put(entry.getKey(), new Source(file, info));
        }
    }

    /** The model directory. */
    public Path directory() {
        return directory;
    }

    /** All tensors: of one file in the order of their bytes, of shards in that of the index. */
    public Set<String> names() {
        return sources.keySet();
    }

    /** Whether there is a tensor of that name. */
    public boolean has(String name) {
        return sources.containsKey(name);
    }

    /** @throws UserError when the tensor is missing or has another shape */
    public void require(String name, List<Long> shape) {
        Source source = sources.get(name);
        if (source == null) {
            throw new UserError(
                    directory + ": the weight " + name
                            + " is missing; config.json and the weights do not belong together, or the download is incomplete.");
        }
        if (!source.info().shape().equals(shape)) {
            throw new UserError(source.file() + ": " + name + " has the shape "
                    + source.info().shape() + " and config.json asks for " + shape + ".");
        }
    }

    /** The dimensions of a tensor that {@link #has} confirmed. */
    public List<Long> shape(String name) {
        return sources.get(name).info().shape();
    }

    /**
     * Copies a tensor that {@link #has} confirmed into {@code destination}, converted to its type and device.
     *
     * @param destination contiguous, of the same number of elements
     * @throws UserError when the tensor is not F32, F16 or BF16, or its file ends early
     */
    public void read(String name, Tensor destination) {
        Source source = sources.get(name);
        SafeTensors.read(source.file(), name, source.info(), destination);
    }

    /**
     * Writes one file when everything fits in {@code shardBytes}, else shards and their index; older weight files in
     * the directory are removed.
     *
     * @param tensors floating ones by name, on any device, in the order in which they are written
     * @param type what numbers are written as
     * @throws UserError when a file cannot be written, or an older one not removed
     */
    public static void write(Path directory, Map<String, Tensor> tensors, WeightType type, long shardBytes) {
        write(
                directory,
                SafeTensors.shapes(tensors),
                type,
                shardBytes,
                (name, to) -> SafeTensors.writeNumbers(to, tensors.get(name), type));
    }

    /**
     * The same with numbers that are made when their turn comes.
     *
     * @param shapes the tensors by name, in the order in which they are written
     * @param source gives each tensor's numbers, in {@code type}
     * @throws UserError as above
     */
    public static void write(
            Path directory, Map<String, List<Long>> shapes, WeightType type, long shardBytes, WeightSource source) {
        List<Map<String, List<Long>>> shards = split(shapes, type, shardBytes);
        List<String> names = new ArrayList<>();
        for (int i = 0; i < shards.size(); i++) {
            names.add(
                    shards.size() == 1
                            ? SINGLE
                            : String.format("model-%05d-of-%05d.safetensors", i + 1, shards.size()));
            SafeTensors.write(directory.resolve(names.get(i)), shards.get(i), type, source);
        }
        if (shards.size() > 1) {
            ObjectNode index = Json.MAPPER.createObjectNode();
            long total =
                    shapes.values().stream().mapToLong(TensorInfo::elements).sum() * type.bytes();
            index.putObject("metadata").put("total_size", total);
            ObjectNode map = index.putObject("weight_map");
            for (int i = 0; i < shards.size(); i++) {
                for (String tensor : shards.get(i).keySet()) {
                    map.put(tensor, names.get(i));
                }
            }
            Json.write(directory.resolve(INDEX), index);
            names.add(INDEX);
        }
        removeOthers(directory, Set.copyOf(names));
    }

    private static List<Map<String, List<Long>>> split(
            Map<String, List<Long>> shapes, WeightType type, long shardBytes) {
        List<Map<String, List<Long>>> shards = new ArrayList<>(List.of(new LinkedHashMap<>()));
        long bytes = 0;
        for (Map.Entry<String, List<Long>> entry : shapes.entrySet()) {
            long size = TensorInfo.elements(entry.getValue()) * type.bytes();
            if (bytes > 0 && bytes + size > shardBytes) {
                shards.add(new LinkedHashMap<>());
                bytes = 0;
            }
            shards.get(shards.size() - 1).put(entry.getKey(), entry.getValue());
            bytes += size;
        }
        return shards;
    }

    /** A reader prefers whichever index or single file it finds, so leftovers of an earlier save must go. */
    private static void removeOthers(Path directory, Set<String> keep) {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                if (name.matches("model(-\\d{5}-of-\\d{5})?\\.safetensors|model\\.safetensors\\.index\\.json")
                        && !keep.contains(name)) {
                    Files.delete(file);
                }
            }
        } catch (IOException e) {
            throw new UserError(directory + ": an older weight file cannot be removed (" + IoReason.of(e) + ").", e);
        }
    }
}
