package dev.flipside.hub;

import dev.flipside.config.UserError;
import dev.flipside.net.ApiKey;
import dev.flipside.run.Durable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What of a model directory is for the world: what a pull of it would take, its card and its licence. States of
 * optimisers, logs and whatever else lies there are not.
 *
 * @param files to upload, in the order of their names
 * @param left names of files and folders that stay
 */
record PushFiles(List<Path> files, List<String> left) {
    private static final Pattern PAPERS = Pattern.compile("(?i)README\\.md|(LICENSE|NOTICE|USE_POLICY)(\\.(md|txt))?");
    private static final Pattern ACCESS_TOKEN = Pattern.compile("\\bhf_[A-Za-z0-9]{30,}\\b");

    /** Texts of more are vocabularies. */
    private static final long MOST_SEARCHED = 2_000_000;

    /** @throws UserError when the directory holds no model, or an access token stands in a file */
    static PushFiles of(Path directory, ApiKey token) {
        if (!Files.isDirectory(directory)) {
            throw new UserError(directory + ": there is no such model directory; check the path.");
        }
        List<Path> all;
        try (Stream<Path> entries = Files.list(directory)) {
            all = entries.sorted().toList();
        } catch (IOException e) {
            throw Durable.refused("list", directory, e);
        }
        List<Path> files = all.stream().filter(PushFiles::isPublic).toList();
        boolean weights = files.stream().anyMatch(f -> f.toString().endsWith(".safetensors"));
        boolean config = files.stream().anyMatch(f -> f.toString().endsWith("config.json"));
        if (!weights || !config) {
            throw new UserError(directory + " is no model directory, for it has no "
                    + (config ? "safetensors" : "config.json")
                    + "; give the folder of the model itself, such as runs/save/policy or runs/reward-model/final.");
        }
        files.forEach(file -> refuseTokens(file, token));
        return new PushFiles(
                files,
                all.stream()
                        .filter(f -> !isPublic(f))
                        .map(f -> f.getFileName().toString())
                        .toList());
    }

    private static boolean isPublic(Path path) {
        String name = path.getFileName().toString();
        return Files.isRegularFile(path)
                && (FileChoice.isPartOfAModel(name) || PAPERS.matcher(name).matches());
    }

    private static void refuseTokens(Path file, ApiKey token) {
        if (file.toString().endsWith(".safetensors")) {
            return;
        }
        try {
            if (Files.size(file) > MOST_SEARCHED) {
                return;
            }
            String text = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
            if (ACCESS_TOKEN.matcher(text).find() || !token.hideIn(text).equals(text)) {
                throw new UserError(
                        file
                                + " holds an access token, which would be published; remove it from the file (and revoke it where the file has been seen). Nothing was sent.");
            }
        } catch (IOException e) {
            throw Durable.refused("read", file, e);
        }
    }
}
