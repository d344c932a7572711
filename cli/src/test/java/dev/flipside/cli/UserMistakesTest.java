package dev.flipside.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.model.GoldenFixtures;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Mistakes that users make: each is one sentence that names the place, the value, the reason and the way out, and exit
 * code 2.
 */
class UserMistakesTest {
    @TempDir
    static Path folder;

    private static StoryRun stories;

    @BeforeAll
    static void trainTheRewardModel() throws IOException {
        stories = StoryRun.in(folder);
        assertThat(stories.trainRewardModel().exitCode()).isZero();
    }

    enum Mistake {
        MISSING_FILE("data.prompts", "nowhere.jsonl") {
            @Override
            CommandRun make() {
                return stories.train("data.prompts=nowhere.jsonl");
            }
        },
        WRONG_KEY("there is no key 'rollout.num_generation'", "did you mean 'num_generations'?") {
            @Override
            CommandRun make() {
                return stories.train("rollout.num_generation=4");
            }
        },
        KEY_WITHOUT_EFFECT("save.anchor_mix: 0.5 has no effect", "save.anchor is not mixture", "remove the key") {
            @Override
            CommandRun make() {
                return stories.train("save.anchor_mix=0.5");
            }
        },
        TOKEN_OF_ANOTHER_MODEL(
                "rollout.suppress_tokens holds 99999", "no token of a vocabulary of 512", "from 0 to 511") {
            @Override
            CommandRun make() {
                return stories.train("rollout.suppress_tokens=[99999]");
            }
        },
        WRONG_MODEL_TYPE("config.json: model_type 'bert' is not supported", "llama, mistral, qwen2, qwen3") {
            @Override
            CommandRun make() throws IOException {
                Path model = GoldenFixtures.copy(StoryRun.model(), folder.resolve("bert"));
                GoldenFixtures.editConfig(model, config -> config.put("model_type", "bert"));
                return stories.train("policy.model=" + model);
            }
        },
        REWARD_MODEL_WITHOUT_HEAD("has no score.weight, so it is not a reward model", "train-rm") {
            @Override
            CommandRun make() {
                return stories.train("reward_model.model=" + StoryRun.model());
            }
        },
        EMPTY_DATASET("data.prompts: ", "empty.jsonl") {
            @Override
            CommandRun make() throws IOException {
                Path file = Files.createFile(folder.resolve("empty.jsonl"));
                return stories.train("data.prompts=" + file);
            }
        },
        PROMPT_LONGER_THAN_THE_CONTEXT("data.prompts: prompt 2 has ", "the context of 512", "data.long_prompts: drop") {
            @Override
            CommandRun make() throws IOException {
                Path file = folder.resolve("long.jsonl");
                String tale = "The cat saw a red ball. ".repeat(100);
                Files.write(file, List.of("{\"prompt\": \"The cat.\"}", "{\"prompt\": \"" + tale + "\"}"));
                return stories.train("data.prompts=" + file);
            }
        },
        GROUP_OF_ONE("rollout.num_generations: 1 leaves nothing to compare", "set 2 or more") {
            @Override
            CommandRun make() {
                return stories.train("rollout.num_generations=1");
            }
        },
        GSPO_WITHOUT_EPSILONS("algorithm.epsilon: gspo needs", "epsilon: 3e-4 and epsilon_high: 4e-4") {
            @Override
            CommandRun make() {
                return stories.train("algorithm.name=gspo");
            }
        },
        TRAINING_PAIRS_HELD_OUT(
                "data.eval_preferences: its pairs are all in data.preferences",
                "learnt by heart",
                "flipside data split") {
            @Override
            CommandRun make() throws IOException {
                List<String> rows = new ArrayList<>(Files.readAllLines(folder.resolve("pairs.jsonl")));
                Collections.reverse(rows);
                Path other = Files.write(folder.resolve("another-name.jsonl"), rows);
                return stories.trainRewardModel(
                        "run.output_dir=" + folder.resolve("same"), "data.eval_preferences=" + other);
            }
        },
        GUARD_PAIRS_HELD_OUT("data.eval_preferences: its pairs are all in data.preferences") {
            @Override
            CommandRun make() {
                String pairs = folder.resolve("pairs.jsonl").toString();
                return stories.train(
                        "save.guard=replay", "data.preferences=" + pairs, "data.eval_preferences=" + pairs);
            }
        },
        TRAINING_PROMPTS_HELD_OUT("data.eval_prompts: its prompts are all in data.prompts", "learnt by heart") {
            @Override
            CommandRun make() {
                return stories.train("data.eval_prompts=" + folder.resolve("prompts.jsonl"));
            }
        },
        ONE_PAIR("data.preferences: ", "single.jsonl has one usable pair in 2 row(s)", "give more") {
            @Override
            CommandRun make() throws IOException {
                Path file = Files.write(
                        folder.resolve("single.jsonl"),
                        List.of(
                                "{\"prompt\": \"The cat\", \"chosen\": \" sat.\", \"rejected\": \" ran.\"}",
                                "{\"prompt\": \"The dog\", \"chosen\": \" sat.\", \"rejected\": \" sat.\"}"));
                return stories.trainRewardModel("run.output_dir=" + folder.resolve("one"), "data.preferences=" + file);
            }
        },
        REWARD_MODEL_AS_POLICY(
                "rm/final: it is a reward model (it has a score.weight) where a language model is needed") {
            @Override
            CommandRun make() {
                return stories.train("policy.model=" + folder.resolve("rm/final"));
            }
        },
        REWARD_MODEL_THAT_GENERATES("rm/final: it is a reward model (it has a score.weight)") {
            @Override
            CommandRun make() {
                return CommandRun.withInput(
                        "{\"prompt\": \"a\"}",
                        "generate",
                        "--model",
                        folder.resolve("rm/final").toString());
            }
        },
        SEVERAL_KEYS_MISSING("policy.model, reward_model.model and data.prompts are missing; name ") {
            @Override
            CommandRun make() throws IOException {
                Path config = Files.writeString(folder.resolve("few.yaml"), "run: {max_steps: 1}\n");
                return CommandRun.of("train", config.toString());
            }
        },
        CONFIG_THAT_IS_NOT_UTF8("latin.yaml cannot be read: not UTF-8 text") {
            @Override
            CommandRun make() throws IOException {
                Path config = Files.write(
                        folder.resolve("latin.yaml"), "# gr\u00fcn\n".getBytes(StandardCharsets.ISO_8859_1));
                return CommandRun.of("train", config.toString());
            }
        },
        SCALAR_FOR_A_LIST("rollout.stop: 'END' is not a list; put it in [brackets]") {
            @Override
            CommandRun make() {
                return stories.train("rollout.stop=END");
            }
        },
        SCALAR_FOR_A_LIST_OF_MAPS("reward_model.functions: 'length' is not a list; put it in [brackets]") {
            @Override
            CommandRun make() {
                return stories.train("reward_model.functions=length");
            }
        },
        SCALAR_IN_A_LIST_OF_MAPS("reward_model.functions.[0]: 'length' is not a map of keys") {
            @Override
            CommandRun make() {
                return stories.train("reward_model.functions=[length]");
            }
        },
        CUT_ROW(
                "line 1 is not valid JSON (Unexpected end-of-input: expected close marker for Object)",
                "correct that") {
            @Override
            CommandRun make() throws IOException {
                Path file = Files.writeString(folder.resolve("cut.jsonl"), "{\"prompt\": \"The cat.\"\n");
                return stories.train("data.prompts=" + file);
            }
        },
        CORRUPTED_CHECKPOINT("checkpoints/step-2 is damaged", "policy/model.safetensors", "step-1") {
            @Override
            CommandRun make() throws IOException {
                String out = "run.output_dir=" + folder.resolve("corrupted");
                CommandRun run = stories.train(out, "run.max_steps=2", "run.save_steps=1")
                        .succeeded();
                Path weights = folder.resolve("corrupted/checkpoints/step-2/policy/model.safetensors");
                byte[] bytes = Files.readAllBytes(weights);
                bytes[bytes.length / 2] ^= 1;
                Files.write(weights, bytes);
                return stories.train(out, "run.max_steps=2", "run.save_steps=1", "--resume");
            }
        };

        private final List<String> expected;

        Mistake(String... expected) {
            this.expected = List.of(expected);
        }

        abstract CommandRun make() throws IOException;
    }

    @ParameterizedTest
    @EnumSource
    void isOneSentence(Mistake mistake) throws IOException {
        CommandRun run = mistake.make();

        assertThat(run.exitCode()).as(run.err()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        String sentence = run.err().lines().reduce((first, second) -> second).orElseThrow();
        assertThat(sentence).startsWith("flipside: ").contains(mistake.expected).endsWith(".");
        assertThat(run.err()).doesNotContain("\tat ", "Exception", "Source:", "REDACTED");
    }

    /** Its run may hold a part of the file out, so that this is no more than a warning. */
    @Test
    void heldOutPairsThatTaughtTheRewardModelAreTold() throws IOException {
        Path copy = Files.copy(folder.resolve("pairs.jsonl"), folder.resolve("copy.jsonl"));
        CommandRun run = stories.train(
                        "run.output_dir=" + folder.resolve("taught"),
                        "run.max_steps=1",
                        "data.eval_preferences=" + copy)
                .succeeded();
        CommandRun validate = stories.command("validate", "train.yaml", "data.eval_preferences=" + copy);
        CommandRun others = stories.train("run.output_dir=" + folder.resolve("others"), "run.max_steps=1")
                .succeeded();

        String sentence = copy + " holds the pairs that " + folder.resolve("rm/final") + " was trained on ("
                + folder.resolve("rm/provenance.json") + " says so)";
        assertThat(run.err()).contains("warning: data.eval_preferences: " + sentence);
        assertThat(validate.out())
                .containsPattern("note +data.eval_preferences +")
                .contains(sentence);
        assertThat(others.err()).doesNotContain("was trained on");
    }
}
