package dev.flipside.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.ConfigReader;
import dev.flipside.config.DataConfig;
import dev.flipside.config.SaveConfig;
import dev.flipside.config.TrainConfig;
import dev.flipside.config.UpdateConfig;
import dev.flipside.data.Margin;
import dev.flipside.data.Preference;
import dev.flipside.data.PreferenceData;
import dev.flipside.data.PromptData;
import dev.flipside.engine.Device;
import dev.flipside.engine.Seeds;
import dev.flipside.model.CausalLm;
import dev.flipside.model.RewardModel;
import dev.flipside.model.TokenRow;
import dev.flipside.text.Conversation;
import dev.flipside.text.Rendered;
import dev.flipside.text.Renderer;
import dev.flipside.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class WorldFolderTest {
    @TempDir
    Path temp;

    private WorldFolder folder(String name) {
        return new WorldFolder(temp.resolve(name), World.W, 3, 30, "cpu");
    }

    @Test
    void theSameSeedWritesTheSameFiles() throws IOException {
        folder("a").write();
        folder("b").write();
        for (String file : List.of("prompts", "held-out-prompts", "labelled-pairs", "probe-pairs")) {
            String name = "data/" + file + ".jsonl";
            assertThat(temp.resolve("a").resolve(name))
                    .hasSameBinaryContentAs(temp.resolve("b").resolve(name));
        }
    }

    @Test
    void promptsCarryTheColumnsOfTheGoldReward() {
        WorldFolder folder = folder("a");
        folder.write();
        assertThat(PromptData.read(Path.of(folder.training(Arm.FROZEN).data().prompts())))
                .hasSize(81)
                .allSatisfy(p -> assertThat(p.columns()).containsOnlyKeys("verb", "count", "topic"));
    }

    /** The configuration that a run keeps must be one that `flipside train` accepts. */
    @ParameterizedTest
    @EnumSource(Arm.class)
    void everyArmIsAValidConfigurationThatCanBeRunAgain(Arm arm) throws IOException {
        WorldFolder folder = folder("path: with \"signs\" # and spaces");
        folder.write();
        TrainConfig config = folder.training(arm);
        assertThat(config.run().outputDir()).isEqualTo(folder.run(arm).toString());
        Path kept = Files.writeString(temp.resolve("config.yaml"), ConfigReader.write(config));
        assertThat(ConfigReader.train(kept, List.of())).isEqualTo(config);
        boolean frozen = config.save().preset() == SaveConfig.Preset.OFF;
        assertThat(frozen).isEqualTo(arm == Arm.FROZEN);
        assertThat(config.save().update().candidates() == UpdateConfig.Candidates.FRESH)
                .isEqualTo(frozen || arm == Arm.FRESH || arm == Arm.INITIAL);
    }

    @Test
    void armsDifferInHowTheRewardModelLearnsAlone() {
        WorldFolder folder = folder("a");
        folder.write();
        assertThat(Arrays.stream(Arm.values()).map(a -> folder.training(a).save()))
                .doesNotHaveDuplicates();
        assertThat(Arrays.stream(Arm.values())
                        .map(a -> folder.training(a).algorithm())
                        .distinct())
                .hasSize(1);
    }

    @Test
    void untrainedModelHas108480Weights() throws IOException {
        Path model = temp.resolve("model");
        TinyModel.write(model, ModelShape.STANDARD);
        try (CausalLm lm = CausalLm.untrained(model, Device.CPU, new Seeds(1))) {
            assertThat(lm.parameters().elements()).isEqualTo(108_480);
            assertThat(lm.files().eosIds()).containsExactly(2);
            assertThat(lm.files().padId()).hasValue(0);
            List<TokenRow> rows = List.of(new TokenRow(new int[] {1, 6, 9, 12, 3, 30, 2}, 5));
            double loss = -Arrays.stream(lm.logprobs(rows, 1.0).logprobs()[0])
                    .average()
                    .orElseThrow();
            // A model that knows nothing is near log 146 = 4.98; unit-variance scores add about 0.5 either way.
            assertThat(loss).isBetween(3.0, 7.0);
        }
    }

    static Stream<Arguments> shapes() {
        // Embedding and last norm, and per layer q and o, k and v, the MLP, two norms; Qwen3 has two norms of a head
        // more.
        return Stream.of(
                Arguments.of(ModelShape.WIDE, 146 * 96 + 96 + 2 * (4 * 96 * 96 + 3 * 96 * 256 + 2 * 96)),
                Arguments.of(
                        ModelShape.QWEN3,
                        146 * 64 + 64 + 2 * (2 * 64 * 64 + 2 * 64 * 32 + 3 * 64 * 172 + 2 * 64 + 2 * 16)),
                Arguments.of(ModelShape.DEEP, 146 * 48 + 48 + 4 * (4 * 48 * 48 + 3 * 48 * 128 + 2 * 48)));
    }

    /** Every shape is a model that learns and that a reward model can be made from. */
    @ParameterizedTest
    @MethodSource("shapes")
    void shapesAreModels(ModelShape shape, long weights) {
        WorldFolder folder = new WorldFolder(temp.resolve(shape.label()), World.W.withModel(shape), 3, 1, "cpu");
        double loss = new Pretraining(300, 30, 32).run(folder, step -> {});
        assertThat(loss).isLessThan(4.2);
        try (CausalLm lm = CausalLm.load(folder.policy(), Device.CPU);
                RewardModel rewardModel = RewardModel.fromBackbone(folder.policy(), Device.CPU, new Seeds(1))) {
            assertThat(lm.files().config().modelType()).isEqualTo(shape.family().modelType());
            assertThat(lm.parameters().elements()).isEqualTo(weights);
            assertThat(rewardModel.trunk().elements()).isEqualTo(weights + shape.hidden());
        }
    }

    @Test
    void impossibleShapesAreRefused() {
        assertThatThrownBy(() -> new ModelShape(ModelShape.Family.LLAMA, 64, 2, 3, 3, 172))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new ModelShape(ModelShape.Family.QWEN3, 64, 2, 4, 3, 172))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aVariantOfAnArmIsARunOfItsOwn() {
        WorldFolder folder = folder("a");
        folder.write();
        List<String> overrides = new ArrayList<>(Arm.SAVE.overrides());
        overrides.addAll(List.of("save.filter_threshold=1", "algorithm.beta=0.2", "run.max_steps=7"));
        TrainConfig config = folder.training("save-c1", overrides);
        assertThat(config.run().outputDir()).isEqualTo(folder.run("save-c1").toString());
        assertThat(config.run().maxSteps()).isEqualTo(7);
        assertThat(config.save().filtering().filterThreshold()).isEqualTo(1);
        assertThat(config.data().preferences()).isEmpty();
        assertThat(folder.resumed("save-c1", overrides).run().resume()).isTrue();
        overrides.add("save.guard=replay");
        assertThat(folder.training("replayed", overrides).data().preferences()).isPresent();
        overrides.add("save.guard_memory=trusted");
        DataConfig trusted = folder.training("trusted", overrides).data();
        assertThat(trusted.preferences()).isEmpty();
        assertThat(PreferenceData.read(
                                Path.of(trusted.trustedPreferences().orElseThrow()), Margin.parse(Optional.empty()))
                        .pairs())
                .hasSize(400);
    }

    @Test
    void textsSurviveTheRoundTripThroughTokens() throws IOException {
        Path model = temp.resolve("model");
        TinyModel.write(model, ModelShape.STANDARD);
        SplittableRandom random = new SplittableRandom(11);
        try (Renderer renderer = new Renderer(Tokenizer.load(model), Optional.empty(), 2)) {
            for (ListPrompt prompt : ListPrompt.all()) {
                String answer = " " + World.W.grammar().answer(prompt, random);
                Rendered whole = renderer.complete(Conversation.ofPrompt(prompt.text()), answer, true);
                List<String> words = new ArrayList<>(List.of("<bos>"));
                words.addAll(List.of((prompt.text() + answer).split(" ")));
                words.add("<eos>");
                assertThat(Arrays.stream(whole.ids()).mapToObj(Vocabulary.words()::get))
                        .containsExactlyElementsOf(words);
                assertThat(whole.promptLength()).isEqualTo(5);
                assertThat(whole.merges()).isFalse();
                int[] promptIds = Arrays.copyOf(whole.ids(), 5);
                int[] completionIds = Arrays.copyOfRange(whole.ids(), 5, whole.ids().length);
                assertThat(renderer.completionText(promptIds, completionIds)).isEqualTo(answer);
                // A cut answer ends with its own last word, without an end token.
                int[] cut = Arrays.copyOf(completionIds, completionIds.length - 1);
                assertThat(renderer.complete(
                                        Conversation.ofPrompt(prompt.text()),
                                        renderer.completionText(promptIds, cut),
                                        false)
                                .ids())
                        .isEqualTo(Arrays.copyOf(whole.ids(), whole.ids().length - 1));
            }
        }
    }

    @Test
    void labelledAnswersAreReadAsTheyWereWritten() throws IOException {
        WorldFolder folder = folder("a");
        folder.write();
        List<Preference> pairs = PreferenceData.read(
                        Path.of(folder.rewardTraining().data().preferences()), Margin.parse(Optional.empty()))
                .pairs();
        assertThat(pairs).hasSize(400);
        Path model = temp.resolve("model");
        TinyModel.write(model, ModelShape.STANDARD);
        try (Renderer renderer = new Renderer(Tokenizer.load(model), Optional.empty(), 2)) {
            assertThat(pairs).allSatisfy(pair -> {
                Rendered rendered = renderer.complete(pair.prompt(), pair.chosen(), true);
                assertThat(rendered.promptLength()).isEqualTo(5);
                assertThat(rendered.ids().length)
                        .isEqualTo(6 + pair.chosen().strip().split(" ").length);
            });
        }
    }

    @Test
    void pretrainingLowersTheLossAndIsRepeatable() throws IOException {
        Pretraining few = new Pretraining(300, 30, 32);
        double loss = 0;
        for (String name : List.of("a", "b")) {
            loss = few.run(folder(name), step -> {});
        }
        // From about 5 nats; 30 steps reach about 3.
        assertThat(loss).isLessThan(4.0);
        assertThat(temp.resolve("a/policy/model.safetensors"))
                .hasSameBinaryContentAs(temp.resolve("b/policy/model.safetensors"));
        assertThat(temp.resolve("a/policy.unfinished")).doesNotExist();
    }
}
