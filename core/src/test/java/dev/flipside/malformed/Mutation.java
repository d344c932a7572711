package dev.flipside.malformed;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Damages a file: as bytes, as text or as the values of JSON. The same random numbers make the same damage. */
final class Mutation {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final List<String> TEXTS = List.of(
            "",
            "x",
            "\0",
            "../../etc/passwd",
            "a\0b",
            "\uD800",
            "é\u0301",
            "\u2028",
            "NaN",
            "-1",
            "q".repeat(5_000),
            "{{ x }}",
            "%s%n",
            "NULL",
            "true");
    private static final List<String> PIECES = List.of(
            "{%",
            "%}",
            "{{",
            "}}",
            "{#",
            "'",
            "\"",
            "|",
            "[",
            "]",
            "(",
            ")",
            "**",
            "*10**9",
            " | tojson",
            "for",
            "endfor",
            "\0",
            "\uFEFF",
            "\r",
            ",",
            ":",
            "&a *a",
            "!!",
            "- ",
            "\t",
            "1e999",
            "99999999999999999999",
            "-",
            "null",
            "\\",
            "range(99999)",
            "\"\"\"");

    private final Random random;

    Mutation(Random random) {
        this.random = random;
    }

    private <T> T any(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    /** One to three flipped bytes, lengths that are too large, parts that are missing, doubled or zero. */
    byte[] bytes(byte[] original) {
        byte[] bytes = original.clone();
        for (int times = 1 + random.nextInt(3); times > 0 && bytes.length > 8; times--) {
            // Headers are where the structure is: half of the damage is there.
            int reach = random.nextBoolean() ? Math.min(bytes.length, 2_000) : bytes.length;
            int at = random.nextInt(reach - 7);
            int length = Math.min(1 + random.nextInt(64), bytes.length - at);
            switch (random.nextInt(7)) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes[at] = (byte) random.nextInt(256);
                case 2 -> bytes = Arrays.copyOf(bytes, at);
                case 3 ->
                    ByteBuffer.wrap(bytes)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(
                                    at,
                                    any(List.of(
                                            -1L,
                                            Long.MAX_VALUE,
                                            Long.MIN_VALUE,
                                            1L << 31,
                                            1L << 32,
                                            1L << 40,
                                            0L,
                                            255L)));
                case 4 ->
                    ByteBuffer.wrap(bytes)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putInt(at, any(List.of(-1, Integer.MAX_VALUE, Integer.MIN_VALUE, 0, 1, 65_536)));
                case 5 -> Arrays.fill(bytes, at, at + length, (byte) 0);
                default -> bytes = spliced(bytes, at, length);
            }
        }
        return bytes;
    }

    private byte[] spliced(byte[] bytes, int at, int length) {
        byte[] part = Arrays.copyOfRange(bytes, at, at + length);
        boolean doubled = random.nextBoolean();
        byte[] out = new byte[bytes.length + (doubled ? length : -length)];
        System.arraycopy(bytes, 0, out, 0, at);
        if (doubled) {
            System.arraycopy(part, 0, out, at, length);
            System.arraycopy(bytes, at, out, at + length, bytes.length - at);
        } else {
            System.arraycopy(bytes, at + length, out, at, bytes.length - at - length);
        }
        return out;
    }

    /** Pieces of syntax put in, taken out, doubled or replaced. */
    byte[] text(byte[] original) {
        StringBuilder text = new StringBuilder(new String(original, StandardCharsets.UTF_8));
        for (int times = 1 + random.nextInt(3); times > 0; times--) {
            int at = random.nextInt(text.length() + 1);
            int end = Math.min(text.length(), at + random.nextInt(20));
            switch (random.nextInt(5)) {
                case 0 -> text.insert(at, any(PIECES));
                case 1 -> text.delete(at, end);
                case 2 -> text.replace(at, end, any(PIECES));
                case 3 -> text.insert(at, text.substring(at, end).repeat(1 + random.nextInt(50)));
                default -> text.insert(at, any(PIECES).repeat(1 + random.nextInt(2_000)));
            }
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    /**
     * Values of other types and extreme ones, keys and elements that are missing, doubled or renamed; now and then
     * damage to the text itself.
     */
    byte[] json(byte[] original) {
        if (random.nextInt(8) == 0) {
            return random.nextBoolean() ? text(original) : bytes(original);
        }
        try {
            JsonNode tree = JSON.readTree(original);
            for (int times = 1 + random.nextInt(3); times > 0; times--) {
                List<JsonNode> holders = new ArrayList<>();
                holders(tree, 0, holders);
                if (!holders.isEmpty()) {
                    change(any(holders));
                }
            }
            byte[] bytes = JSON.writeValueAsBytes(tree);
            return random.nextInt(20) == 0 ? withKeyTwice(bytes) : bytes;
        } catch (IOException e) {
            return bytes(original);
        }
    }

    /** Upper levels as often as lower ones, so that a vocabulary does not draw all the damage. */
    private void holders(JsonNode node, int depth, List<JsonNode> into) {
        if (!node.isContainerNode() || node.isEmpty()) {
            return;
        }
        for (int i = 0; i < Math.max(1, 12 - 3 * depth); i++) {
            into.add(node);
        }
        for (JsonNode child : node) {
            holders(child, depth + 1, into);
        }
    }

    private void change(JsonNode holder) {
        if (holder instanceof ObjectNode object) {
            List<String> names = new ArrayList<>();
            object.fieldNames().forEachRemaining(names::add);
            String name = any(names);
            switch (random.nextInt(5)) {
                case 0 -> object.remove(name);
                case 1 -> object.set(any(TEXTS), object.get(name));
                case 2 -> object.set(name, object.get(any(names)));
                default -> object.set(name, value(object.get(name)));
            }
        } else if (holder instanceof ArrayNode array) {
            int at = random.nextInt(array.size());
            switch (random.nextInt(5)) {
                case 0 -> array.remove(at);
                case 1 -> array.add(array.get(at));
                case 2 -> array.insert(at, value(array.get(at)));
                default -> array.set(at, value(array.get(at)));
            }
        }
    }

    private JsonNode value(JsonNode before) {
        if (before.isNumber() && random.nextInt(3) > 0) {
            return any(List.<JsonNode>of(
                    NODES.numberNode(0),
                    NODES.numberNode(-1),
                    NODES.numberNode(before.asLong() + 1),
                    NODES.numberNode(before.asLong() * 2),
                    NODES.numberNode(Integer.MAX_VALUE),
                    NODES.numberNode(1L << 31),
                    NODES.numberNode(1L << 40),
                    NODES.numberNode(Long.MIN_VALUE),
                    NODES.numberNode(0.5),
                    NODES.numberNode(new BigDecimal("1e308")),
                    NODES.numberNode(new BigDecimal("1e999")),
                    NODES.numberNode(BigInteger.ONE.shiftLeft(200))));
        }
        return switch (random.nextInt(8)) {
            case 0 -> NODES.nullNode();
            case 1 -> NODES.booleanNode(random.nextBoolean());
            case 2 -> NODES.numberNode(random.nextInt(10) - 2);
            case 3 -> NODES.arrayNode();
            case 4 -> NODES.objectNode();
            case 5 -> NODES.arrayNode().add(before.deepCopy());
            case 6 -> deep(before);
            default -> NODES.textNode(any(TEXTS));
        };
    }

    private JsonNode deep(JsonNode inner) {
        JsonNode node = inner.deepCopy();
        for (int i = random.nextInt(1_500); i > 0; i--) {
            node = NODES.arrayNode().add(node);
        }
        return node;
    }

    private byte[] withKeyTwice(byte[] json) {
        String text = new String(json, StandardCharsets.UTF_8);
        int at = text.indexOf('{') + 1;
        int colon = text.indexOf(':', at);
        return at == 0 || colon < 0
                ? json
                : (text.substring(0, at) + text.substring(at, colon) + ":7," + text.substring(at))
                        .getBytes(StandardCharsets.UTF_8);
    }
}
