package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.ProcessMemory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Native memory is freed by hand here: a forgotten tensor would show as growth. */
@Tag("slow")
@EnabledOnOs(OS.LINUX)
class MemoryTest {
    @TempDir
    Path folder;

    /** From step 50, when the code is compiled and the allocator has met every shape. */
    @Test
    void twoHundredStepsNeedNoMoreThanFifty() throws IOException {
        StoriesRun.prepare(folder);
        Map<Long, Long> kilobytes = new HashMap<>();
        new SaveTrainer(StoriesRun.config(
                        folder,
                        "run",
                        "run.max_steps=200",
                        "run.save_steps=50",
                        "save.anchor=frozen",
                        "save.centering=0.01",
                        "rollout.refill_zero_variance=1"))
                .listener(new TrainListener() {
                    @Override
                    public void step(long step, Map<String, Double> metrics) {
                        if (step == 50 || step == 200) {
                            kilobytes.put(step, settledKilobytes());
                        }
                    }
                })
                .run();
        assertThat((double) kilobytes.get(200L)).isLessThan(1.05 * kilobytes.get(50L));
    }

    /** The collector gives heap back to the system a moment after it has run, so the least of a few readings counts. */
    private static long settledKilobytes() {
        long least = Long.MAX_VALUE;
        try {
            for (int reading = 0; reading < 8; reading++) {
                System.gc();
                Thread.sleep(500);
                least = Math.min(least, ProcessMemory.residentKilobytes());
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return least;
    }
}
