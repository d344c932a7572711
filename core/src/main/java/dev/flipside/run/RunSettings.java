package dev.flipside.run;

/**
 * What a run's folder keeps.
 *
 * @param saveTotalLimit how many checkpoints, at least 1
 * @param tensorboard whether event files are written beside {@code metrics.jsonl}
 * @param samples whether completions are logged; a run that is resumed without does not need what was logged of them
 *     before
 * @param samplesMaxBytes of the files of completions together, see {@link SampleFiles}; 0 keeps all in one file
 * @param resumable whether {@code --resume} can continue the run
 * @param disk what is asked before a checkpoint is written
 */
public record RunSettings(
        int saveTotalLimit,
        boolean tensorboard,
        boolean samples,
        long samplesMaxBytes,
        boolean resumable,
        DiskSpace disk) {

    /** Of a training that no checkpoint continues. */
    public static RunSettings once(boolean tensorboard) {
        return new RunSettings(1, tensorboard, true, 0, false, DiskSpace.OF_THE_FILE_SYSTEM);
    }

    /** With completions in one file, on the disk as it is. */
    public static RunSettings of(int saveTotalLimit, boolean tensorboard) {
        return new RunSettings(saveTotalLimit, tensorboard, true, 0, true, DiskSpace.OF_THE_FILE_SYSTEM);
    }
}
