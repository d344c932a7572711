package dev.flipside.eval.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.SharedFiles;
import dev.flipside.TestResources;
import dev.flipside.config.UserError;
import dev.flipside.data.Rows;
import dev.flipside.text.Conversation;
import dev.flipside.text.Renderer;
import dev.flipside.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetInspectionTest {
    @TempDir
    Path folder;

    private Path write(String name, String... lines) throws IOException {
        return Files.writeString(folder.resolve(name), String.join("\n", lines).replace('`', '"'));
    }

    private static DatasetReport inspect(Path file, Optional<TokenCount> tokens, PromptOverlap... overlaps) {
        DatasetInspection inspection = new DatasetInspection(tokens, List.of(overlaps), 1);
        Rows.forEach(file, inspection::add);
        return inspection.report();
    }

    @Test
    void everyFigureOfAFileCountedByHand() throws IOException {
        Path file = write(
                "pairs.jsonl",
                "{`prompt`: `What?`, `chosen`: `long answer`, `rejected`: `no`, `id`: 1}",
                "{`prompt`: `What?`, `chosen`: `long answer`, `rejected`: `no`}", // the same
                "{`prompt`: `what`, `chosen`: `Long  answer!`, `rejected`: `No.`}", // the same but for case and
                // punctuation
                "{`prompt`: `What?`, `chosen`: `no`, `rejected`: `long answer`}", // the opposite of the first
                "{`prompt`: `p`, `chosen`: `a`, `rejected`: `a`}", // equal
                "{`prompt`: `p`, `chosen`: `A.`, `rejected`: `a`}", // equal but for case and punctuation
                "{`prompt`: `p`, `chosen`: `ab`, `rejected`: `cd`}", // equally long
                "{`prompt`: `p`, `chosen`: `yes`, `rejected`: ` `}", // empty
                "{`chosen`: `\\n\\nHuman: p\\n\\nAssistant: a`, `rejected`: `\\n\\nHuman: q\\n\\nAssistant: b`}", // other prompts
                "{`messages`: [{`role`: `system`, `content`: `s`}, {`role`: `user`, `content`: `a`}, {`role`: `assistant`, `content`: `b`}, {`role`: `user`, `content`: `c`}]}",
                "{`text`: `x`}",
                "{`prompt`: ``}");
        DatasetReport report = inspect(file, Optional.empty());

        assertThat(report.rows()).isEqualTo(12);
        assertThat(report.refused()).isEqualTo(1);
        assertThat(report.refusals()).singleElement().asString().startsWith(file + ", line 11 has no prompt");
        assertThat(report.columns())
                .isEqualTo(Map.of("prompt", 9, "chosen", 9, "rejected", 9, "id", 1, "messages", 1, "text", 1));
        assertThat(report.shapes())
                .isEqualTo(Map.of(
                        "prompt (text), chosen (text), rejected (text)",
                        8,
                        "chosen (transcript), rejected (transcript)",
                        1,
                        "messages (messages)",
                        1,
                        "prompt (text)",
                        1));
        assertThat(report.prompts())
                .isEqualTo(new PromptFigures(
                        // What? x3, what, p x5, sabc, and the empty one
                        new LengthSpread(11, 0, 1, 5, 5), 1, 4, 1, 1, 0, 1, 6, 7));
        PairFigures pairs = report.pairs().orElseThrow();
        assertThat(pairs.pairs()).isEqualTo(9);
        assertThat(pairs.usable()).isEqualTo(7);
        assertThat(pairs.equal()).isEqualTo(1);
        assertThat(pairs.equalNormalised()).isEqualTo(1);
        assertThat(pairs.differentPrompts()).isEqualTo(1);
        assertThat(pairs.empty()).isEqualTo(1);
        assertThat(pairs.repeated()).isEqualTo(1);
        assertThat(pairs.repeatedNormalised()).isEqualTo(2);
        assertThat(pairs.contradicting()).isEqualTo(1);
        assertThat(pairs.chosenLonger()).isEqualTo(5);
        assertThat(pairs.equallyLong()).isEqualTo(1);
        assertThat(pairs.rejected()).isEqualTo(new LengthSpread(9, 1, 2, 11, 11));
        assertThat(report.examples()).hasSize(1);
    }

    @Test
    void promptsAreFoundInABenchmarkWholeAndByThirteenWords() throws IOException {
        String words = "one two three four five six seven eight nine ten eleven twelve";
        Path file = write(
                "prompts.jsonl",
                "{`prompt`: `Hello, there?`}",
                "{`prompt`: `So: " + words + " thirteen and so on`}",
                "{`prompt`: `So: " + words + " and no thirteenth`}",
                "{`prompt`: [{`role`: `system`, `content`: `s`}, {`role`: `user`, `content`: `hello THERE`}]}");
        PromptOverlap overlap = new PromptOverlap(
                "bench",
                List.of(
                        Conversation.ofPrompt("Hello there"),
                        Conversation.ofPrompt("Before " + words.toUpperCase(java.util.Locale.ROOT) + ", thirteen."),
                        Conversation.ofPrompt("something else")));
        BenchmarkOverlap result =
                inspect(file, Optional.empty(), overlap).overlaps().get(0);
        assertThat(result.prompts()).isEqualTo(3);
        assertThat(result.same()).isEqualTo(2);
        assertThat(result.sameThere()).isEqualTo(1);
        assertThat(result.shared()).isEqualTo(1);
        assertThat(result.sharedThere()).isEqualTo(1);
        assertThat(result.examples())
                .containsExactly(
                        file + ", line 1 and prompt 1 of bench are the same",
                        file + ", line 2 and prompt 2 of bench share 13 words in a row",
                        file + ", line 4 and prompt 1 of bench are the same");
    }

    @Test
    void tokensAreThoseOfTheModelsOwnTemplate() throws IOException {
        Path file = write(
                "pairs.jsonl",
                "{`prompt`: `t`, `chosen`: `he cat`, `rejected`: ` dog`}",
                "{`prompt`: `the <|im_end|>`, `chosen`: `a`, `rejected`: `b`}",
                "{`prompt`: [{`role`: `system`, `content`: `s`}, {`role`: `user`, `content`: `c`}], `chosen`: `a`, `rejected`: `b`}");
        Path model = TestResources.path("text/tiny-chatml");
        try (Tokenizer tokenizer = Tokenizer.load(model)) {
            Renderer raw = new Renderer(tokenizer, Optional.empty(), 2);
            TokenFigures tokens = inspect(file, Optional.of(new TokenCount(raw, 3)), new PromptOverlap[0])
                    .tokens()
                    .orElseThrow();
            assertThat(tokens.prompts()).isEqualTo(new LengthSpread(2, 1, 1, 3, 3));
            assertThat(tokens.limit()).isEqualTo(3);
            // The first line's longer conversation is three tokens: its prompt and its reply merge.
            assertThat(tokens.tooLong()).isEqualTo(1);
            assertThat(tokens.notRendered()).isEqualTo(1);
            assertThat(tokens.firstNotRendered().orElseThrow()).contains("line 3", "no chat template");
            assertThat(tokens.merged()).isEqualTo(1);
            assertThat(tokens.firstMerged().orElseThrow()).contains("line 1 at character 0, \"t\"");
            assertThat(tokens.spelled()).isEqualTo(1);
            assertThat(tokens.firstSpelled()).hasValue(file + ", line 2: <|im_end|>");
        }
    }

    @Test
    void knownOverlapsOfRealDataAreFound() {
        // What the data's own description says: one prompt shared with LLMBar Neighbor.
        PromptOverlap neighbor = read("llmbar=" + SharedFiles.require("data/llmbar/Adversarial/Neighbor"));
        DatasetReport report =
                inspect(SharedFiles.require("data/ultrafeedback-1k/train_clean.jsonl.gz"), Optional.empty(), neighbor);
        assertThat(report.pairs().orElseThrow().equal()).isEqualTo(4);
        assertThat(report.pairs().orElseThrow().chosenLonger() / 996.0).isBetween(0.53, 0.57);
        assertThat(report.overlaps().get(0).prompts()).isEqualTo(134);
        assertThat(report.overlaps().get(0).same()).isEqualTo(1);
    }

    @Test
    void benchmarksAreRecognisedByTheirRows() throws IOException {
        assertThat(read(write("gsm8k.jsonl", "{`question`: `q`, `answer`: `#### 1`}")
                                .toString())
                        .result()
                        .prompts())
                .isEqualTo(1);
        assertThat(read(SharedFiles.require("data/llmbar/Natural/dataset.json").toString())
                        .result()
                        .prompts())
                .isEqualTo(100);
        assertThatThrownBy(() -> read(write("x.jsonl", "{`x`: 1}").toString()))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("x.jsonl has prompts in no known shape and is no benchmark of eval-rm");
        assertThatThrownBy(() -> read(folder.toString()))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("is not a file; give a benchmark's file, or NAME=FOLDER");
    }

    private static PromptOverlap read(String argument) {
        return BenchmarkPrompts.read(argument, Path::of);
    }
}
