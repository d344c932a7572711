package dev.flipside.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.SharedFiles;
import dev.flipside.config.TaskConfig;
import dev.flipside.config.UserError;
import dev.flipside.data.Margin;
import dev.flipside.data.PreferenceData;
import dev.flipside.data.PromptData;
import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.model.CausalLm;
import dev.flipside.model.Precision;
import dev.flipside.reward.RewardFunction;
import dev.flipside.reward.RewardFunction.Sample;
import dev.flipside.rollout.SamplingOptions;
import dev.flipside.text.Conversation;
import dev.flipside.text.Renderer;
import dev.flipside.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class TaskMakerTest {
    private static final List<String> FILES = List.of(
            "prompts.jsonl",
            "held-out-prompts.jsonl",
            "labelled-pairs.jsonl",
            "held-out-pairs.jsonl",
            "trusted-pairs.jsonl",
            "task.json");

    private static final int PAIRS = 24;
    private static final int HELD_OUT = 8;
    private static final int TOKENS = 16;

    @TempDir
    Path temp;

    private static CausalLm lm;
    private static Renderer renderer;
    /** Of seed 1, three labels in ten turned round. */
    private static TaskData made;

    @BeforeAll
    static void load() {
        Path model = SharedFiles.require("models/stories260k");
        NativeLibrary.load();
        lm = CausalLm.constant(model, Device.CPU, Precision.FLOAT32);
        renderer = new Renderer(Tokenizer.load(model), Optional.empty(), 2);
        made = data(config(PAIRS, 0.3), 1);
    }

    @AfterAll
    static void close() {
        if (lm != null) {
            renderer.close();
            lm.close();
        }
    }

    private static InitialPolicy policy(int tokens) {
        return new InitialPolicy(lm, renderer, SamplingOptions.plain(tokens), List.of(), Optional.empty());
    }

    private static TaskConfig config(int pairs, double flipped) {
        return new TaskConfig(
                TaskConfig.Name.STORIES,
                40,
                10,
                pairs,
                HELD_OUT,
                HELD_OUT,
                flipped,
                0.1,
                OptionalDouble.empty(),
                OptionalInt.empty());
    }

    private static TaskData data(TaskConfig config, long seed) {
        return new TaskMaker(config, seed)
                .make(policy(TOKENS), done -> {}, () -> false)
                .orElseThrow();
    }

    private TaskFolder written(String name, TaskData data, long seed) {
        TaskFolder folder = new TaskFolder(temp.resolve(name));
        folder.write(data, settings(seed));
        return folder;
    }

    private static Map<String, Object> settings(long seed) {
        return TaskFolder.settings(config(PAIRS, 0.3), seed, "model", SamplingOptions.plain(TOKENS));
    }

    @ParameterizedTest
    @EnumSource(TaskConfig.Name.class)
    void everyTaskHasDifferentPromptsThatItsJudgeCanJudge(TaskConfig.Name name) {
        Task task = Task.of(name);
        assertThat(task.prompts()).hasSizeGreaterThan(1000);
        assertThat(task.prompts().stream().map(TaskPrompt::text)).doesNotHaveDuplicates();
        assertThat(task.prompts()).allSatisfy(prompt -> assertThat(task.judge().judges(prompt.columns()))
                .isTrue());
    }

    @Test
    void storiesIntroduceTheirChildAndTheirThing() {
        assertThat(Task.STORIES.prompts()).hasSize(3456).allSatisfy(prompt -> assertThat(prompt.text())
                .contains((String) prompt.columns().get("name"), (String)
                        prompt.columns().get("object"))
                .matches(".*[.?]"));
    }

    @Test
    void instructionsAskForSomethingAndOneThingBesides() {
        List<TaskPrompt> prompts = Task.INSTRUCTIONS.prompts();
        assertThat(prompts).hasSize(2400).isEqualTo(Task.STALE.prompts());
        TaskPrompt few = prompts.stream()
                .filter(p -> p.columns().get("constraint").equals("few_words"))
                .findFirst()
                .orElseThrow();
        assertThat(few.text()).isEqualTo("Write one short sentence about lemons. Use less than 10 words.");
        RewardFunction judge = Task.INSTRUCTIONS.judge();
        assertThat(judge.score(List.of(
                        answer(few, "Lemons are yellow, round and very sour."),
                        answer(few, "Lemons are yellow, round and very sour, and grow on trees."))))
                .containsExactly(1, 0);
    }

    /** Each constraint has an answer that obeys it and one that does not, whatever the request. */
    @ParameterizedTest
    @CsvSource({
        "no_comma, Lemons are sour., 'Lemons, sour.'",
        "few_words, Lemons are sour., Lemons are so sour that nobody eats one whole or raw.",
        "sentences, They are sour. I like them., They are sour.",
        "capitals, They are VERY sour., They are very sour.",
        "highlight, They are *sour*., They are sour.",
        "many_words, 'one two three four five six seven eight nine ten one two three four five six seven eight nine ten one two three four five', They are sour.",
        "without_is, This tastes sour., A lemon is sour.",
        "because, I like them because they are sour., I like them.",
        "bullets, '* sour\n* yellow', '* sour'",
        "postscript, 'Sour. P.S. Yellow.', Sour."
    })
    void constraintsCanBeObeyedAndDisobeyed(String constraint, String obeys, String disobeys) {
        List<TaskPrompt> prompts = Task.INSTRUCTIONS.prompts().stream()
                .filter(p -> p.columns().get("constraint").equals(constraint))
                .toList();
        assertThat(prompts).hasSize(240);
        for (TaskPrompt prompt : prompts) {
            assertThat(Task.STALE.judge().score(List.of(answer(prompt, obeys), answer(prompt, disobeys))))
                    .as(prompt.text())
                    .containsExactly(1, 0);
        }
    }

    private static Sample answer(TaskPrompt prompt, String text) {
        return new Sample(Conversation.ofPrompt(prompt.text()), text, new int[] {1}, true, prompt.columns());
    }

    @Test
    void labelledPairsOfStaleHaveHalfOfTheConstraintsAndTheOthersAll() {
        TaskConfig config = new TaskConfig(
                TaskConfig.Name.STALE, 40, 10, 60, 40, 40, 0.0, 0.5, OptionalDouble.empty(), OptionalInt.empty());
        TaskData data = data(config, 3);
        Set<String> taught = constraints(data.labelled());
        assertThat(taught).isSubsetOf("no_comma", "few_words", "sentences", "capitals", "highlight");
        assertThat(taught).hasSizeGreaterThan(2);
        for (List<TaskPair> all : List.of(data.heldOut(), data.trusted())) {
            assertThat(constraints(all)).anyMatch(taught::contains).contains("without_is");
        }
        assertThat(data.prompts().stream()
                        .map(p -> p.columns().get("constraint"))
                        .distinct())
                .hasSizeGreaterThan(7);
        TaskFolder folder = written("stale", data, 3);
        assertThat(PromptData.read(folder.prompts()))
                .allSatisfy(
                        p -> assertThat(Task.STALE.judge().judges(p.columns())).isTrue());
        assertThat(PreferenceData.read(folder.labelledPairs(), Margin.parse(Optional.empty()))
                        .pairs())
                .hasSize(60);
    }

    private static Set<String> constraints(List<TaskPair> pairs) {
        return pairs.stream()
                .map(pair -> (String) pair.prompt().columns().get("constraint"))
                .collect(Collectors.toSet());
    }

    @Test
    void theSameSeedMakesTheSameBytesAndAnotherSeedOthers() throws IOException {
        Path one = written("one", made, 1).folder();
        Path same = written("same", data(config(PAIRS, 0.3), 1), 1).folder();
        Path other = written("other", data(config(PAIRS, 0.3), 2), 2).folder();
        for (String name : FILES) {
            assertThat(one.resolve(name)).hasSameBinaryContentAs(same.resolve(name));
            assertThat(Files.mismatch(one.resolve(name), other.resolve(name))).isNotNegative();
        }
    }

    @Test
    void theOrdinaryReadersReadTheFiles() {
        TaskFolder folder = written("read", made, 1);
        assertThat(PromptData.read(folder.prompts())).hasSize(40).allSatisfy(p -> assertThat(p.columns())
                .containsOnlyKeys("name", "object"));
        assertThat(PromptData.read(folder.heldOutPrompts())).hasSize(10);
        for (Path file : List.of(folder.labelledPairs(), folder.heldOutPairs(), folder.trustedPairs())) {
            PreferenceData pairs = PreferenceData.read(file, Margin.parse(Optional.empty()));
            assertThat(pairs.pairs()).hasSize(file.equals(folder.labelledPairs()) ? PAIRS : HELD_OUT);
        }
    }

    @Test
    void nothingIsTrainedOnHeldOutPrompts() {
        Set<String> heldOut =
                made.heldOut().stream().map(p -> p.prompt().text()).collect(Collectors.toSet());
        made.heldOutPrompts().forEach(prompt -> heldOut.add(prompt.text()));
        List<String> trained = new ArrayList<>();
        made.prompts().forEach(prompt -> trained.add(prompt.text()));
        made.labelled().forEach(pair -> trained.add(pair.prompt().text()));
        made.trusted().forEach(pair -> trained.add(pair.prompt().text()));
        assertThat(trained).doesNotContainAnyElementsOf(heldOut);
        assertThat(made.prompts()).doesNotHaveDuplicates();
        assertThat(made.trusted().stream().map(TaskPair::prompt))
                .doesNotContainAnyElementsOf(
                        made.labelled().stream().map(TaskPair::prompt).toList());
    }

    @Test
    void labelsAreTurnedAtTheRateAskedForAndOnlyThoseOfLabelledPairs() {
        TaskData always = data(config(PAIRS, 1), 1);
        TaskData never = data(config(120, 0), 1);
        TaskData some = data(config(120, 0.3), 1);
        assertThat(always.labelled()).noneMatch(TaskPair::isRight);
        assertThat(never.labelled()).allMatch(TaskPair::isRight);
        for (TaskData data : List.of(always, never, some)) {
            assertThat(data.heldOut()).isEqualTo(made.heldOut()).allMatch(TaskPair::isRight);
            assertThat(data.trusted()).isEqualTo(made.trusted()).allMatch(TaskPair::isRight);
        }
        // 36 of 120, plus or minus five standard errors of 5.
        assertThat(some.labelled().stream().filter(pair -> !pair.isRight()).count())
                .isBetween(11L, 61L);
        // A smaller number of pairs is the beginning of a larger one, and a turned label changes nothing else.
        assertThat(some.labelled().subList(0, PAIRS)).isEqualTo(made.labelled());
        assertThat(always.labelled().stream().map(TaskPair::turned).toList())
                .isEqualTo(never.labelled().subList(0, PAIRS));
    }

    @Test
    void gapsAreTheJudgesAndAtLeastTheMargin() {
        assertThat(made.labelled()).allSatisfy(pair -> assertThat(Math.abs(pair.gap()))
                .isGreaterThanOrEqualTo(0.1)
                .isCloseTo(
                        Math.abs(gold(pair.prompt(), pair.chosen()) - gold(pair.prompt(), pair.rejected())),
                        within(1e-12)));
        SampleFigures samples = made.samples();
        assertThat(samples.completions()).isGreaterThanOrEqualTo(4 * (PAIRS + 2 * HELD_OUT));
        assertThat(samples.mean()).isBetween(0.3, 0.6);
        assertThat(samples.stdWithinGroups()).isGreaterThan(0.08);
        assertThat(samples.truncatedFrac()).isEqualTo(1);
    }

    /** None of these completions ended by itself. */
    private static double gold(TaskPrompt prompt, String completion) {
        return Task.STORIES.judge()
                .score(List.of(new Sample(
                        Conversation.ofPrompt(prompt.text()), completion, new int[0], false, prompt.columns())))[0];
    }

    @Test
    void aPolicyWithoutDifferencesIsGivenUp() {
        assertThatThrownBy(() -> new TaskMaker(config(PAIRS, 0), 7).make(policy(1), done -> {}, () -> false))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("Of 256 groups of completions only")
                .hasMessageContaining("raise the temperature");
    }

    @Test
    void aStopIsHeard() {
        assertThat(new TaskMaker(config(PAIRS, 0), 7).make(policy(8), done -> {}, () -> true))
                .isEmpty();
    }

    @Test
    void moreThanThereIsOrAnotherMakeOfItIsRefused() {
        TaskConfig many = new TaskConfig(TaskConfig.Name.STORIES, 3000, null, null, null, null, null, null, null, null);
        assertThatThrownBy(() -> new TaskMaker(many, 1).checked())
                .isInstanceOf(UserError.class)
                .hasMessage("Task stories has 2765 training prompts, and 3000 are asked for; ask for fewer.");
        TaskFolder folder = written("held", made, 1);
        assertThat(folder.holds(settings(1))).isTrue();
        assertThat(new TaskFolder(temp.resolve("none")).holds(settings(1))).isFalse();
        assertThatThrownBy(() -> folder.holds(settings(2)))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("seed was 1 when the data were made and is now 2");
    }
}
