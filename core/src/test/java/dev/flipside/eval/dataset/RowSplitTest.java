package dev.flipside.eval.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.UserError;
import dev.flipside.data.Preference;
import dev.flipside.data.Row;
import dev.flipside.text.Conversation;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RowSplitTest {
    private static Row row(int number, String prompt) {
        ObjectNode columns = new ObjectMapper().createObjectNode().put("prompt", prompt);
        return new Row("row " + number, columns.put("number", number));
    }

    /** Three rows of each of 40 prompts, one of them written otherwise. */
    private static List<Row> rows() {
        return IntStream.range(0, 120)
                .mapToObj(i -> row(i, (i % 3 == 0 ? "WHY " : "why ") + i / 3 + (i % 3 == 1 ? "?" : "")))
                .toList();
    }

    private static Set<Integer> prompts(List<Row> rows) {
        return rows.stream()
                .map(row -> row.columns().get("number").intValue() / 3)
                .collect(Collectors.toSet());
    }

    @Test
    void theRowsOfAPromptStayTogetherAndInTheirOrder() {
        RowSplit split = RowSplit.of(rows(), 30, 1);
        assertThat(split.heldOut()).hasSize(30);
        assertThat(split.training()).hasSize(90);
        assertThat(prompts(split.heldOut())).hasSize(10).doesNotContainAnyElementsOf(prompts(split.training()));
        assertThat(split.training().stream()
                        .map(row -> row.columns().get("number").intValue()))
                .isSorted();
        assertThat(RowSplit.of(rows(), 30, 1)).isEqualTo(split);
        assertThat(RowSplit.of(rows(), 30, 2)).isNotEqualTo(split);
    }

    @Test
    void whereAPromptDoesNotFitFewerRowsAreHeldOut() {
        assertThat(RowSplit.of(rows(), 31, 1).heldOut()).hasSize(30);
        assertThat(RowSplit.of(rows(), 2, 1).heldOut()).isEmpty();
    }

    @Test
    void aRowOfNoShapeIsNamed() {
        Row none = new Row(
                "file.jsonl, line 7", new ObjectMapper().createObjectNode().put("x", 1));
        assertThatThrownBy(() -> RowSplit.of(List.of(row(1, "a"), none), 1, 1))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("file.jsonl, line 7");
    }

    @Test
    void aShareOfTheLabelsIsTurnedAndALargerOneHasTheSameOnesAndMore() {
        List<Preference> pairs = IntStream.range(0, 50)
                .mapToObj(i -> new Preference(Conversation.ofPrompt("q" + i), "good", "bad", OptionalDouble.of(i)))
                .toList();
        LabelFlip few = LabelFlip.of(pairs, 0.1, 3);
        LabelFlip many = LabelFlip.of(pairs, 0.3, 3);
        assertThat(few.count()).isEqualTo(5);
        assertThat(many.count()).isEqualTo(15);
        for (int i = 0; i < 50; i++) {
            Preference pair = many.pairs().get(i);
            assertThat(pair.prompt()).isEqualTo(pairs.get(i).prompt());
            assertThat(pair.chosen()).isEqualTo(many.flipped().get(i) ? "bad" : "good");
            assertThat(pair.rejected()).isEqualTo(many.flipped().get(i) ? "good" : "bad");
            assertThat(pair.margin()).isEmpty();
            assertThat(!few.flipped().get(i) || many.flipped().get(i)).isTrue();
        }
        assertThat(LabelFlip.of(pairs, 0.3, 4).flipped()).isNotEqualTo(many.flipped());
        assertThat(LabelFlip.of(pairs, 1, 3).count()).isEqualTo(50);
    }
}
