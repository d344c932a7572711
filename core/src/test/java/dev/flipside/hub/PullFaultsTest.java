package dev.flipside.hub;

import static dev.flipside.hub.TestHub.MODEL;
import static dev.flipside.hub.TestHub.NAME;
import static dev.flipside.hub.TestHub.WEIGHTS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What a user reads and what is on the disk after each fault of a Hub. The table in docs/hub.md is this test's, brought
 * up to date by {@code mvn -pl core test -Dtest=PullFaultsTest -Dflipside.updateDocs}.
 */
class PullFaultsTest {
    private static final Path PAGE = Path.of("../docs/hub.md");
    private static final String BEGIN = "<!-- faults -->\n";
    private static final String END = "<!-- /faults -->\n";
    private static final String DONE = "(it is downloaded)";

    @TempDir
    Path folder;

    /** What the cache holds of the repository after a fault. */
    enum Disk {
        COMPLETE("the whole snapshot"),
        NOTHING("nothing"),
        SMALL_FILES("the small files; no reference: the next pull goes on"),
        PART("the small files and the beginning of the weights; no reference: the next pull goes on there"),
        OUTSIDE("nothing, inside or outside of the cache");

        private final String words;

        Disk(String words) {
            this.words = words;
        }
    }

    enum Fault {
        DROPPED("connection dropped in the middle, once", DONE, Disk.COMPLETE) {
            @Override
            void make(TestHub server, HubCache cache) {
                server.meetAtFiles(good(), good(), HubFault.dropped(300_000));
            }
        },
        DROPPED_FOR_GOOD("connection dropped again and again", "did not give model.safetensors", Disk.PART) {
            @Override
            void make(TestHub server, HubCache cache) {
                server.meetAtFiles(good(), good(), HubFault.dropped(300_000));
                // Java's client asks once more by itself when a connection ends without an answer.
                for (int i = 0; i < 10; i++) {
                    server.meetAtFiles(HubFault.gone());
                }
            }
        },
        STALLED("nothing comes any more, the connection stays open", DONE, Disk.COMPLETE) {
            @Override
            void make(TestHub server, HubCache cache) {
                server.meetAtFiles(good(), good(), HubFault.stalled(200_000, 4000));
            }
        },
        WRONG_HASH_ONCE("a wrong byte on the way, once", DONE, Disk.COMPLETE) {
            @Override
            void make(TestHub server, HubCache cache) {
                server.meetAtFiles(good(), good(), HubFault.damaged());
            }
        },
        WRONG_HASH("the content is not what its hash says", "twice; nothing of it was kept", Disk.SMALL_FILES) {
            @Override
            void make(TestHub server, HubCache cache) {
                server.meetAtFiles(good(), good(), HubFault.damaged(), HubFault.damaged());
            }
        },
        ESCAPE("a listed path leads out: `../`, an absolute one, a drive letter", "could lead out", Disk.OUTSIDE) {
            @Override
            void make(TestHub server, HubCache cache) {
                server.downloads().list("../../outside.json");
            }
        },
        GATED("gated repository, no token", "accept its licence", Disk.NOTHING) {
            @Override
            void make(TestHub server, HubCache cache) {
                server.gate(MODEL);
            }
        },
        PRIVATE("private repository or none of that name, no token", "or it is private", Disk.NOTHING) {
            @Override
            void make(TestHub server, HubCache cache) {
                server.hide(MODEL);
            }
        },
        NO_REVISION("no such branch, tag or commit", "has no branch, tag or commit 'v9'", Disk.NOTHING) {
            @Override
            HubName pulled() {
                return NAME.at("v9");
            }
        },
        RATE_LIMIT("429 with Retry-After", DONE, Disk.COMPLETE) {
            @Override
            void make(TestHub server, HubCache cache) {
                server.meetAtApi(HubFault.status(429, "Retry-After", "0.2"));
                server.meetAtFiles(HubFault.status(429, "Retry-After", "0.2"));
            }
        },
        OUT_OF_ORDER("5xx again and again", "in 3 attempts, the last time: HTTP 503", Disk.NOTHING) {
            @Override
            void make(TestHub server, HubCache cache) {
                server.meetAtApi(HubFault.status(503), HubFault.status(502), HubFault.status(503));
            }
        },
        RANGE_IGNORED("the server ignores ranges when a download goes on", DONE, Disk.COMPLETE) {
            @Override
            void make(TestHub server, HubCache cache) {
                server.downloads().ignoreRange();
                server.meetAtFiles(good(), good(), HubFault.dropped(300_000));
            }
        },
        LEFT_OVER("a killed pull has left a beginning", DONE, Disk.COMPLETE) {
            @Override
            void make(TestHub server, HubCache cache) throws IOException {
                leave(cache, Arrays.copyOf(weights(), 250_000));
            }
        },
        DAMAGED_LEFT_OVER("what was left is damaged", DONE, Disk.COMPLETE) {
            @Override
            void make(TestHub server, HubCache cache) throws IOException {
                leave(cache, TestHub.random(250_000, 99));
            }
        },
        TOO_LONG_LEFT_OVER("what was left is longer than the file", DONE, Disk.COMPLETE) {
            @Override
            void make(TestHub server, HubCache cache) throws IOException {
                leave(cache, TestHub.random(700_000, 99));
            }
        },
        UNLISTED_HASH("the list of files has no hashes (a mirror's)", DONE, Disk.COMPLETE) {
            @Override
            void make(TestHub server, HubCache cache) {
                server.downloads().listNoHashes();
            }
        },
        NO_HASH("no ETag either", "names no hash of", Disk.NOTHING) {
            @Override
            void make(TestHub server, HubCache cache) {
                server.downloads().tellNoHashes();
            }
        },
        NOT_A_HUB("the server answers something else", "is no Hub; check HF_ENDPOINT", Disk.NOTHING) {
            @Override
            void make(TestHub server, HubCache cache) {
                server.meetAtApi((exchange, content) -> {
                    byte[] page = TestHub.bytes("<html>log in to this network</html>");
                    exchange.sendResponseHeaders(200, page.length);
                    exchange.getResponseBody().write(page);
                    exchange.close();
                });
            }
        },
        ONLY_PICKLE("weights only as pickle", "a format that can run code", Disk.NOTHING) {
            @Override
            void make(TestHub server, HubCache cache) {
                Map<String, byte[]> files = TestHub.modelFiles();
                files.remove(WEIGHTS);
                server.commit(MODEL, "main", files);
            }
        };

        private final String title;
        private final String reads;
        private final Disk disk;

        Fault(String title, String reads, Disk disk) {
            this.title = title;
            this.reads = reads;
            this.disk = disk;
        }

        void make(TestHub server, HubCache cache) throws IOException {}

        HubName pulled() {
            return NAME;
        }

        /** The two small files come first, and well. */
        static HubFault good() {
            return (exchange, content) -> {
                exchange.sendResponseHeaders(200, content.length);
                exchange.getResponseBody().write(content);
                exchange.close();
            };
        }

        static byte[] weights() {
            return TestHub.modelFiles().get(WEIGHTS);
        }

        static void leave(HubCache cache, byte[] beginning) throws IOException {
            Path incomplete = cache.incomplete(NAME.repo(), Replies.hex("SHA-256", weights()));
            Files.createDirectories(incomplete.getParent());
            Files.write(incomplete, beginning);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aFaultIsToldAndLeavesTheCacheWhole(Fault fault) throws IOException {
        Outcome outcome = Outcome.of(fault, folder);
        assertThat(outcome.reads()).contains(fault.reads);
        assertThat(outcome.disk()).isEqualTo(fault.disk);
    }

    @Test
    void theTableInDocsIsUpToDate() throws IOException {
        StringBuilder table = new StringBuilder("| fault | what the user reads | on the disk after |\n|---|---|---|\n");
        for (Fault fault : Fault.values()) {
            Outcome outcome = Outcome.of(fault, folder.resolve(fault.name()));
            table.append("| %s | %s | %s |\n".formatted(fault.title, outcome.reads(), outcome.disk().words));
        }
        String page = Files.readString(PAGE);
        int from = page.indexOf(BEGIN) + BEGIN.length();
        int to = page.indexOf(END);
        if (System.getProperty("flipside.updateDocs") != null) {
            Files.writeString(PAGE, page.substring(0, from) + table + page.substring(to));
        }
        assertThat(Files.readString(PAGE))
                .as("run: mvn -pl core test -Dtest=PullFaultsTest -Dflipside.updateDocs")
                .contains(BEGIN + table + END);
    }

    /** What happened. */
    private record Outcome(String reads, Disk disk) {
        static Outcome of(Fault fault, Path folder) throws IOException {
            HubCache cache = new HubCache(folder.resolve("cache"));
            try (TestHub server = new TestHub()) {
                server.commit(MODEL, "main", TestHub.modelFiles());
                fault.make(server, cache);
                String reads = DONE;
                try {
                    server.client(cache.root()).pull(fault.pulled(), Patterns.NONE, Optional.empty());
                } catch (UserError | HubUnavailableException e) {
                    reads = e.getMessage()
                            .replace(server.url(), "https://huggingface.co")
                            .replaceAll("[0-9a-f]{64}", "HASH")
                            // How the connection broke is the client's word, and not always the same.
                            .replaceAll("(last time: )(?!HTTP \\d).*(\\. What)", "$1the connection ended$2");
                }
                return new Outcome(reads, disk(cache, fault.disk == Disk.OUTSIDE, folder));
            }
        }

        private static Disk disk(HubCache cache, boolean lookOutside, Path folder) throws IOException {
            Path repo = cache.repo(NAME.repo());
            List<String> snapshot = TestHub.below(repo.resolve("snapshots"));
            List<String> blobs = new ArrayList<>(TestHub.below(repo.resolve("blobs")));
            boolean ref = Files.exists(repo.resolve("refs/main"));
            boolean part = blobs.removeIf(b -> b.endsWith(".incomplete"));
            if (lookOutside) {
                assertThat(TestHub.below(folder)).isEmpty();
                return Disk.OUTSIDE;
            }
            if (snapshot.size() == 3 && blobs.size() == 3 && ref && !part) {
                byte[] weights = Files.readAllBytes(repo.resolve("snapshots").resolve(snapshot.get(1)));
                assertThat(weights).isEqualTo(Fault.weights());
                return Disk.COMPLETE;
            }
            assertThat(ref).isFalse();
            if (part) {
                Path incomplete = cache.incomplete(NAME.repo(), Replies.hex("SHA-256", Fault.weights()));
                byte[] beginning = Files.readAllBytes(incomplete);
                assertThat(beginning).isNotEmpty().isEqualTo(Arrays.copyOf(Fault.weights(), beginning.length));
                return Disk.PART;
            }
            assertThat(blobs).hasSameSizeAs(snapshot);
            return snapshot.isEmpty() ? Disk.NOTHING : Disk.SMALL_FILES;
        }
    }
}
