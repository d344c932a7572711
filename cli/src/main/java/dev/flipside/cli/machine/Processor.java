package dev.flipside.cli.machine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The processor that figures belong to, as Linux describes it; elsewhere only the architecture is known.
 *
 * @param name of the model, such as {@code AMD EPYC}
 * @param family of the model and its number, by which models of one name are told apart; empty where unknown
 * @param instructions those of its vector instruction sets that decide how fast products are
 * @param caches kilobytes by name, {@code L1d}, {@code L2} and {@code L3}, of the first core
 */
record Processor(String name, String family, List<String> instructions, Map<String, Integer> caches) {
    private static final List<String> TELLING = List.of(
            "avx2",
            "avx512f",
            "avx512_vnni",
            "avx512_bf16",
            "amx_tile",
            "amx_bf16",
            "avx_vnni",
            "asimd",
            "sve",
            "bf16");

    static Processor read() {
        try {
            return of(Files.readString(Path.of("/proc/cpuinfo")), Path.of("/sys/devices/system/cpu/cpu0/cache"));
        } catch (IOException e) {
            return new Processor(System.getProperty("os.arch"), "", List.of(), Map.of());
        }
    }

    /**
     * @param description as in {@code /proc/cpuinfo}
     * @param caches the first core's folder of them, which need not exist
     */
    static Processor of(String description, Path caches) throws IOException {
        Map<String, String> facts = new LinkedHashMap<>();
        for (String line : description.lines().toList()) {
            String[] parts = line.split(":", 2);
            if (parts.length == 2) {
                facts.putIfAbsent(parts[0].strip(), parts[1].strip());
            }
        }
        List<String> flags = Arrays.asList(
                facts.getOrDefault("flags", facts.getOrDefault("Features", "")).split(" "));
        String family =
                facts.containsKey("cpu family") ? facts.get("cpu family") + "." + facts.getOrDefault("model", "?") : "";
        return new Processor(
                facts.getOrDefault("model name", System.getProperty("os.arch")),
                family,
                TELLING.stream().filter(flags::contains).toList(),
                caches(caches));
    }

    private static Map<String, Integer> caches(Path folder) throws IOException {
        Map<String, Integer> caches = new LinkedHashMap<>();
        if (!Files.isDirectory(folder)) {
            return caches;
        }
        try (Stream<Path> all = Files.list(folder)) {
            for (Path cache : all.filter(path -> path.getFileName().toString().startsWith("index"))
                    .sorted()
                    .toList()) {
                String type = Files.readString(cache.resolve("type")).strip();
                String level = "L" + Files.readString(cache.resolve("level")).strip();
                // Some virtual machines name a cache without its size.
                if (!type.equals("Instruction") && Files.exists(cache.resolve("size"))) {
                    String size = Files.readString(cache.resolve("size")).strip();
                    caches.put(
                            level.equals("L1") ? "L1d" : level,
                            Integer.parseInt(size.replaceAll("\\D", "")) * (size.endsWith("M") ? 1024 : 1));
                }
            }
        }
        return caches;
    }

    /** One line for people. */
    String text() {
        StringBuilder text = new StringBuilder(name);
        if (!family.isEmpty()) {
            text.append(" (").append(family).append(')');
        }
        if (!instructions.isEmpty()) {
            text.append(", ").append(String.join(" ", instructions));
        }
        caches.forEach((level, kilobytes) ->
                text.append(", ").append(level).append(' ').append(kilobytes).append(" KB"));
        return text.toString();
    }

    /** The same for programs. */
    Map<String, Object> object() {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("name", name);
        object.put("family", family);
        object.put("instructions", instructions);
        object.put("caches_kb", caches);
        return object;
    }
}
