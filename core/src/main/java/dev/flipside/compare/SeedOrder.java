package dev.flipside.compare;

import dev.flipside.engine.NativeLibrary;
import java.util.concurrent.Executor;
import java.util.concurrent.PriorityBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Workers that take what is left of an earlier seed before they begin a later one: a comparison that is stopped has
 * whole seeds to show.
 */
final class SeedOrder implements AutoCloseable {
    private final ThreadPoolExecutor workers;
    private final AtomicLong arrived = new AtomicLong();

    /**
     * @param workers how many
     * @param threads on which each of them computes
     */
    SeedOrder(int workers, int threads) {
        this.workers = new ThreadPoolExecutor(
                workers,
                workers,
                0,
                TimeUnit.SECONDS,
                new PriorityBlockingQueue<>(),
                work -> new Thread(() -> {
                    NativeLibrary.useThreads(threads);
                    work.run();
                }));
    }

    /** Work of one seed, within it in the order in which it comes. */
    private record Task(int seed, long arrived, Runnable work) implements Runnable, Comparable<Task> {
        @Override
        public void run() {
            work.run();
        }

        @Override
        public int compareTo(Task other) {
            return seed != other.seed ? Integer.compare(seed, other.seed) : Long.compare(arrived, other.arrived);
        }
    }

    /** @param seed its place among the seeds */
    Executor of(int seed) {
        return work -> workers.execute(new Task(seed, arrived.incrementAndGet(), work));
    }

    @Override
    public void close() {
        workers.shutdown();
    }
}
