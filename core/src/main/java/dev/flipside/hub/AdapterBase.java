package dev.flipside.hub;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.NamedPath;
import dev.flipside.config.StrictJson;
import dev.flipside.config.UserError;
import dev.flipside.run.Durable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * The model below an adapter in PEFT's layout, which {@code adapter_config.json} names as
 * {@code base_model_name_or_path} and {@code revision}: on the Hub by a name, here by a directory.
 */
final class AdapterBase {
    static final String CONFIG = "adapter_config.json";

    private static final String BASE = "base_model_name_or_path";
    private static final String REVISION = "revision";

    private AdapterBase() {}

    /**
     * An adapter whose base is here: the directory itself where it is no adapter or its base is a directory, else a
     * folder of the cache that holds links to its files and a configuration that names the base's directory.
     *
     * @param hub made when a name is met
     * @throws UserError when the base's name is one of the Hub and cannot be had
     */
    static Path joined(Path adapter, Supplier<Hub> hub) {
        Optional<ObjectNode> config = config(adapter);
        Optional<HubName> name = config.flatMap(c -> named(adapter, c));
        if (name.isEmpty()) {
            return adapter;
        }
        Path base = UserError.under(
                adapter.resolve(CONFIG) + ": " + BASE, () -> hub.get().model(name.get()));
        String commit = HubSource.of(base).orElseThrow().commit();
        Path together = hub.get().cache().adapter(name.get().repo(), commit, adapter);
        ObjectNode here = config.get().put(BASE, base.toAbsolutePath().toString());
        try (Stream<Path> files = Files.list(adapter)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                if (!file.getFileName().toString().equals(CONFIG)) {
                    HubCache.link(file.toRealPath(), together.resolve(file.getFileName()));
                }
            }
            Files.createDirectories(together);
            Durable.write(together.resolve(CONFIG), here.toPrettyString());
        } catch (IOException e) {
            throw Durable.refused("write", together, e);
        }
        return together;
    }

    /**
     * What to publish of an adapter's configuration: the base by its name on the Hub where it came from there; empty
     * where nothing is to be changed.
     */
    static Optional<byte[]> published(Path adapter) {
        return config(adapter).flatMap(config -> source(adapter, config).map(source -> {
            config.put(BASE, source.name()).put(REVISION, source.commit());
            return config.toPrettyString().getBytes(StandardCharsets.UTF_8);
        }));
    }

    /**
     * The directory of this machine that an adapter names as its base, where the Hub has no name for it: nobody else
     * can load the adapter then.
     */
    static Optional<Path> unpublished(Path adapter) {
        return config(adapter)
                .filter(config -> source(adapter, config).isEmpty())
                .map(config -> path(adapter, config))
                .filter(Files::isDirectory);
    }

    private static Optional<HubSource> source(Path adapter, JsonNode config) {
        return HubSource.of(path(adapter, config))
                .filter(source -> source.type().equals(RepoType.MODEL.word()));
    }

    /** The base as a path, whatever is there. */
    private static Path path(Path adapter, JsonNode config) {
        return NamedPath.of(
                adapter.resolve(CONFIG) + ": " + BASE, config.path(BASE).asText(""));
    }

    /** The base's name where no directory is called like that. */
    private static Optional<HubName> named(Path adapter, JsonNode config) {
        String text = config.path(BASE).asText("");
        boolean directory =
                Stream.of(path(adapter, config), adapter.resolve(text)).anyMatch(Files::isDirectory);
        String revision = config.path(REVISION).asText("");
        return directory
                ? Optional.empty()
                : HubName.parse(
                        RepoType.MODEL, revision.isEmpty() || text.contains("@") ? text : text + "@" + revision);
    }

    private static Optional<ObjectNode> config(Path adapter) {
        Path file = adapter.resolve(CONFIG);
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try {
            // One that is no JSON is told by its reader.
            return StrictJson.MAPPER.readTree(file.toFile()) instanceof ObjectNode config
                    ? Optional.of(config)
                    : Optional.empty();
        } catch (JsonProcessingException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw Durable.refused("read", file, e);
        }
    }
}
