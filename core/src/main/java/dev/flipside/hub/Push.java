package dev.flipside.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.flipside.config.UserError;
import dev.flipside.hub.LargeFiles.LargeFile;
import dev.flipside.run.Durable;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A model directory becomes one commit of a repository on the Hub. The contents of large files go first and the commit
 * last, so that a push that is killed before its end has changed nothing that anyone sees, and sends nothing twice when
 * it is repeated.
 */
public final class Push {
    private static final String README = "README.md";
    private static final int SAMPLE_BYTES = 512;

    private final HubHttp http;
    private final HubApi api;
    private final TransferListener listener;

    public Push(HubSettings settings, TransferListener listener) {
        this.listener = listener;
        http = new HubHttp(settings);
        api = new HubApi(http);
    }

    /**
     * What to push, and where to.
     *
     * @param target with a branch, which is made where it is missing
     * @param isPrivate whether a new repository is visible to its owner only
     * @param message of the commit
     * @param card the text of README.md where neither the directory nor the repository has one
     */
    public record Request(Path directory, HubName target, boolean isPrivate, String message, String card) {}

    /**
     * What has become of it.
     *
     * @param url of the commit, or of the repository when nothing had changed
     * @param commit empty when nothing had changed
     * @param files that the commit holds
     * @param left names of files and folders of the directory that were not meant for the world
     */
    public record Pushed(String url, Optional<String> commit, List<String> files, List<String> left) {}

    /** A file of the commit; {@code mode} is the Hub's word for how it wants it. */
    private record Entry(String name, Optional<Path> path, byte[] content, String mode) {}

    /**
     * Pushes.
     *
     * @throws UserError when the directory is none of a model, the Hub refuses the account or the repository's
     *     visibility is another one
     * @throws HubUnavailableException when the connection stays away
     */
    public Pushed push(Request request) {
        HubName target = request.target();
        if (http.settings().offline()) {
            throw new UserError("HF_HUB_OFFLINE is set, so nothing is pushed: unset it.");
        }
        PushFiles chosen = PushFiles.of(request.directory(), http.settings().token());
        if (http.settings().token().authorization().isEmpty()) {
            throw new UserError("A push needs an account: set HF_TOKEN to an access token that may write to "
                    + target.repo().id() + ".");
        }
        if (target.pinned()) {
            throw new UserError(
                    "--revision: " + target.revision() + " is a commit, which cannot be changed; give a branch.");
        }
        AdapterBase.unpublished(request.directory())
                .ifPresent(base -> listener.message("the adapter names its base by a directory of this machine, " + base
                        + ", which nobody else has: publish the base too, or write its name on the Hub into "
                        + AdapterBase.CONFIG));
        create(target, request.isPrivate());
        List<Entry> changed = changed(target, request.directory(), chosen, request.card());
        if (changed.isEmpty()) {
            return new Pushed(page(target), Optional.empty(), List.of(), chosen.left());
        }
        List<LargeFile> large = changed.stream()
                .filter(e -> e.mode().equals("lfs"))
                .map(e -> LargeFiles.of(e.path().orElseThrow()))
                .toList();
        new LargeFiles(http, target, listener).upload(large);
        JsonNode commit = commit(target, request.message(), changed, large);
        return new Pushed(
                commit.path("commitUrl").asText(page(target)),
                Optional.of(commit.path("commitOid").asText("")).filter(oid -> !oid.isEmpty()),
                changed.stream().map(Entry::name).toList(),
                chosen.left());
    }

    private String page(HubName target) {
        return http.settings().endpoint() + "/" + target.repo().page();
    }

    private void create(HubName target, boolean isPrivate) {
        String[] id = target.repo().id().split("/");
        Map<String, Object> payload = new LinkedHashMap<>();
        payload.put("type", target.repo().type().word());
        payload.put("organization", id[0]);
        payload.put("name", id[1]);
        payload.put("private", isPrivate);
        // 409: it is there. 403: the token may not create one, and may write to one that is there.
        int status = http.json(
                        target,
                        "the creation",
                        HubRequest.postJson(http.settings().at("api/repos/create"), payload)
                                .accepting(409, 403))
                .status();
        if (status / 100 != 2) {
            JsonNode info = existing(target, status);
            if (isPrivate && !info.path("private").asBoolean()) {
                throw new UserError("--private: " + target.repo().id()
                        + " exists and is public, and a push does not change that; make it private at " + page(target)
                        + "/settings, or leave --private out.");
            }
        }
        if (!target.revision().equals(HubName.MAIN)) {
            URI branch = http.settings().at(target.repo().api() + "/branch/" + Addresses.encoded(target.revision()));
            http.json(
                    target, "the branch", HubRequest.postJson(branch, Map.of()).accepting(409));
        }
    }

    private JsonNode existing(HubName target, int status) {
        try {
            return api.info(target);
        } catch (UserError e) {
            throw new UserError(
                    "Your token may not make the repository " + target.repo().id() + " (HTTP " + status
                            + "): take an organisation of your own, or a token in HF_TOKEN that may write there.",
                    e);
        }
    }

    /** The files that the branch does not have as they are. */
    private List<Entry> changed(HubName target, Path directory, PushFiles chosen, String card) {
        List<Entry> all = new ArrayList<>();
        Optional<byte[]> adapter = AdapterBase.published(directory);
        for (Path file : chosen.files()) {
            String name = file.getFileName().toString();
            all.add(
                    adapter.isPresent() && name.equals(AdapterBase.CONFIG)
                            ? new Entry(name, Optional.empty(), adapter.get(), "regular")
                            : new Entry(name, Optional.of(file), head(file), ""));
        }
        boolean described = all.stream().anyMatch(e -> e.name().equals(README));
        if (!described && api.listing(target).find(README).isEmpty()) {
            all.add(new Entry(README, Optional.empty(), card.getBytes(StandardCharsets.UTF_8), "regular"));
        }
        List<Map<String, Object>> questions = new ArrayList<>();
        for (Entry entry : all) {
            byte[] sample = Arrays.copyOf(entry.content(), Math.min(SAMPLE_BYTES, entry.content().length));
            questions.add(Map.of(
                    "path",
                    entry.name(),
                    "size",
                    entry.path().map(Push::size).orElse((long) entry.content().length),
                    "sample",
                    Base64.getEncoder().encodeToString(sample)));
        }
        URI uri = http.settings().at(target.repo().api() + "/preupload/" + Addresses.encoded(target.revision()));
        JsonNode answers = http.json(target, "the upload", HubRequest.postJson(uri, Map.of("files", questions)))
                .json()
                .path("files");
        Map<String, JsonNode> byName = new LinkedHashMap<>();
        answers.forEach(answer -> byName.put(answer.path("path").asText(), answer));
        List<Entry> changed = new ArrayList<>();
        for (Entry entry : all) {
            JsonNode answer = byName.getOrDefault(entry.name(), JsonNodeFactory.instance.objectNode());
            boolean large = answer.path("uploadMode").asText("").equals("lfs")
                    && entry.path().map(Push::size).orElse(0L) > 0;
            if (!isThere(entry, large, answer.path("oid").asText(""))) {
                changed.add(new Entry(entry.name(), entry.path(), entry.content(), large ? "lfs" : "regular"));
            }
        }
        return changed;
    }

    private static boolean isThere(Entry entry, boolean large, String hash) {
        return HubFile.isHash(hash)
                && hash.length() == (large ? 64 : 40)
                && entry.path()
                        .map(path -> Hashes.like(hash, path))
                        .orElseGet(() -> Hashes.gitBlob(entry.content()))
                        .equals(hash);
    }

    /** Not tried again when its answer is lost: it may have been done. */
    private JsonNode commit(HubName target, String message, List<Entry> entries, List<LargeFile> large) {
        StringBuilder lines = new StringBuilder();
        lines.append(line("header", Map.of("summary", message, "description", "")));
        int at = 0;
        for (Entry entry : entries) {
            if (entry.mode().equals("lfs")) {
                LargeFile file = large.get(at++);
                lines.append(line(
                        "lfsFile",
                        Map.of("path", entry.name(), "algo", "sha256", "oid", file.hash(), "size", file.size())));
            } else {
                byte[] content = entry.path().map(Push::read).orElse(entry.content());
                lines.append(line(
                        "file",
                        Map.of(
                                "path",
                                entry.name(),
                                "encoding",
                                "base64",
                                "content",
                                Base64.getEncoder().encodeToString(content))));
            }
        }
        URI uri = http.settings().at(target.repo().api() + "/commit/" + Addresses.encoded(target.revision()));
        HubRequest request = new HubRequest(
                "POST",
                uri,
                Map.of("Content-Type", "application/x-ndjson"),
                Optional.of(BodyPublishers.ofString(lines.toString())),
                Set.of());
        return http.jsonOnce(target, "the commit", request)
                .orElseThrow(() -> new HubUnavailableException(
                        "The connection ended while the commit to "
                                + target.repo().id()
                                + " was under way, so it is not known whether it was made: look at " + page(target)
                                + "/commits/" + target.revision()
                                + ", and run the same command again if it was not. Contents are not sent twice.",
                        null));
    }

    private static String line(String key, Map<String, ?> value) {
        return HubHttp.write(Map.of("key", key, "value", value)) + "\n";
    }

    private static byte[] head(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(SAMPLE_BYTES);
        } catch (IOException e) {
            throw Durable.refused("read", file, e);
        }
    }

    private static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw Durable.refused("read", file, e);
        }
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw Durable.refused("read", file, e);
        }
    }
}
