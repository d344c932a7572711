package dev.flipside.cli.report;

import dev.flipside.run.Decision;
import java.util.ArrayList;
import java.util.List;

/**
 * A change that preset auto made to its own run.
 *
 * @param colour of the arm
 * @param decision one sentence
 */
record DecisionRow(String arm, int colour, long seed, long step, String decision) {
    /** Arm by arm, seed by seed, in their order. */
    static List<DecisionRow> of(List<ArmRuns> arms) {
        List<DecisionRow> rows = new ArrayList<>();
        for (ArmRuns arm : arms) {
            for (ArmRun run : arm.runs()) {
                for (Decision d : Decision.of(run.folder())) {
                    rows.add(new DecisionRow(arm.name(), arm.index(), run.seed(), d.step(), d.decision() + "."));
                }
            }
        }
        return rows;
    }
}
