package dev.flipside.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/**
 * What someone else would need to repeat a run.
 *
 * @param flipside the version of this program
 * @param commit its git commit, with {@code -dirty} behind it when the source had been changed; {@code unknown} when it
 *     was built outside a git checkout
 * @param java version and vendor of the JVM
 * @param os name, version and architecture
 * @param processors that the JVM may use
 * @param libraries what the numbers come from: libtorch's version, BLAS, threads, CPU capability, device, by name
 * @param seeds by name
 * @param config the complete configuration as YAML
 * @param files every data and model file that was read
 * @param hub the commits of the Hub's repositories that files came from, such as {@code model org/name@COMMIT}
 * @param startTime ISO 8601, UTC
 */
public record Provenance(
        String flipside,
        String commit,
        String java,
        String os,
        int processors,
        Map<String, String> libraries,
        Map<String, Long> seeds,
        String config,
        List<FileHash> files,
        List<String> hub,
        String startTime) {

    private static final String RESUMED = "resumed";

    /** Takes the versions and the time from this process, and the rest as given. */
    public static Provenance ofThisProcess(
            Map<String, String> libraries, Map<String, Long> seeds, String config, List<FileHash> files) {
        return ofThisProcess(libraries, seeds, config, files, List.of());
    }

    /** The same, with files that came from the Hub. */
    public static Provenance ofThisProcess(
            Map<String, String> libraries,
            Map<String, Long> seeds,
            String config,
            List<FileHash> files,
            List<String> hub) {
        Properties build = build();
        return new Provenance(
                build.getProperty("version"),
                commit(build),
                System.getProperty("java.version") + " (" + System.getProperty("java.vendor") + ")",
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                        + System.getProperty("os.arch"),
                Runtime.getRuntime().availableProcessors(),
                libraries,
                seeds,
                config,
                files,
                hub,
                Instant.now().toString());
    }

    private static String commit(Properties build) {
        String commit = build.getProperty("commit");
        String dirty = "true".equals(build.getProperty("dirty")) ? "-dirty" : "";
        return commit.isEmpty() ? "unknown" : commit + dirty;
    }

    /** The version and the commit of this program. */
    public static String program() {
        Properties build = build();
        return build.getProperty("version") + " (" + commit(build) + ")";
    }

    /**
     * Writes the file, or adds to its list {@code resumed} when it is there: a run can be resumed by another version on
     * another machine.
     */
    void addTo(Path file) {
        ObjectNode self = Json.MAPPER.valueToTree(this);
        try {
            ObjectNode all = self;
            if (Files.exists(file)) {
                all = read(file);
                ArrayNode resumed = all.withArray("/" + RESUMED);
                resumed.add(self);
            }
            Durable.write(file, Json.pretty(all));
        } catch (IOException e) {
            throw Durable.refused("write", file, e);
        }
    }

    private static ObjectNode read(Path file) throws IOException {
        try {
            return (ObjectNode) Json.MAPPER.readTree(Files.readString(file));
        } catch (JsonProcessingException | ClassCastException e) {
            throw new UserError(
                    file
                            + " is not the JSON object that Flipside wrote; restore it, or move it away to resume without it.",
                    e);
        }
    }

    private static Properties build() {
        Properties properties = new Properties();
        try (InputStream in = Provenance.class.getResourceAsStream("build.properties")) {
            properties.load(in);
        } catch (IOException e) {
            throw new IllegalStateException("build.properties cannot be read from the class path", e);
        }
        return properties;
    }
}
