package dev.flipside.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.SharedFiles;
import dev.flipside.config.UserError;
import dev.flipside.text.Conversation;
import dev.flipside.text.Message;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PreferenceDataTest {
    private static final Margin NONE = new Margin.None();
    private static final Conversation SKY = Conversation.ofPrompt("What colour is the sky?");

    @TempDir
    Path folder;

    private Preference only(String line) {
        PreferenceData data = read(line, NONE);
        assertThat(data.pairs()).hasSize(1);
        return data.pairs().get(0);
    }

    private PreferenceData read(String line, Margin margin) {
        Path file = folder.resolve("pairs.jsonl");
        try {
            Files.writeString(file, line.replace('`', '"') + "\n");
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return PreferenceData.read(file, margin);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                // texts with a prompt as text, as messages, in Alpaca's and ShareGPT's columns
                "{`prompt`: `What colour is the sky?`, `chosen`: `Blue.`, `rejected`: `Green.`}",
                "{`prompt`: [{`role`: `user`, `content`: `What colour is the sky?`}], `chosen`: `Blue.`, `rejected`: `Green.`}",
                "{`instruction`: `What colour is the sky?`, `input`: ``, `output`: `x`, `chosen`: `Blue.`, `rejected`: `Green.`}",
                "{`instruction`: `What colour is the sky?`, `input`: null, `chosen`: `Blue.`, `rejected`: `Green.`}",
                "{`conversations`: [{`from`: `human`, `value`: `What colour is the sky?`}], `chosen`: {`from`: `gpt`, `value`: `Blue.`}, `rejected`: {`from`: `gpt`, `value`: `Green.`}}",
                // messages: the reply alone, the whole dialogue, with and without the prompt beside it
                "{`prompt`: `What colour is the sky?`, `chosen`: [{`role`: `assistant`, `content`: `Blue.`}], `rejected`: [{`role`: `assistant`, `content`: `Green.`}]}",
                "{`prompt`: `What colour is the sky?`, `chosen`: [{`role`: `user`, `content`: `What colour is the sky?`}, {`role`: `assistant`, `content`: `Blue.`}], `rejected`: [{`role`: `user`, `content`: `What colour is the sky?`}, {`role`: `assistant`, `content`: `Green.`}]}",
                "{`chosen`: [{`role`: `user`, `content`: `What colour is the sky?`}, {`role`: `assistant`, `content`: `Blue.`}], `rejected`: [{`role`: `user`, `content`: `What colour is the sky?`}, {`role`: `assistant`, `content`: `Green.`}]}",
                "{`chosen`: [{`role`: `user`, `content`: [{`type`: `text`, `text`: `What colour `}, {`type`: `text`, `text`: `is the sky?`}]}, {`role`: `assistant`, `content`: `Blue.`}], `rejected`: [{`role`: `user`, `content`: `What colour is the sky?`}, {`role`: `assistant`, `content`: `Green.`}]}",
                // transcripts, and a transcript as prompt
                "{`chosen`: `\\n\\nHuman: What colour is the sky?\\n\\nAssistant: Blue.`, `rejected`: `\\n\\nHuman: What colour is the sky?\\n\\nAssistant: Green.`}",
                "{`prompt`: `\\n\\nHuman: What colour is the sky?\\n\\nAssistant:`, `chosen`: `Blue.`, `rejected`: `Green.`}",
            })
    void everyShapeGivesTheSamePreference(String line) {
        assertThat(only(line)).isEqualTo(new Preference(SKY, "Blue.", "Green.", OptionalDouble.empty()));
    }

    @Test
    void alpacaInputStandsBelowTheInstruction() {
        Preference pair = only("{`instruction`: `Add.`, `input`: `1 2`, `chosen`: `3`, `rejected`: `4`}");
        assertThat(pair.prompt()).isEqualTo(Conversation.ofPrompt("Add.\n\n1 2"));
    }

    @Test
    void aSystemMessageAndEarlierTurnsBelongToThePrompt() {
        Preference pair = only(
                "{`prompt`: [{`role`: `system`, `content`: `s`}, {`role`: `user`, `content`: `a`}, {`role`: `assistant`, `content`: `b`}, {`role`: `user`, `content`: `c`}], `chosen`: `d`, `rejected`: `e`}");
        assertThat(pair.prompt().messages())
                .containsExactly(
                        new Message("system", "s"), Message.user("a"), Message.assistant("b"), Message.user("c"));
    }

    @Test
    void plainTextsWithoutAPromptShareTheirBeginningUpToAWordsEnd() {
        PreferenceData data = read("{`chosen`: `The sky is bright.`, `rejected`: `The sky is brown.`}", NONE);
        assertThat(data.pairs())
                .containsExactly(new Preference(
                        Conversation.ofPrompt("The sky is"), " bright.", " brown.", OptionalDouble.empty()));
        assertThat(data.impliedPrompts()).isEqualTo(1);
    }

    @Test
    void pairsThatCompareNothingAreDroppedAndCounted() {
        PreferenceData data = read(
                """
                {`prompt`: `p`, `chosen`: `a`, `rejected`: `a`}
                {`chosen`: `\\n\\nHuman: p\\n\\nAssistant: a`, `rejected`: `\\n\\nHuman: q\\n\\nAssistant: b`}

                {`prompt`: `p`, `chosen`: `a`, `rejected`: `b`}
                {`prompt`: `p`, `chosen`: `a`, `rejected`: `b`}""",
                NONE);
        assertThat(data.read()).isEqualTo(4);
        assertThat(data.droppedIdentical()).isEqualTo(1);
        assertThat(data.droppedDifferentPrompts()).isEqualTo(1);
        assertThat(data.pairs()).as("repeated prompts stay").hasSize(2);
    }

    @Test
    void aMarginIsReadOnlyWhenAskedFor() {
        String line =
                "{`prompt`: `p`, `chosen`: `a`, `rejected`: `b`, `margin`: 0.5, `metadata`: {`score_chosen`: 8, `score_rejected`: `5.5`}}";
        assertThat(only(line).margin()).isEmpty();
        assertThat(read(line, Margin.parse(Optional.of("margin")))
                        .pairs()
                        .get(0)
                        .margin())
                .hasValue(0.5);
        assertThat(read(line, Margin.parse(Optional.of("score_difference")))
                        .pairs()
                        .get(0)
                        .margin())
                .hasValue(2.5);
        assertThat(Margin.parse(Optional.empty())).isEqualTo(NONE);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            value = {
                "{`prompt`: `p`, `chosen`: `a`} # has no column 'rejected'; it has [prompt, chosen]",
                "{`prompt`: `p`, `chosen`: null, `rejected`: `a`} # has no column 'chosen'; it has [prompt, rejected]",
                "{`prompt`: 7, `chosen`: `a`, `rejected`: `b`} # has a column 'prompt' that is neither a text nor a list of messages",
                "{`prompt`: [], `chosen`: `a`, `rejected`: `b`} # has a column 'prompt' that is neither a text nor a list of messages",
                "{`prompt`: [{`role`: `user`}], `chosen`: `a`, `rejected`: `b`} # has a message in 'prompt', number 1, without role and content",
                "{`prompt`: [{`role`: `user`, `content`: [{`type`: `image`}]}], `chosen`: `a`, `rejected`: `b`} # has a message in 'prompt', number 1, with a part that is not text but of type 'image'",
                "{`prompt`: [{`role`: `assistant`, `content`: `x`}], `chosen`: `a`, `rejected`: `b`} # has a prompt in 'prompt' that ends with an assistant message",
                "{`instruction`: 1, `chosen`: `a`, `rejected`: `b`} # has a column 'instruction' that is not a text",
                "{`chosen`: `a`, `rejected`: `b`} # has no prompt: 'chosen' and 'rejected' are texts without a common beginning",
                "{`chosen`: [{`role`: `assistant`, `content`: `x`}], `rejected`: [{`role`: `assistant`, `content`: `y`}]} # has no prompt: 'chosen' is a reply alone",
                "{`chosen`: [{`role`: `user`, `content`: `x`}], `rejected`: [{`role`: `user`, `content`: `y`}]} # has in 'chosen' a last message with the role 'user'",
                "[1] # is not a JSON object",
                "{`prompt`: `p` # is not valid JSON",
                "{`prompt`: `p`} {} # is not valid JSON",
            })
    void aRowOfAnotherShapeIsNamedWithItsLine(String line, String problem) {
        String good = "{`prompt`: `p`, `chosen`: `a`, `rejected`: `b`}\n";
        assertThatThrownBy(() -> read(good + line, NONE))
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith(folder.resolve("pairs.jsonl") + ", line 2 " + problem);
    }

    @ParameterizedTest
    @CsvSource({
        "`a`, \"'a' in the margin's column 'margin', which is not a finite number\"",
        "NaN, NaN",
        "null, has no column"
    })
    void aMarginThatIsNoNumberIsNamed(String value, String problem) {
        String line = "{`prompt`: `p`, `chosen`: `a`, `rejected`: `b`, `margin`: " + value + "}";
        assertThatThrownBy(() -> read(line, new Margin.Column("margin")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("pairs.jsonl, line 1 has")
                .hasMessageContaining(problem.replace("\"", ""));
    }

    @Test
    void aFileWithoutAUsablePairIsRefused() {
        assertThatThrownBy(() -> read("{`prompt`: `p`, `chosen`: `a`, `rejected`: `a`}", NONE))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("has no usable pair: of 1 rows 1 have chosen = rejected");
    }

    @Test
    void hhRlhf() {
        PreferenceData data =
                PreferenceData.read(SharedFiles.require("data/hh-rlhf-harmless/harmless-base-test.jsonl.gz"), NONE);
        assertThat(data.read()).isEqualTo(2312);
        assertThat(data.droppedDifferentPrompts()).isEqualTo(5);
        assertThat(data.droppedIdentical()).isZero();
        assertThat(data.pairs()).hasSize(2307);
        assertThat(data.pairs()).allSatisfy(pair -> {
            assertThat(pair.prompt().messages().get(0).role()).isEqualTo("user");
            assertThat(pair.prompt().last().isFromAssistant()).isFalse();
        });
        assertThat(data.pairs().get(0).prompt().messages()).hasSize(5);
        assertThat(data.pairs().get(0).chosen()).startsWith("No, sorry!");
    }

    @Test
    void instructionPreference() {
        PreferenceData data = PreferenceData.read(
                SharedFiles.require("data/instruction-preference/instruction-data-with-preference.json"), NONE);
        assertThat(data.read()).isEqualTo(1100);
        assertThat(data.droppedIdentical()).isEqualTo(6);
        assertThat(data.pairs()).hasSize(1094);
        assertThat(data.pairs().get(0).prompt().last().content()).endsWith("\n\nfreind --> friend");
    }

    @Test
    void ultraFeedback() {
        Margin difference = new Margin.ScoreDifference();
        PreferenceData train =
                PreferenceData.read(SharedFiles.require("data/ultrafeedback-1k/train_clean.jsonl.gz"), difference);
        PreferenceData eval =
                PreferenceData.read(SharedFiles.require("data/ultrafeedback-1k/eval_clean.jsonl.gz"), difference);
        assertThat(train.read()).isEqualTo(1000);
        assertThat(eval.read()).isEqualTo(200);
        assertThat(train.droppedIdentical()).isEqualTo(4);
        assertThat(eval.droppedIdentical()).isEqualTo(1);
        assertThat(train.pairs()).isNotEmpty().allSatisfy(pair -> assertThat(pair.margin())
                .isPresent());
        // Scores run from 1 to 10, so no difference is larger than 9.
        assertThat(train.pairs())
                .allSatisfy(pair -> assertThat(pair.margin().getAsDouble()).isCloseTo(4.5, within(4.5)));
    }

    @Test
    void shareGptDialogues() {
        PreferenceData data =
                PreferenceData.read(SharedFiles.require("data/dpo-demo-multiturn/dpo_en_demo.json.gz"), NONE);
        assertThat(data.pairs()).hasSize(300);
        List<Integer> lengths = data.pairs().stream()
                .map(pair -> pair.prompt().messages().size())
                .toList();
        assertThat(lengths).filteredOn(length -> length == 1).hasSize(114);
        assertThat(data.pairs())
                .filteredOn(pair -> pair.prompt().messages().get(0).role().equals("system")
                        && pair.prompt().messages().size() == 2)
                .hasSize(80);
    }
}
