package dev.flipside.compare;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.engine.NativeLibrary;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class SeedOrderTest {
    @Test
    void anEarlierSeedsLaterWorkComesBeforeALaterSeeds() throws InterruptedException {
        List<String> done = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch submitted = new CountDownLatch(1);
        List<CompletableFuture<Void>> seeds = new ArrayList<>();
        try (SeedOrder workers = new SeedOrder(1, 1)) {
            for (int i = 0; i < 3; i++) {
                int seed = i;
                seeds.add(CompletableFuture.runAsync(() -> await(submitted), workers.of(seed))
                        .thenRunAsync(() -> done.add(seed + " shared"), workers.of(seed))
                        .thenComposeAsync(
                                v -> CompletableFuture.allOf(
                                        CompletableFuture.runAsync(() -> done.add(seed + " arm 1"), workers.of(seed)),
                                        CompletableFuture.runAsync(() -> done.add(seed + " arm 2"), workers.of(seed))),
                                workers.of(seed)));
            }
            submitted.countDown();
            seeds.forEach(CompletableFuture::join);
        }
        assertThat(done)
                .containsExactly(
                        "0 shared",
                        "0 arm 1",
                        "0 arm 2",
                        "1 shared",
                        "1 arm 1",
                        "1 arm 2",
                        "2 shared",
                        "2 arm 1",
                        "2 arm 2");
    }

    @Test
    void everyWorkerComputesOnItsOwnNumberOfThreads() {
        for (int threads : new int[] {3, 1}) {
            try (SeedOrder workers = new SeedOrder(2, threads)) {
                List<CompletableFuture<Integer>> seen = new ArrayList<>();
                for (int i = 0; i < 4; i++) {
                    seen.add(CompletableFuture.supplyAsync(NativeLibrary::threads, workers.of(i)));
                }
                assertThat(seen).allSatisfy(s -> assertThat(s.join()).isEqualTo(threads));
            }
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
