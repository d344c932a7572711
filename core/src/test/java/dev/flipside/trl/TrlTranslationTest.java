package dev.flipside.trl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.ConfigReader;
import dev.flipside.config.RewardTrainingConfig;
import dev.flipside.config.TrainConfig;
import dev.flipside.config.UserError;
import dev.flipside.trl.TrlTranslation.Key;
import dev.flipside.trl.TrlTranslation.Outcome;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class TrlTranslationTest {
    @TempDir
    Path folder;

    private TrlTranslation translated(String text, Optional<TrlTrainer> trainer) throws IOException {
        return TrlTranslation.of(TrlFile.read(Files.writeString(folder.resolve("trl.yaml"), text)), trainer);
    }

    private TrlTranslation grpo(String text) throws IOException {
        return translated(text, Optional.of(TrlTrainer.GRPO));
    }

    private static String at(TrlTranslation translation, String path) {
        return translation.configuration().at("/" + path.replace('.', '/')).asText();
    }

    private static Key key(TrlTranslation translation, String name) {
        return translation.keys().stream()
                .filter(key -> key.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private TrainConfig train(TrlTranslation translation) throws IOException {
        Path file = Files.writeString(folder.resolve("ours.yaml"), ConfigReader.yaml(translation.configuration()));
        return ConfigReader.train(file, List.of());
    }

    @Test
    void aFileOfGrpoBecomesOneThatTrainReads() throws IOException {
        TrlTranslation translation = translated(
                """
                model_name_or_path: models/policy
                dataset_name: data/prompts.jsonl
                reward_funcs: [models/reward]
                output_dir: runs/grpo
                learning_rate: 2e-6
                per_device_train_batch_size: 4
                gradient_accumulation_steps: 4
                steps_per_generation: 8
                num_iterations: 2
                num_generations: 8
                max_completion_length: 128
                temperature: 0.9
                max_steps: 400
                warmup_ratio: 0.05
                lr_scheduler_type: cosine_with_min_lr
                lr_scheduler_kwargs: {min_lr_rate: 0.1}
                beta: 0.0
                epsilon_high: 0.28
                scale_rewards: false
                loss_type: dr_grpo
                mask_truncated_completions: true
                bf16: false
                save_steps: 40
                logging_steps: 4
                eval_strategy: "no"
                report_to: tensorboard
                seed: 7
                use_vllm: true
                """,
                Optional.empty());
        assertThat(translation.trainer()).isEqualTo(TrlTrainer.GRPO);
        assertThat(translation.missing()).as(translation.keys().toString()).isZero();
        TrainConfig config = train(translation);
        // Eight micro-batches of four are two optimiser steps of 16, taken twice: four of TRL's steps are one here.
        assertThat(config.rollout().generationBatchSize()).isEqualTo(32);
        assertThat(config.algorithm().stepsPerGeneration()).isEqualTo(2);
        assertThat(config.algorithm().numIterations()).isEqualTo(2);
        assertThat(config.run().maxSteps()).isEqualTo(100);
        assertThat(config.run().saveSteps()).isEqualTo(10);
        assertThat(config.run().seed()).isEqualTo(7);
        assertThat(config.policy().optimiser().warmupSteps()).isEqualTo(20);
        assertThat(config.policy().optimiser().learningRate()).isEqualTo(2e-6);
        assertThat(config.policy().optimiser().minLrRate()).isEqualTo(0.1);
        assertThat(at(translation, "algorithm.scale_rewards")).isEqualTo("none");
        assertThat(at(translation, "save.preset")).isEqualTo("off");
        assertThat(at(translation, "eval.eval_steps")).isEqualTo("0");
        assertThat(key(translation, "use_vllm").outcome()).isEqualTo(Outcome.LEFT_OUT);
        assertThat(key(translation, "max_steps").what())
                .isEqualTo("run.max_steps: 100, because a step here takes 4 optimiser steps");
    }

    @Test
    void aFileOfRewardTrainingBecomesOneThatTrainRmReads() throws IOException {
        TrlTranslation translation = translated(
                "{\"model_name_or_path\": \"m\", \"dataset_name\": \"org/pairs\", \"max_length\": 512,"
                        + " \"center_rewards_coefficient\": 0.01, \"gradient_accumulation_steps\": 2,"
                        + " \"max_steps\": -1, \"eval_strategy\": \"steps\", \"eval_steps\": 50, \"use_peft\": true,"
                        + " \"lora_r\": 8, \"bf16\": null}",
                Optional.empty());
        assertThat(translation.trainer()).isEqualTo(TrlTrainer.REWARD);
        Path file = Files.writeString(folder.resolve("rm.yaml"), ConfigReader.yaml(translation.configuration()));
        RewardTrainingConfig config = ConfigReader.rewardTraining(file, List.of());
        assertThat(config.training().trainBatchSize()).isEqualTo(16);
        assertThat(config.training().optimiser().learningRate()).isEqualTo(1e-4);
        assertThat(config.training().numTrainEpochs()).isEqualTo(3);
        assertThat(config.training().evalSteps()).isEqualTo(50);
        assertThat(at(translation, "reward_model.lora.r")).isEqualTo("8");
        assertThat(translation.configuration().at("/reward_model/lora/target_modules"))
                .hasSize(2);
        assertThat(translation.keys()).noneMatch(key -> key.name().equals("bf16"));
        assertThat(key(translation, "learning_rate").outcome()).isEqualTo(Outcome.DEFAULT);
    }

    /** Every key of TRL's classes, with its default: known, and none of them keeps anything from being had. */
    @ParameterizedTest
    @EnumSource(TrlTrainer.class)
    void allDefaultsOfTrlAreKnown(TrlTrainer trainer) throws IOException {
        JsonNode defaults;
        try (InputStream in = TrlTranslationTest.class.getResourceAsStream("/trl/defaults.json")) {
            defaults = new ObjectMapper().readTree(in);
        }
        ObjectNode all = (ObjectNode) defaults.get(trailing(trainer));
        all.setAll((ObjectNode) defaults.get("model"));
        all.put("importance_sampling_level", trainer == TrlTrainer.GSPO ? "sequence" : "token");
        if (trainer == TrlTrainer.REWARD || trainer == TrlTrainer.RLOO) {
            all.remove("importance_sampling_level");
        }
        if (trainer == TrlTrainer.GSPO) {
            // A loss that is a mean over sequences.
            all.remove("loss_type");
        }
        TrlTranslation translation = translated(all.toString(), Optional.of(trainer));
        Map<String, String> missing = translation.keys().stream()
                .filter(key -> key.outcome() == Outcome.MISSING)
                .collect(Collectors.toMap(Key::name, Key::what));
        if (trainer != TrlTrainer.REWARD) {
            assertThat(missing.remove("num_train_epochs")).contains("give run.max_steps");
        }
        assertThat(missing).isEmpty();
    }

    private static String trailing(TrlTrainer trainer) {
        return switch (trainer) {
            case GRPO, GSPO -> "grpo";
            case RLOO -> "rloo";
            case REWARD -> "reward";
        };
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "loss_type: sapo | loss_type | there are grpo, bnpo, dapo and dr_grpo",
                "lr_scheduler_type: polynomial | lr_scheduler_type | there are constant, linear and cosine",
                "warmup_ratio: 0.1 | warmup_ratio | give policy.warmup_steps",
                "fp16: true | fp16 | there is no float16",
                "load_in_4bit: true | load_in_4bit | not quantised",
                "report_to: wandb | report_to | another tracker can read metrics.jsonl",
                "reward_funcs: accuracy_reward | reward_funcs | nearest is math_answer",
                "reward_funcs: [mine] | reward_funcs | let it run as the function process or http",
                "max_prompt_length: 512 | max_prompt_length | prompts are never cut",
                "top_entropy_quantile: 0.2 | top_entropy_quantile | it is 1.0 here always",
                "importance_sampling_level: sequence | importance_sampling_level | choose with --trainer",
                "num_train_epochs: 1 | num_train_epochs | prompts x epochs / 1 (prompts of a step)",
                "beta: 0.1 | use_bias_correction_kl | is not multiplied by the ratio",
                "gradient_accumulation_steps: 3, steps_per_generation: 4 | steps_per_generation | 4 micro-batches are no whole number of optimiser steps of 3",
                "shuffle_dataset: false | shuffle_dataset | shuffled always",
                "learning_rte: 1 | learning_rte | no key of this trainer",
                "save_steps: 0.1 | save_steps | is a share of all steps; give run.save_steps"
            })
    void whatCannotBeHadIsTold(String keys, String name, String why) throws IOException {
        Key key = key(grpo("{" + keys + "}"), name);
        assertThat(key.outcome()).isEqualTo(Outcome.MISSING);
        assertThat(key.what()).contains(why);
    }

    @Test
    void sequencesMakeItGspoWithTheClipsOfTrl() throws IOException {
        TrlTranslation translation =
                translated("importance_sampling_level: sequence\nepsilon: 3.0e-4", Optional.empty());
        assertThat(translation.trainer()).isEqualTo(TrlTrainer.GSPO);
        assertThat(at(translation, "algorithm.name")).isEqualTo("gspo");
        assertThat(at(translation, "algorithm.epsilon_high")).isEqualTo("3.0E-4");
        TrlTranslation rloo = translated("normalize_advantages: false", Optional.empty());
        assertThat(at(rloo, "algorithm.name")).isEqualTo("rloo");
        assertThat(at(rloo, "rollout.num_generations")).isEqualTo("2");
    }

    @Test
    void whatIsNoConfigurationIsRefused() {
        assertThatThrownBy(() -> translated("learning_rate: 1", Optional.empty()))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("give --trainer grpo, rloo or reward");
        assertThatThrownBy(() -> grpo("- a")).isInstanceOf(UserError.class).hasMessageContaining("no map of keys");
        assertThatThrownBy(() -> grpo("a: ["))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("neither YAML nor JSON");
        assertThatThrownBy(() -> grpo("a: 1\na: 2"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("line 2");
        assertThatThrownBy(() -> grpo("max_steps: many"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("max_steps must be a number, not \"many\"");
        assertThatThrownBy(() -> grpo("per_device_train_batch_size: 0"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("must be a whole number of at least 1");
        assertThatThrownBy(() -> TrlFile.read(folder.resolve("none.yaml")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("there is no file");
    }
}
