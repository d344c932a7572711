package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.flipside.TestResources;
import dev.flipside.engine.Device;
import dev.flipside.engine.Tensors;
import dev.flipside.model.RewardModel;
import dev.flipside.model.ScoredRow;
import dev.flipside.model.Scores;
import dev.flipside.text.ChatTemplate;
import dev.flipside.text.Conversation;
import dev.flipside.text.Rendered;
import dev.flipside.text.Renderer;
import dev.flipside.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Conversations whose replies merge with their prompts, against transformers' ids and scores of the whole text
 * ({@code make_whole_text.py}).
 */
class WholeTextTest {
    /** float32 rounding of scores of about 4 stays far below. */
    private static final double TOLERANCE = 2e-5;

    private static final double BIAS = 0.25;

    private static JsonNode golden;
    private static RewardModel model;

    private record Case(JsonNode golden, Rendered rendered) {
        ScoredRow row() {
            return ScoredRow.of(rendered);
        }
    }

    @BeforeAll
    static void load() throws IOException {
        golden = JsonMapper.builder()
                .build()
                .readTree(resource("wholetext/golden.json").toFile());
        model = RewardModel.load(resource("wholetext/model"), Device.CPU);
        try (PointerScope scope = new PointerScope()) {
            float[] head = Tensors.toFloats(model.trunk().get("score.weight").detach());
            double[] weight = new double[head.length];
            for (int i = 0; i < weight.length; i++) {
                weight[i] = head[i];
            }
            // With the reward head as value head the value is the score of the prompt alone.
            model.setValueHead(weight, BIAS);
        }
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static Path resource(String name) {
        return TestResources.path("text/" + name);
    }

    private static List<Case> cases(String tokens) {
        Path directory = resource(
                switch (tokens) {
                    case "line-breaks" -> "wholetext/line-breaks";
                    case "tiny-chatml" -> "tiny-chatml";
                    default -> "tokenizers/" + tokens;
                });
        List<Case> cases = new ArrayList<>();
        try (Tokenizer tokenizer = Tokenizer.load(directory)) {
            for (JsonNode one : golden.path("cases")) {
                if (one.path("tokenizer").asText().equals(tokens)) {
                    JsonNode source =
                            golden.path("templates").path(one.path("template").asText());
                    Optional<ChatTemplate> template = source.isNull()
                            ? Optional.empty()
                            : Optional.of(new ChatTemplate(
                                    "t", source.asText(), tokenizer.specialTokens(), Clock.systemUTC()));
                    Renderer renderer =
                            new Renderer(tokenizer, template, tokenizer.eosId().orElseThrow());
                    Conversation prompt =
                            Conversation.ofPrompt(one.path("prompt").asText());
                    cases.add(new Case(
                            one, renderer.complete(prompt, one.path("reply").asText(), true)));
                }
            }
        }
        return cases;
    }

    private static int[] ids(JsonNode node) {
        int[] ids = new int[node.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = node.get(i).intValue();
        }
        return ids;
    }

    @ParameterizedTest
    @ValueSource(strings = {"line-breaks", "tiny-chatml", "byte-level", "llama-bpe", "unigram"})
    void idsScoresAndValuesAreThoseOfTransformers(String tokens) {
        List<Case> cases = cases(tokens);
        assertThat(cases).hasSizeGreaterThan(70);
        for (Case one : cases) {
            assertThat(one.rendered().ids())
                    .as(one.golden().toString())
                    .isEqualTo(ids(one.golden().path("ids")));
            assertThat(one.row().prompt()).isEqualTo(ids(one.golden().path("prompt_ids")));
            assertThat(one.rendered().merges())
                    .isEqualTo(one.golden().path("merges").asBoolean());
        }
        // All at once, so that merged and other rows of a prompt share what they can; then alone.
        assertScores(cases, model.score(cases.stream().map(Case::row).toList()));
        for (Case one : cases) {
            if (one.rendered().merges()) {
                assertScores(List.of(one), model.score(List.of(one.row())));
            }
        }
    }

    private static void assertScores(List<Case> cases, Scores scores) {
        assertThat(scores.rewards()).hasSameSizeAs(cases);
        for (int i = 0; i < cases.size(); i++) {
            JsonNode wanted = cases.get(i).golden();
            assertThat(scores.rewards()[i])
                    .as(wanted.toString())
                    .isCloseTo(wanted.path("score").doubleValue(), within(TOLERANCE));
            assertThat(scores.values()[i])
                    .as(wanted.toString())
                    .isCloseTo(wanted.path("prompt_score").doubleValue() + BIAS, within(TOLERANCE));
        }
    }

    /**
     * Replies that begin with a line break, an empty line, a combining accent, or that follow a space, are all among
     * those that merge.
     */
    @Test
    void theGoldensHoldRepliesOfEveryKindThatMerge() {
        List<String> merging = cases("line-breaks").stream()
                .filter(one -> one.rendered().merges())
                .map(one -> one.golden().path("reply").asText())
                .distinct()
                .toList();
        assertThat(merging).contains("\nYes", "\n\nYes\n", "\n", "Yes", "\u0301t", "he cat");
    }
}
