package dev.flipside.cli.dashboard;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BoundedSeriesTest {
    @Test
    void aShortCurveIsKeptPointByPoint() {
        BoundedSeries series = new BoundedSeries();
        for (int step = 0; step < BoundedSeries.STRETCHES; step++) {
            series.add(step, Math.sin(step));
        }
        assertThat(series.points().x()).hasSize(BoundedSeries.STRETCHES);
        assertThat(series.points().y().get(500)).isEqualTo(Math.sin(500));
    }

    /** A mean over stretches would lose the one step in which the gradient exploded. */
    @Test
    void aLongCurveKeepsItsPeaksAndItsEnd() {
        BoundedSeries series = new BoundedSeries();
        for (int step = 0; step < 200_000; step++) {
            series.add(step, step == 77_777 ? 1_000 : step == 133_333 ? -1_000 : Math.sin(step * 1e-3));
        }
        BoundedSeries.Points points = series.points();
        assertThat(points.x()).hasSizeBetween(BoundedSeries.STRETCHES / 2, 2 * BoundedSeries.STRETCHES + 1);
        assertThat(points.x()).isSorted().doesNotHaveDuplicates().startsWith(0L).endsWith(199_999L);
        assertThat(points.y().get(points.x().indexOf(77_777L))).isEqualTo(1_000);
        assertThat(points.y().get(points.x().indexOf(133_333L))).isEqualTo(-1_000);
    }
}
