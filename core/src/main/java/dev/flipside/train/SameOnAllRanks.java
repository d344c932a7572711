package dev.flipside.train;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.UserError;
import dev.flipside.engine.Collective;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.run.Provenance;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** What has to be the same on all ranks before they train together: program, configuration, models and data. */
final class SameOnAllRanks {
    /** Each rank has a device of its own. */
    private static final Set<String> MAY_DIFFER = Set.of("run.device", "run.resume");

    private SameOnAllRanks() {}

    /**
     * Compares program and configuration, before anything is loaded.
     *
     * @param config as a tree of its sections
     * @throws UserError that names what differs, and on which rank
     */
    static void require(Collective collective, JsonNode config) {
        if (collective.size() == 1) {
            return;
        }
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("Flipside", Provenance.program());
        facts.put("libtorch", NativeLibrary.version());
        flatten("", config, facts);
        facts.keySet().removeAll(MAY_DIFFER);
        require(collective, facts);
    }

    /**
     * Compares the content of models and data.
     *
     * @throws UserError that names the file that differs, and on which rank
     */
    static void require(Collective collective, Provenance provenance) {
        if (collective.size() == 1) {
            return;
        }
        Map<String, String> facts = new LinkedHashMap<>();
        provenance.files().forEach(file -> facts.put("the file " + file.path(), "SHA-256 " + file.sha256()));
        require(collective, facts);
    }

    private static void flatten(String prefix, JsonNode node, Map<String, String> into) {
        if (node.isObject()) {
            node.properties()
                    .forEach(field -> flatten(
                            prefix.isEmpty() ? field.getKey() : prefix + "." + field.getKey(), field.getValue(), into));
        } else {
            into.put(prefix, node.toString());
        }
    }

    private static void require(Collective collective, Map<String, String> own) {
        List<Map<String, String>> all = collective.gather(encoded(own)).stream()
                .map(SameOnAllRanks::decoded)
                .toList();
        for (int rank = 1; rank < all.size(); rank++) {
            List<String> different = differences(all.get(0), all.get(rank));
            if (!different.isEmpty()) {
                String name = different.get(0);
                throw new UserError("Rank " + rank + " differs from rank 0 in " + name + ": it has "
                        + shown(all.get(rank).get(name)) + ", rank 0 has "
                        + shown(all.get(0).get(name))
                        + (different.size() > 1 ? " (and in " + (different.size() - 1) + " more)" : "")
                        + "; start all ranks with the same program, configuration, models and data.");
            }
        }
    }

    private static List<String> differences(Map<String, String> first, Map<String, String> other) {
        Set<String> names = new TreeSet<>(first.keySet());
        names.addAll(other.keySet());
        List<String> different = new ArrayList<>();
        for (String name : names) {
            if (!Optional.ofNullable(first.get(name)).equals(Optional.ofNullable(other.get(name)))) {
                different.add(name);
            }
        }
        return different;
    }

    private static String shown(String value) {
        return value == null ? "nothing" : value;
    }

    private static byte[] encoded(Map<String, String> facts) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeInt(facts.size());
            for (Map.Entry<String, String> fact : facts.entrySet()) {
                for (String text : List.of(fact.getKey(), fact.getValue())) {
                    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
                    out.writeInt(utf8.length);
                    out.write(utf8);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static Map<String, String> decoded(byte[] bytes) {
        Map<String, String> facts = new LinkedHashMap<>();
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            int count = in.readInt();
            for (int i = 0; i < count; i++) {
                facts.put(text(in), text(in));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return facts;
    }

    private static String text(DataInputStream in) throws IOException {
        return new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8);
    }
}
