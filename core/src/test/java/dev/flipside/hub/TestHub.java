package dev.flipside.hub;

import dev.flipside.net.ApiKey;
import dev.flipside.net.Backoff;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;

/** A small model on a {@link HubServer}, and clients of it with little patience. */
final class TestHub {
    static final String MODEL = "models/org/tiny";
    static final HubName NAME = HubName.require(RepoType.MODEL, "org/tiny");
    static final String WEIGHTS = "model.safetensors";

    private TestHub() {}

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static byte[] random(int size, long seed) {
        byte[] bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    /** What a model repository holds: needed files, and others. */
    static Map<String, byte[]> modelFiles() {
        Map<String, byte[]> files = new TreeMap<>();
        files.put("config.json", bytes("{\"model_type\": \"llama\"}"));
        files.put("tokenizer.json", bytes("{}"));
        files.put(WEIGHTS, random(600_000, 1));
        files.put("README.md", bytes("# Tiny"));
        files.put("pytorch_model.bin", random(2000, 2));
        files.put("onnx/model.safetensors", random(2000, 3));
        return files;
    }

    static HubSettings settings(HubServer server, Path cache, Optional<String> token) {
        return new HubSettings(
                URI.create(server.url()),
                ApiKey.of("HF_TOKEN", token),
                cache,
                false,
                HttpClient.Builder.NO_PROXY,
                new Backoff(3, Duration.ofMillis(10)),
                Duration.ofMillis(1500));
    }

    static Hub hub(HubServer server, Path cache) {
        return new Hub(settings(server, cache, Optional.empty()), TransferListener.NONE);
    }

    static HubSettings offline(HubSettings settings) {
        return new HubSettings(
                settings.endpoint(),
                settings.token(),
                settings.cache(),
                true,
                settings.proxies(),
                settings.backoff(),
                settings.timeout());
    }

    /** A listener that keeps the lines. */
    static final class Lines implements TransferListener {
        final List<String> lines = new ArrayList<>();
        final List<Long> positions = new ArrayList<>();
        long there;
        long total;

        @Override
        public void begin(String task, long bytes, long alreadyThere) {
            lines.add(task);
            total = bytes;
            there = alreadyThere;
        }

        @Override
        public void at(long done, String file) {
            positions.add(done);
        }

        @Override
        public void message(String line) {
            lines.add(line);
        }
    }

    /** Regular files and links below a folder, with slashes, in order. */
    static List<String> below(Path folder) {
        if (!Files.exists(folder)) {
            return List.of();
        }
        try (Stream<Path> paths = Files.walk(folder)) {
            return paths.filter(Files::isRegularFile)
                    .map(path -> folder.relativize(path).toString())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
