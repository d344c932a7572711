package dev.flipside.safetensors;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.JsonReason;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The JSON header of a safetensors file, with the format's own rules: bounded length, no duplicate name, no overlap and
 * no hole between tensors.
 */
final class SafeTensorsHeader {
    /** The limit that the reference implementation sets. */
    private static final long LONGEST_HEADER = 100_000_000;

    /**
     * Bits per element of every type the format had when this was written; a file may hold tensors that we never read.
     */
    private static final Map<String, Integer> ELEMENT_BITS = Map.ofEntries(
            Map.entry("F4", 4),
            Map.entry("F6_E2M3", 6),
            Map.entry("F6_E3M2", 6),
            Map.entry("BOOL", 8),
            Map.entry("U8", 8),
            Map.entry("I8", 8),
            Map.entry("F8_E4M3", 8),
            Map.entry("F8_E5M2", 8),
            Map.entry("F8_E8M0", 8),
            Map.entry("F8_E4M3FNUZ", 8),
            Map.entry("F8_E5M2FNUZ", 8),
            Map.entry("U16", 16),
            Map.entry("I16", 16),
            Map.entry("F16", 16),
            Map.entry("BF16", 16),
            Map.entry("U32", 32),
            Map.entry("I32", 32),
            Map.entry("F32", 32),
            Map.entry("C64", 64),
            Map.entry("U64", 64),
            Map.entry("I64", 64),
            Map.entry("F64", 64));

    private final Path file;

    private SafeTensorsHeader(Path file) {
        this.file = file;
    }

    static Map<String, TensorInfo> read(Path file, FileChannel channel) throws IOException {
        return new SafeTensorsHeader(file).parse(channel);
    }

    /** The header, padded with spaces so that the numbers start at a multiple of 8 bytes. */
    static String of(Map<String, List<Long>> shapes, WeightType type) {
        ObjectNode root = Json.MAPPER.createObjectNode();
        root.putObject("__metadata__").put("format", "pt");
        long at = 0;
        for (Map.Entry<String, List<Long>> entry : shapes.entrySet()) {
            ObjectNode info = root.putObject(entry.getKey());
            info.put("dtype", type.name());
            ArrayNode shape = info.putArray("shape");
            entry.getValue().forEach(shape::add);
            long end = at + TensorInfo.elements(entry.getValue()) * type.bytes();
            info.putArray("data_offsets").add(at).add(end);
            at = end;
        }
        try {
            String json = Json.MAPPER.writeValueAsString(root);
            int bytes = json.getBytes(StandardCharsets.UTF_8).length;
            return json + " ".repeat((8 - bytes % 8) % 8);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private Map<String, TensorInfo> parse(FileChannel channel) throws IOException {
        long size = channel.size();
        if (size < Long.BYTES) {
            throw malformed("it has " + size + " bytes");
        }
        ByteBuffer prefix = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        SafeTensors.readFully(file, channel, prefix, 0, Long.BYTES);
        long length = prefix.getLong();
        if (length < 2 || length > LONGEST_HEADER || length > size - Long.BYTES) {
            throw malformed("its header claims " + Long.toUnsignedString(length) + " bytes in a file of " + size);
        }
        ByteBuffer json = ByteBuffer.allocate((int) length);
        SafeTensors.readFully(file, channel, json, Long.BYTES, (int) length);
        long start = Long.BYTES + length;
        List<Map.Entry<String, TensorInfo>> entries = new ArrayList<>();
        for (Map.Entry<String, JsonNode> property : tree(json.array()).properties()) {
            if (!StandardCharsets.UTF_8.newEncoder().canEncode(property.getKey())) {
                throw malformed("a tensor has a name that is no text");
            }
            if (property.getKey().equals("__metadata__")) {
                requireTexts(property.getValue());
            } else {
                entries.add(Map.entry(property.getKey(), tensor(property.getKey(), property.getValue(), start, size)));
            }
        }
        entries.sort(Comparator.comparingLong(
                        (Map.Entry<String, TensorInfo> e) -> e.getValue().begin())
                .thenComparingLong(e -> e.getValue().end()));
        return contiguous(entries, start, size);
    }

    private void requireTexts(JsonNode metadata) {
        if (!metadata.isNull() && !metadata.isObject()) {
            throw malformed("its __metadata__ is not an object");
        }
        for (JsonNode value : metadata) {
            if (!value.isTextual()) {
                throw malformed("its __metadata__ holds " + value.getNodeType() + " where a text belongs");
            }
        }
    }

    /** The format is UTF-8, whatever else a JSON reader would find in the bytes. */
    private String utf8(byte[] json) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(json))
                    .toString();
        } catch (CharacterCodingException e) {
            throw malformed("its header is not UTF-8");
        }
    }

    private ObjectNode tree(byte[] json) throws IOException {
        try {
            if (Json.MAPPER.readTree(utf8(json)) instanceof ObjectNode object) {
                return object;
            }
        } catch (JsonProcessingException e) {
            throw malformed("its header is not JSON (" + JsonReason.of(e) + ")");
        }
        throw malformed("its header is not a JSON object");
    }

    private TensorInfo tensor(String name, JsonNode node, long start, long size) {
        String dtype = node.path("dtype").asText();
        if (!ELEMENT_BITS.containsKey(dtype)) {
            throw malformed("tensor " + name + " has the unknown type '" + dtype + "'");
        }
        JsonNode offsets = node.path("data_offsets");
        if (!node.path("shape").isArray() || !offsets.isArray() || offsets.size() != 2) {
            throw malformed("tensor " + name + " lacks a shape or two data_offsets");
        }
        List<Long> shape = new ArrayList<>();
        try {
            long bits = ELEMENT_BITS.get(dtype);
            for (JsonNode dimension : node.get("shape")) {
                shape.add(natural(name, dimension));
                bits = Math.multiplyExact(bits, shape.get(shape.size() - 1));
            }
            if (bits % Byte.SIZE != 0) {
                throw malformed("tensor " + name + " of type " + dtype + " and shape " + shape
                        + " ends in the middle of a byte");
            }
            long bytes = bits / Byte.SIZE;
            long begin = natural(name, offsets.get(0));
            long end = natural(name, offsets.get(1));
            if (begin > end || end > size - start) {
                throw malformed("tensor " + name + " claims bytes " + begin + " to " + end + " of " + (size - start));
            }
            if (end - begin != bytes) {
                throw malformed("tensor " + name + " of type " + dtype + " and shape " + shape + " needs " + bytes
                        + " bytes and claims " + (end - begin));
            }
            return new TensorInfo(dtype, shape, start + begin, start + end);
        } catch (ArithmeticException e) {
            throw malformed("tensor " + name + " has an impossible shape " + node.get("shape"));
        }
    }

    private long natural(String name, JsonNode node) {
        if (!node.isIntegralNumber() || !node.canConvertToLong() || node.longValue() < 0) {
            throw malformed("tensor " + name + " has '" + node + "' where a size or offset belongs");
        }
        return node.longValue();
    }

    private Map<String, TensorInfo> contiguous(List<Map.Entry<String, TensorInfo>> entries, long start, long size) {
        Map<String, TensorInfo> tensors = new LinkedHashMap<>();
        long at = start;
        for (Map.Entry<String, TensorInfo> entry : entries) {
            if (entry.getValue().begin() != at) {
                throw malformed("tensor " + entry.getKey() + " starts at byte "
                        + entry.getValue().begin() + " where the one before it ends at " + at);
            }
            at = entry.getValue().end();
            tensors.put(entry.getKey(), entry.getValue());
        }
        if (at != size) {
            throw malformed("its tensors end at byte " + at + " and the file at " + size);
        }
        return tensors;
    }

    private UserError malformed(String why) {
        return new UserError(file + ": is not a whole safetensors file: " + why + "; copy or download it again.");
    }
}
