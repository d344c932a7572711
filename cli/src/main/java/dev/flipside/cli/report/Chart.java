package dev.flipside.cli.report;

import java.util.List;

/**
 * One metric over the steps of training.
 *
 * @param id of the element it is drawn into
 * @param x the steps at which any run measured it
 */
record Chart(String id, String title, String metric, long[] x, List<Curve> arms) {
    /** For those who do not see it. */
    String label() {
        return title + " over the steps of training";
    }
}
