package dev.flipside.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Ranks as threads of this process, each with connections of its own. */
public final class Ranked {
    private Ranked() {}

    /** A port that nobody listens on. */
    public static int freePort() {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static Placement placement(int rank, int world, int port) {
        return new Placement(rank, world, rank, "127.0.0.1", port, 20, 20);
    }

    @FunctionalInterface
    public interface Work<T> {
        T run(Collective collective) throws Exception;
    }

    /** What each of the ranks returns, in their order; the first failure is thrown. */
    public static <T> List<T> run(int world, Work<T> work) {
        int port = freePort();
        return together(world, rank -> {
            try (Collective collective = Collective.join(placement(rank, world, port), Device.CPU)) {
                try {
                    return work.run(collective);
                } catch (RuntimeException e) {
                    collective.leave(e.getMessage());
                    throw e;
                }
            }
        });
    }

    @FunctionalInterface
    public interface OfRank<T> {
        T run(int rank) throws Exception;
    }

    /** Each in a thread of its own. */
    public static <T> List<T> together(int world, OfRank<T> work) {
        ExecutorService threads = Executors.newFixedThreadPool(world);
        try {
            List<Callable<T>> calls = new ArrayList<>();
            for (int rank = 0; rank < world; rank++) {
                int own = rank;
                calls.add(() -> work.run(own));
            }
            List<T> results = new ArrayList<>();
            for (Future<T> future : threads.invokeAll(calls)) {
                results.add(future.get());
            }
            return results;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        } finally {
            threads.shutdownNow();
        }
    }
}
