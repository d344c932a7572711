package dev.flipside.gguf;

import dev.flipside.config.IoReason;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * The header of one GGUF file (versions 2 and 3, little-endian): key-value pairs and where the tensors lie. Format:
 * docs/gguf.md of the ggml repository.
 *
 * @param metadata the key-value pairs
 * @param tensors in the order of the file; each lies within it, aligned
 */
record GgufFile(Metadata metadata, List<GgufTensor> tensors) {
    private static final int MAGIC = 0x46554747;
    private static final int DEFAULT_ALIGNMENT = 32;
    private static final int MOST_DIMENSIONS = 4;

    /** Bytes of the shortest key-value pair: an empty key, a type and one byte. */
    private static final int SHORTEST_PAIR = 13;

    /**
     * Bytes of the shortest description of a tensor: an empty name, the number of dimensions, the type and the offset.
     */
    private static final int SHORTEST_TENSOR = 24;

    /** Bytes of one element of an array by the number of its type; a text has at least its length. */
    private static final List<Integer> ELEMENT_BYTES = List.of(1, 1, 2, 2, 4, 4, 4, 1, 8, 0, 8, 8, 8);

    private static final String ALIGNMENT = "general.alignment";
    private static final int UINT32 = 4;
    private static final int TEXT = 8;
    private static final int ARRAY = 9;

    /** @throws UserError naming the file when it is missing, unreadable, of another format or version, or damaged */
    static GgufFile read(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return new Parser(file, channel).parse();
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    static UserError unreadable(Path file, IOException e) {
        return new UserError(
                Files.isRegularFile(file)
                        ? file + ": cannot be read (" + IoReason.of(e) + ")."
                        : file + ": there is no such file; check the path.",
                e);
    }

    private static final class Parser {
        private final Path file;
        private final long size;
        private final HeaderReader in;

        Parser(Path file, FileChannel channel) throws IOException {
            this.file = file;
            this.size = channel.size();
            this.in = new HeaderReader(file, channel);
        }

        GgufFile parse() throws IOException {
            checkVersion();
            int tensorCount = in.count("tensors", SHORTEST_TENSOR);
            int pairCount = in.count("key-value pairs", SHORTEST_PAIR);
            Metadata metadata = new Metadata(file, pairs(pairCount));
            List<RawTensor> raw = new ArrayList<>();
            for (int i = 0; i < tensorCount; i++) {
                raw.add(rawTensor());
            }
            long alignment = alignment(metadata);
            long dataStart = (in.position() + alignment - 1) / alignment * alignment;
            Map<String, GgufTensor> tensors = new LinkedHashMap<>();
            long expected = 0;
            for (RawTensor tensor : raw) {
                GgufTensor located = located(tensor, alignment, dataStart);
                // As llama.cpp wants it: no hole, no overlap, in the order of the descriptions.
                if (tensor.offset != expected) {
                    throw in.damaged("the tensor " + tensor.name + " starts at offset " + tensor.offset
                            + " where the one before it ends at " + expected);
                }
                expected += (located.bytes() + alignment - 1) / alignment * alignment;
                if (tensors.put(tensor.name, located) != null) {
                    throw in.damaged("the tensor " + tensor.name + " is in it twice");
                }
            }
            return new GgufFile(metadata, List.copyOf(tensors.values()));
        }

        private void checkVersion() throws IOException {
            if (size < 2 * Integer.BYTES || in.int32() != MAGIC) {
                throw new UserError(file + ": is not a GGUF file (it does not begin with the letters GGUF); give the"
                        + " path of a model in that format.");
            }
            int version = in.int32();
            if ((version & 0xffff) == 0) {
                throw new UserError(file
                        + ": is a big-endian GGUF file, which is not supported; convert the model on a little-endian"
                        + " machine.");
            }
            if (version != 2 && version != 3) {
                throw new UserError(file + ": is of GGUF version " + Integer.toUnsignedString(version)
                        + "; versions 2 and 3 are supported, so convert the model again with a current converter.");
            }
        }

        private Map<String, Object> pairs(int count) throws IOException {
            Map<String, Object> pairs = new LinkedHashMap<>();
            for (int i = 0; i < count; i++) {
                String key = in.string("a key");
                int type = in.int32();
                if (key.isEmpty()) {
                    throw in.damaged("it has a key without a name");
                }
                if (key.equals(ALIGNMENT) && type != UINT32) {
                    throw in.damaged("the key " + key + " is of type " + type + ", not an unsigned number of 32 bits");
                }
                if (pairs.put(key, value(key, type)) != null) {
                    throw in.damaged("the key " + key + " is in it twice");
                }
            }
            return pairs;
        }

        private Object value(String key, int type) throws IOException {
            return switch (type) {
                case 0 -> (long) (in.int8() & 0xff);
                case 1 -> (long) in.int8();
                case 2 -> (long) (in.int16() & 0xffff);
                case 3 -> (long) in.int16();
                case 4 -> Integer.toUnsignedLong(in.int32());
                case 5 -> (long) in.int32();
                case 6 -> in.float32();
                case 7 -> in.int8() != 0;
                case TEXT -> in.string("the value of " + key);
                case ARRAY -> array(key);
                // An unsigned number beyond 2^63 reads as negative, which no key allows.
                case 10, 11 -> in.int64();
                case 12 -> in.float64();
                default ->
                    throw in.damaged("the key " + key + " has the unknown type " + Integer.toUnsignedString(type));
            };
        }

        private List<Object> array(String key) throws IOException {
            int type = in.int32();
            if (type == ARRAY || type < 0 || type >= ELEMENT_BYTES.size()) {
                throw in.damaged(
                        "the key " + key + " is a list of the unsupported type " + Integer.toUnsignedString(type));
            }
            int count = in.count("elements of " + key, ELEMENT_BYTES.get(type));
            List<Object> list = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                list.add(value(key, type));
            }
            return Collections.unmodifiableList(list);
        }

        private record RawTensor(String name, List<Long> shape, int type, long offset) {}

        private RawTensor rawTensor() throws IOException {
            String name = in.string("a tensor's name");
            int dimensions = in.int32();
            if (dimensions < 0 || dimensions > MOST_DIMENSIONS) {
                throw in.damaged("the tensor " + name + " has " + Integer.toUnsignedString(dimensions) + " dimensions");
            }
            List<Long> shape = new ArrayList<>();
            for (int d = 0; d < dimensions; d++) {
                shape.add(0, in.int64());
            }
            // A single number, as llama.cpp takes it.
            return new RawTensor(name, shape.isEmpty() ? List.of(1L) : shape, in.int32(), in.int64());
        }

        private GgufTensor located(RawTensor raw, long alignment, long dataStart) {
            BlockType type = BlockType.of(raw.type)
                    .orElseThrow(() -> new UserError(file + ": the tensor " + raw.name + " is of type "
                            + BlockType.nameOf(raw.type) + ", which is not supported; supported are "
                            + BlockType.supported() + ", so take a file that is quantised with those."));
            long elements = elements(raw);
            if (raw.shape.get(raw.shape.size() - 1) % type.blockElements() != 0) {
                throw in.damaged("the tensor " + raw.name + " of type " + type + " has rows of "
                        + raw.shape.get(raw.shape.size() - 1) + " numbers, not a multiple of " + type.blockElements());
            }
            if (raw.offset < 0 || raw.offset % alignment != 0) {
                throw in.damaged("the tensor " + raw.name + " starts at offset " + Long.toUnsignedString(raw.offset)
                        + ", which is not a multiple of the alignment " + alignment);
            }
            // Divided, not multiplied: no count that a header claims may overflow.
            if (elements / type.blockElements() > size / type.bytes(type.blockElements())
                    || raw.offset > size - dataStart - type.bytes(elements)) {
                throw in.damaged("the tensor " + raw.name + " ends beyond the end of the file at byte " + size);
            }
            return new GgufTensor(raw.name, raw.shape, type, file, dataStart + raw.offset);
        }

        private long elements(RawTensor raw) {
            long elements = 1;
            for (long dimension : raw.shape) {
                if (dimension < 0 || (elements > 0 && dimension > Long.MAX_VALUE / elements)) {
                    throw in.damaged("the tensor " + raw.name + " has an impossible shape "
                            + raw.shape.stream().map(Long::toUnsignedString).toList());
                }
                elements *= dimension;
            }
            return elements;
        }

        private long alignment(Metadata metadata) {
            OptionalInt alignment = metadata.positive(ALIGNMENT);
            if (alignment.isPresent() && Integer.bitCount(alignment.getAsInt()) != 1) {
                throw metadata.wrong(ALIGNMENT, "is " + alignment.getAsInt() + ", which is not a power of two");
            }
            return alignment.orElse(DEFAULT_ALIGNMENT);
        }
    }
}
