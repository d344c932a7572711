package dev.flipside.train;

import dev.flipside.config.Looks;
import dev.flipside.config.SaveConfig;
import java.util.List;

/**
 * What of section {@code save} is in force in a step: what is configured, unless {@code save.preset: auto} decides
 * otherwise.
 *
 * @param learns whether the reward model learns at all
 * @param contrastWeight of the contrast around the anchor
 * @param replayWeight of the guard's pairs in what is minimised
 * @param rate multiple of the configured learning rate
 * @param residualised looks that are regressed out of the advantages
 * @param balanced looks that must not tell which answer of the guard's pairs was preferred
 */
record Course(
        boolean learns,
        double contrastWeight,
        double replayWeight,
        double rate,
        List<Looks> residualised,
        List<Looks> balanced) {
    static Course configured(SaveConfig save) {
        return new Course(
                true,
                save.contrast().contrastWeight(),
                save.guarding().weight(),
                1,
                save.filtering().residualise(),
                save.guarding().guardBalance());
    }
}
