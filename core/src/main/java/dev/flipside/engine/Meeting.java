package dev.flipside.engine;

import dev.flipside.config.UserError;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.ByteVector;
import org.bytedeco.pytorch.StringVector;
import org.bytedeco.pytorch.TCPStore;
import org.bytedeco.pytorch.TCPStoreOptions;

/**
 * Where ranks meet: c10d's key-value store in the process of rank 0. They find each other through it, and after an
 * exchange has failed it tells who is still there and why others left.
 */
final class Meeting implements AutoCloseable {
    /** How long survivors wait for the answers of others. */
    private static final long ROLL_CALL_SECONDS = 10;

    private static final long POLL_MILLISECONDS = 20;
    private static final String JOINED = "joined/";
    private static final String CALLED = "called/";
    private static final String LEFT = "left/";
    private static final String READ = "read/";
    private static final String ALARM = "alarm";

    private final Placement placement;
    private final TCPStore store;
    private boolean broken;

    private Meeting(Placement placement, TCPStore store) {
        this.placement = placement;
        this.store = store;
    }

    /**
     * Opens the store on rank 0, connects to it, and waits for all ranks.
     *
     * @throws UserError when the port is in use, or an address cannot be found
     * @throws PeerException when a rank does not come
     */
    static Meeting open(Placement placement) {
        Meeting meeting = new Meeting(placement, connect(placement));
        try {
            meeting.write(JOINED + placement.rank(), "");
            List<Integer> missing = meeting.missing(List.of(JOINED), placement.joinSeconds());
            if (!missing.isEmpty()) {
                throw new PeerException(
                        ranks(missing) + " did not come within " + placement.joinSeconds() + " seconds to rank 0 at "
                                + placement.master() + "; start all " + placement.worldSize()
                                + " ranks with the same WORLD_SIZE, MASTER_ADDR and MASTER_PORT, or give slow ones longer (FLIPSIDE_JOIN_SECONDS).",
                        null);
            }
        } catch (PeerException e) {
            meeting.close();
            throw e;
        } catch (RuntimeException e) {
            // The store went with rank 0, which had waited longer.
            meeting.close();
            throw new PeerException(
                    "rank 0 at " + placement.master()
                            + " ended before all ranks had come; it says itself who was missing, so start all of them again.",
                    e);
        }
        return meeting;
    }

    private static TCPStore connect(Placement placement) {
        boolean server = placement.rank() == 0;
        try (PointerScope scope = new PointerScope()) {
            TCPStoreOptions options = new TCPStoreOptions()
                    .port((short) placement.masterPort())
                    .isServer(server)
                    .waitWorkers(false)
                    .timeout(new Milliseconds(TimeUnit.SECONDS.toMillis(placement.joinSeconds())));
            return Scopes.keep(new TCPStore(placement.masterAddress(), options));
        } catch (RuntimeException e) {
            String reason = firstLine(e);
            if (server && reason.contains("EADDRINUSE")) {
                throw new UserError(
                        "MASTER_PORT: port " + placement.masterPort()
                                + " is in use on this machine, by another run or an earlier one that has not ended; choose another port for all ranks.",
                        e);
            }
            if (server) {
                throw new UserError(
                        "MASTER_ADDR: rank 0 cannot listen on " + placement.master() + " (" + reason
                                + "); give the name or address of the machine that rank 0 runs on.",
                        e);
            }
            throw new PeerException(
                    "rank 0 cannot be reached at " + placement.master() + " within " + placement.joinSeconds()
                            + " seconds; start it there, or mend MASTER_ADDR and MASTER_PORT (" + reason + ").",
                    e);
        }
    }

    TCPStore store() {
        return store;
    }

    /** Who has not written a key of any of these kinds when the time is over. */
    private List<Integer> missing(List<String> kinds, long seconds) {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        List<Integer> waitedFor =
                IntStream.range(0, placement.worldSize()).boxed().collect(Collectors.toCollection(ArrayList::new));
        while (true) {
            waitedFor.removeIf(rank -> kinds.stream().anyMatch(kind -> has(kind + rank)));
            if (waitedFor.isEmpty() || System.nanoTime() >= until) {
                return waitedFor;
            }
            pause();
        }
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(POLL_MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PeerException("the wait for other ranks was interrupted", e);
        }
    }

    /** Whether any rank has left or calls the roll; so it is where rank 0 is gone. */
    boolean alarmed() {
        boolean[] alarm = new boolean[1];
        attempt(() -> alarm[0] = has(ALARM));
        return alarm[0] || broken;
    }

    /** Tells the others why this rank ends. Where rank 0 is gone there is nobody to tell. */
    void leave(String sentence) {
        attempt(() -> {
            write(LEFT + placement.rank(), sentence);
            write(ALARM, "");
        });
        linger(sentence);
    }

    /**
     * After an exchange has failed: asks who is still there.
     *
     * @param what was being exchanged
     * @param late whether the time was over
     * @param failure of the exchange
     * @return an error that names who is not, and what the others said before they left
     */
    PeerException rollCall(String what, boolean late, RuntimeException failure) {
        List<String> reasons = new ArrayList<>();
        attempt(() -> {
            write(CALLED + placement.rank(), "");
            write(ALARM, "");
            List<Integer> missing = missing(List.of(CALLED, LEFT), ROLL_CALL_SECONDS);
            for (int rank = 0; rank < placement.worldSize(); rank++) {
                if (rank != placement.rank() && has(LEFT + rank)) {
                    reasons.add("rank " + rank + " ended: " + read(LEFT + rank).replaceFirst("\\.$", ""));
                }
            }
            for (int rank = 0; reasons.isEmpty() && missing.isEmpty() && rank < placement.worldSize(); rank++) {
                if (has(READ + rank)) {
                    reasons.add("rank " + rank + " had given up waiting: " + read(READ + rank));
                }
            }
            if (!missing.isEmpty()) {
                reasons.add(ranks(missing)
                        + (late
                                ? " did not come within " + placement.exchangeSeconds()
                                        + " seconds (FLIPSIDE_EXCHANGE_SECONDS)"
                                : missing.size() == 1
                                        ? " is gone (its process or its machine ended)"
                                        : " are gone (their processes or machines ended)"));
            }
        });
        if (reasons.isEmpty()) {
            reasons.add(
                    broken
                            ? "rank 0 is gone (its process or its machine ended)"
                            : "the connection between ranks broke (" + firstLine(failure) + ")");
        }
        linger(String.join("; ", reasons));
        return new PeerException(
                String.join("; ", reasons) + "; this rank, " + placement.rank() + " of " + placement.worldSize()
                        + ", stopped in " + what + ".",
                failure);
    }

    /** Rank 0 keeps the store until the others have read it: those that are there do so within the roll call. */
    private void linger(String reasons) {
        attempt(() -> write(READ + placement.rank(), reasons));
        if (placement.rank() == 0) {
            attempt(() -> {
                long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(ROLL_CALL_SECONDS / 2);
                while (System.nanoTime() < until
                        && IntStream.range(1, placement.worldSize()).anyMatch(r -> !has(READ + r))) {
                    pause();
                }
            });
        }
    }

    private void attempt(Runnable work) {
        if (broken) {
            return;
        }
        try {
            work.run();
        } catch (PeerException e) {
            throw e;
        } catch (RuntimeException e) {
            // The store went with rank 0.
            broken = true;
        }
    }

    private boolean has(String key) {
        try (PointerScope scope = new PointerScope()) {
            return store.check(new StringVector(key));
        }
    }

    private String read(String key) {
        try (PointerScope scope = new PointerScope()) {
            return new String(store.get(key).get(), StandardCharsets.UTF_8).strip();
        }
    }

    private void write(String key, String value) {
        try (PointerScope scope = new PointerScope()) {
            // An empty value of the store is one that was never written.
            store.set(key, new ByteVector((value + " ").getBytes(StandardCharsets.UTF_8)));
        }
    }

    private static String ranks(List<Integer> ranks) {
        return (ranks.size() == 1 ? "rank " : "ranks ")
                + ranks.stream().map(String::valueOf).collect(Collectors.joining(", "));
    }

    static String firstLine(RuntimeException e) {
        // Gloo begins with the place in its source.
        return String.valueOf(e.getMessage())
                .split("\n|\\. Exception raised", 2)[0]
                .replaceFirst("^\\[[^\\]]*\\] *", "")
                .strip();
    }

    @Override
    public void close() {
        Scopes.release(store);
    }
}
