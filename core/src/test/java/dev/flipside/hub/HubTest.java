package dev.flipside.hub;

import static dev.flipside.hub.TestHub.MODEL;
import static dev.flipside.hub.TestHub.NAME;
import static dev.flipside.hub.TestHub.WEIGHTS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.Waiting;
import dev.flipside.config.UserError;
import dev.flipside.hub.TestHub.Request;
import dev.flipside.run.ChildJvm;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Models by name: the cache's layout, revisions, resume, and who gets the token. */
class HubTest {
    @TempDir
    Path folder;

    private TestHub server;
    private String commit;

    @BeforeEach
    void start() throws IOException {
        server = new TestHub();
        commit = server.commit(MODEL, "main", TestHub.modelFiles());
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Hub hub() {
        return server.client(cache());
    }

    private Path cache() {
        return folder.resolve("cache");
    }

    private Path repo() {
        return cache().resolve("models--org--tiny");
    }

    private Hub.Pulled pull(HubName name) {
        return hub().pull(name, Patterns.NONE, Optional.empty());
    }

    private long files(List<Request> requests) {
        return requests.stream()
                .filter(r -> r.host().equals("elsewhere") || r.path().contains("/resolve/"))
                .count();
    }

    /** The layout of huggingface_hub: blobs by hash, relative links in snapshots, the commit in refs. */
    @Test
    void theCacheHasTheSharedLayoutAndOnlyWhatIsNeeded() throws IOException {
        Hub.Pulled pulled = pull(NAME);

        String weights = Replies.hex("SHA-256", TestHub.modelFiles().get(WEIGHTS));
        String config = Replies.gitBlob(TestHub.modelFiles().get("config.json"));
        String tokenizer = Replies.gitBlob(TestHub.modelFiles().get("tokenizer.json"));
        assertThat(pulled.commit()).isEqualTo(commit);
        assertThat(pulled.folder()).isEqualTo(repo().resolve("snapshots").resolve(commit));
        assertThat(TestHub.below(pulled.folder())).containsExactly("config.json", WEIGHTS, "tokenizer.json");
        assertThat(TestHub.below(repo().resolve("blobs"))).containsExactlyInAnyOrder(weights, config, tokenizer);
        assertThat(Files.readSymbolicLink(pulled.folder().resolve(WEIGHTS))).hasToString("../../blobs/" + weights);
        assertThat(repo().resolve("refs/main")).hasContent(commit);
        assertThat(pulled.bytesReceived()).isEqualTo(pulled.size());
    }

    @Test
    void aSecondPullTransfersNothing() {
        pull(NAME);
        long before = files(server.requests());
        Hub.Pulled again = pull(NAME);
        assertThat(again.bytesReceived()).isZero();
        assertThat(files(server.requests())).isEqualTo(before);
    }

    @Test
    void aModelInTheCacheNeedsNoServer() {
        Path model = pull(NAME).folder();
        int before = server.requests().size();
        assertThat(hub().model(NAME)).isEqualTo(model);
        assertThat(hub().model(NAME.at(commit))).isEqualTo(model);
        assertThat(server.requests()).hasSize(before);

        Hub offline = new Hub(server.offline(cache()), new Lines());
        assertThat(offline.model(NAME)).isEqualTo(model);
        assertThat(offline.pull(NAME, Patterns.NONE, Optional.empty()).folder()).isEqualTo(model);
        assertThat(server.requests()).hasSize(before);
        assertThatThrownBy(() -> offline.model(NAME.at("v2")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("org/tiny at v2 is not in the cache")
                .hasMessageContaining("HF_HUB_OFFLINE");
    }

    @Test
    void aNameStaysAtItsCommitUntilItIsPulledAgain() {
        Path before = hub().model(NAME);
        Map<String, byte[]> files = TestHub.modelFiles();
        files.put("config.json", TestHub.bytes("{\"model_type\": \"qwen2\"}"));
        String newer = server.commit(MODEL, "main", files);

        assertThat(hub().model(NAME)).isEqualTo(before);
        Hub.Pulled pulled = pull(NAME);
        assertThat(pulled.commit()).isEqualTo(newer);
        assertThat(pulled.bytesReceived()).as("only the changed file").isEqualTo(files.get("config.json").length);
        assertThat(hub().model(NAME)).isEqualTo(pulled.folder());
        assertThat(before.resolve("config.json")).hasContent("{\"model_type\": \"llama\"}");
    }

    @Test
    void branchesTagsAndCommitsAreRevisions() {
        Map<String, byte[]> files = TestHub.modelFiles();
        files.put("config.json", TestHub.bytes("{\"model_type\": \"mistral\"}"));
        String other = server.commit(MODEL, "refs/pr/1", files);
        server.tag(MODEL, "v1.0", commit);

        assertThat(pull(NAME.at("refs/pr/1")).commit()).isEqualTo(other);
        assertThat(repo().resolve("refs/refs/pr/1")).hasContent(other);
        assertThat(pull(NAME.at("v1.0")).commit()).isEqualTo(commit);
        assertThat(repo().resolve("refs/v1.0")).hasContent(commit);
        assertThat(pull(NAME.at(other)).commit()).isEqualTo(other);
        assertThat(TestHub.below(repo().resolve("refs")))
                .as("a commit needs no reference")
                .hasSize(2);
    }

    @Test
    void aLongListComesInPages() {
        server.downloads().pages(2);
        assertThat(pull(NAME).files()).hasSize(3);
    }

    @Test
    void theTokenGoesToTheHubAndToNoOtherHost() {
        server.gate(MODEL);
        server.hide(MODEL);
        Hub known = new Hub(server.settings(cache(), TestHub.TOKEN), new Lines());
        known.pull(NAME, Patterns.NONE, Optional.empty());
        assertThat(server.requests()).anyMatch(r -> r.host().equals("elsewhere"));
        assertThat(server.requests()).allSatisfy(r -> assertThat(r.authorization())
                .isEqualTo(r.host().equals("hub") ? "Bearer " + TestHub.TOKEN : null));
    }

    @Test
    void aWrongTokenIsToldWithoutShowingIt() {
        server.hide(MODEL);
        Hub wrong = new Hub(server.settings(cache(), "hf_wrong"), new Lines());
        assertThatThrownBy(() -> wrong.pull(NAME, Patterns.NONE, Optional.empty()))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("does not accept your token")
                .message()
                .doesNotContain("hf_wrong");
    }

    @Test
    void aDroppedDownloadGoesOnWhereItWas() throws IOException {
        int size = TestHub.modelFiles().get(WEIGHTS).length;
        Path incomplete = new HubCache(cache())
                .incomplete(
                        NAME.repo(), Replies.hex("SHA-256", TestHub.modelFiles().get(WEIGHTS)));
        Files.createDirectories(incomplete.getParent());
        Files.write(incomplete, java.util.Arrays.copyOf(TestHub.modelFiles().get(WEIGHTS), 400_000));

        Lines lines = new Lines();
        new Hub(server.settings(cache()), lines).pull(NAME, Patterns.NONE, Optional.empty());

        assertThat(server.requests())
                .filteredOn(r -> r.host().equals("elsewhere"))
                .singleElement()
                .satisfies(r -> assertThat(r.range()).isEqualTo("bytes=400000-"));
        assertThat(lines.there).isEqualTo(400_000);
        assertThat(lines.positions).isSorted().endsWith((long) size + "{}".length() + 23);
        assertThat(incomplete).doesNotExist();
    }

    /** A process of its own, killed in the middle of the weights. */
    @Test
    void aKilledPullGoesOnInTheNextProcess() throws Exception {
        byte[] weights = TestHub.modelFiles().get(WEIGHTS);
        HubFault good = (exchange, content) -> {
            exchange.sendResponseHeaders(200, content.length);
            exchange.getResponseBody().write(content);
            exchange.close();
        };
        server.meetAtFiles(good, good, HubFault.stalled(300_000, 60_000));
        Path incomplete = new HubCache(cache()).incomplete(NAME.repo(), Replies.hex("SHA-256", weights));
        Process child = ChildJvm.start(KilledPull.class, server.url(), cache().toString());
        Waiting.until(
                Duration.ofSeconds(30),
                "a part is there",
                () -> Files.exists(incomplete) && Files.size(incomplete) >= 200_000);
        child.destroyForcibly().waitFor();

        long left = Files.size(incomplete);
        assertThat(left).isBetween(200_000L, 300_000L);
        assertThat(repo().resolve("refs/main")).doesNotExist();
        Hub.Pulled pulled = pull(NAME);
        assertThat(pulled.folder().resolve(WEIGHTS)).hasBinaryContent(weights);
        assertThat(pulled.bytesReceived()).isEqualTo(weights.length - left);
        assertThat(server.requests()).last().satisfies(r -> assertThat(r.range())
                .isEqualTo("bytes=" + left + "-"));
    }

    /** What a Python program that only reads configurations leaves in the cache. */
    @Test
    void anIncompleteSnapshotIsCompleted() throws IOException {
        Path model = pull(NAME).folder();
        Files.delete(model.resolve(WEIGHTS));
        Files.delete(new HubCache(cache())
                .blob(NAME.repo(), Replies.hex("SHA-256", TestHub.modelFiles().get(WEIGHTS))));
        Files.delete(repo().resolve("flipside/" + commit + ".json"));

        Hub offline = new Hub(server.offline(cache()), new Lines());
        assertThatThrownBy(() -> offline.model(NAME))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("safetensors");
        assertThat(hub().model(NAME).resolve(WEIGHTS))
                .hasBinaryContent(TestHub.modelFiles().get(WEIGHTS));
    }

    @Test
    void offlineASmallFileMayBeMissing() throws IOException {
        Map<String, byte[]> files = TestHub.modelFiles();
        files.put("generation_config.json", TestHub.bytes("{\"eos_token_id\": 7}"));
        server.commit(MODEL, "main", files);
        Path model = pull(NAME).folder();
        Lines lines = new Lines();
        Hub offline = new Hub(server.offline(cache()), lines);
        Files.delete(model.resolve("generation_config.json"));
        assertThat(offline.model(NAME)).isEqualTo(model);
        assertThat(lines.lines).singleElement().asString().contains("without generation_config.json");
        Files.delete(model.resolve("tokenizer.json"));
        assertThatThrownBy(() -> offline.model(NAME))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("tokenizer.json");
    }

    @Test
    void aCacheThatAnotherProgramFilledIsEnoughWithoutAHub() throws IOException {
        Path model = pull(NAME).folder();
        Files.delete(repo().resolve("flipside/" + commit + ".json"));
        Lines lines = new Lines();
        server.meetAtApi(HubFault.status(503), HubFault.status(503), HubFault.status(503));
        Hub hub = new Hub(server.settings(cache()), lines);
        assertThat(hub.model(NAME)).isEqualTo(model);
        assertThat(lines.lines).singleElement().asString().contains("taken from the cache as it is");
    }

    @Test
    void twoPullsAtOnceTransferAFileOnce() throws Exception {
        Path lock = new HubCache(cache())
                .lock(NAME.repo(), Replies.hex("SHA-256", TestHub.modelFiles().get(WEIGHTS)));
        Files.createDirectories(lock.getParent());
        Lines lines = new Lines();
        CompletableFuture<Hub.Pulled> waiting;
        try (FileChannel other = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            other.lock();
            waiting = CompletableFuture.supplyAsync(
                    () -> new Hub(server.settings(cache()), lines).pull(NAME, Patterns.NONE, Optional.empty()));
            Waiting.until(Duration.ofSeconds(10), "it waits for the other", () -> lines.lines.size() >= 2);
            assertThat(lines.lines).last().asString().contains("downloaded by another process; waiting");
            assertThat(waiting).isNotDone();
            // The other process finishes.
            String hash = Replies.hex("SHA-256", TestHub.modelFiles().get(WEIGHTS));
            Files.write(
                    new HubCache(cache()).blob(NAME.repo(), hash),
                    TestHub.modelFiles().get(WEIGHTS));
        }
        assertThat(waiting.get(10, TimeUnit.SECONDS).files()).hasSize(3);
        assertThat(server.requests()).noneMatch(r -> r.host().equals("elsewhere"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../x",
                "a/../../x",
                "/etc/passwd",
                "C:/x",
                "c:x",
                "a\\..\\x",
                "a//x",
                "./x",
                ".git/config",
                "a/.git/hooks/x",
                "x\ny"
            })
    void noPathLeadsOutOfItsFolder(String path) {
        server.downloads().list(path);
        assertThatThrownBy(() -> pull(NAME))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("could lead out of its folder");
        assertThat(repo()).doesNotExist();
    }

    @Test
    void patternsReplaceTheChoice() {
        Hub.Pulled pulled =
                hub().pull(NAME, new Patterns(List.of("*.md", "*.json"), List.of("tok*")), Optional.empty());
        assertThat(pulled.files()).extracting(HubFile::path).containsExactly("README.md", "config.json");
        assertThatThrownBy(() -> hub().pull(NAME, new Patterns(List.of("*"), List.of()), Optional.empty()))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("pytorch_model.bin")
                .hasMessageContaining("--exclude");
        assertThatThrownBy(() -> hub().pull(NAME, new Patterns(List.of("*.gguf"), List.of()), Optional.empty()))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("matches no file")
                .hasMessageContaining("config.json");
    }

    @Test
    void aFolderOfOnesOwnHoldsFilesAndLeavesTheCacheAlone() throws IOException {
        Path own = folder.resolve("own");
        hub().pull(NAME, Patterns.NONE, Optional.of(own));
        assertThat(TestHub.below(own))
                .filteredOn(f -> !f.startsWith(".cache"))
                .containsExactly("config.json", WEIGHTS, "tokenizer.json");
        assertThat(Files.isSymbolicLink(own.resolve(WEIGHTS))).isFalse();
        assertThat(repo().resolve("blobs")).doesNotExist();

        Files.writeString(own.resolve("config.json"), "{\"model_type\": \"LLAMA\"}");
        Hub.Pulled again = hub().pull(NAME, Patterns.NONE, Optional.of(own));
        assertThat(again.bytesReceived())
                .as("what was changed is fetched again")
                .isEqualTo(23);
        assertThat(own.resolve("config.json")).hasContent("{\"model_type\": \"llama\"}");
    }

    @Test
    void aLinkInAFolderOfOnesOwnIsNotFollowed() throws IOException {
        Map<String, byte[]> files = TestHub.modelFiles();
        files.put("sub/notes.json", TestHub.bytes("{}"));
        server.commit(MODEL, "main", files);
        Path own = Files.createDirectories(folder.resolve("own"));
        Path target = Files.createDirectories(folder.resolve("target"));
        Files.createSymbolicLink(own.resolve("sub"), target);
        assertThatThrownBy(() -> hub().pull(NAME, new Patterns(List.of("sub/*"), List.of()), Optional.of(own)))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("is a link");
        assertThat(target).isEmptyDirectory();
    }

    /** A request through a proxy names its host: the test's server answers for whatever host. */
    @Test
    void aProxyIsAskedForWhatIsNotExcepted() {
        HubSettings through = HubSettings.of(Map.of(
                "HF_ENDPOINT",
                "http://hub.example",
                "HF_HOME",
                folder.toString(),
                "HTTP_PROXY",
                server.url(),
                "NO_PROXY",
                "localhost"));
        Hub.Pulled pulled = new Hub(through, new Lines()).pull(NAME, Patterns.NONE, Optional.empty());
        assertThat(pulled.folder())
                .isEqualTo(folder.resolve("hub/models--org--tiny/snapshots").resolve(commit));
    }
}
