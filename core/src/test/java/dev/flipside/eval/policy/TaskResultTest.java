package dev.flipside.eval.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.config.UserError;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TaskResultTest {
    @Test
    void aMetricIsTheShareOfAllThatCounts() {
        TaskResult result = new TaskResult(List.of(item("a", 1, 1), item("b", 0, 3), item("c", 2, 4)));

        TaskResult.Metric metric = result.metrics().get("m");
        assertThat(metric.total()).isEqualTo(new Score(3, 8));
        assertThat(metric.interval().mean()).isEqualTo(3 / 8.0);
        assertThat(metric.interval().low()).isZero();
        assertThat(metric.interval().high()).isEqualTo(1);
        assertThat(result.groups()).containsExactly(Map.entry("g", new Score(3, 8)));
    }

    @Test
    void theIntervalOfManyPromptsIsTheNormalOne() {
        List<MarkedItem> items = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            items.add(item("p" + i, i % 4 == 0 ? 1 : 0, 1));
        }

        TaskResult.Metric metric = new TaskResult(items).metrics().get("m");

        // 1.96 sqrt(p (1 - p) / n); 10,000 resamples of a grid of 1/400 leave some thousandths.
        double half = 1.96 * Math.sqrt(0.25 * 0.75 / 400);
        assertThat(metric.interval().low()).isCloseTo(0.25 - half, within(0.005));
        assertThat(metric.interval().high()).isCloseTo(0.25 + half, within(0.005));
    }

    @Test
    void evaluationsAreComparedItemByItem() {
        TaskResult other = new TaskResult(
                List.of(item("d", 1, 1), item("c", 0, 1), item("b", 0, 1), item("a", 0, 1), item("e", 1, 1)));
        TaskResult now = new TaskResult(
                List.of(item("a", 1, 1), item("b", 1, 1), item("c", 1, 1), item("d", 0, 1), item("e", 1, 1)));

        TaskComparison.Row row = TaskComparison.of(now, other).get("m");

        assertThat(row.other()).isEqualTo(0.4);
        assertThat(row.difference().mean()).isCloseTo(0.4, within(1e-12));
        assertThat(row.disagreements().orElseThrow().better()).isEqualTo(3);
        assertThat(row.disagreements().orElseThrow().worse()).isEqualTo(1);
        // 2 (1 + 4) / 2^4
        assertThat(row.disagreements().orElseThrow().twoSidedPValue()).isCloseTo(0.625, within(1e-12));
    }

    @Test
    void whereAnItemCountsMoreThanOnceThereIsNoTestOfSigns() {
        TaskResult result = new TaskResult(List.of(item("a", 1, 2)));

        assertThat(TaskComparison.of(result, result).get("m").disagreements()).isEmpty();
    }

    @Test
    void otherItemsAreNotCompared() {
        TaskResult now = new TaskResult(List.of(item("a", 1, 1), item("b", 1, 1)));

        assertThatThrownBy(() -> TaskComparison.of(now, new TaskResult(List.of(item("a", 1, 1)))))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("has 2 items, the other 1, and 1 are in both");
        assertThatThrownBy(() -> TaskComparison.of(now, new TaskResult(List.of(item("a", 1, 1), item("b", 1, 2)))))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("the item b has other metrics");
    }

    private static MarkedItem item(String id, int hits, int of) {
        Score score = new Score(hits, of);
        return new MarkedItem(id, false, new Marks(Map.of("m", score), Map.of("g", score), Map.of()));
    }
}
