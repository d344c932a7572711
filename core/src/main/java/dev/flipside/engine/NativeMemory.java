package dev.flipside.engine;

import org.bytedeco.javacpp.Pointer;

/** What the C library's allocator holds of memory that is no longer used. */
public final class NativeMemory {
    /**
     * A call costs about 5 ms here and the next step's page faults; ten steps keep both below one per cent of the
     * shortest ones.
     */
    private static final long STEPS = 10;

    /** Memory whose return is worth such a call at once. */
    private static final long LARGE = 400L << 20;

    private NativeMemory() {}

    /**
     * Gives freed memory back to the system when much was freed, so that what comes next does not grow beside its
     * remains.
     *
     * @param bytes that were just freed
     */
    public static void trimAfterFreeing(long bytes) {
        if (bytes >= LARGE) {
            Pointer.trimMemory();
        }
    }

    /**
     * Gives freed memory back to the system after every tenth step. Batches differ in shape from step to step, so free
     * blocks of the allocator fall to pieces: without this, a run of 500 steps on a tiny model grew by a tenth.
     *
     * @param step the number of the step that just ended
     */
    public static void trimAfter(long step) {
        if (step % STEPS == 0) {
            Pointer.trimMemory();
        }
    }
}
