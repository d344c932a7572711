package dev.flipside.train;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.flipside.config.ConfigReader;
import dev.flipside.config.RewardTrainingConfig;
import dev.flipside.config.TrainConfig;
import dev.flipside.model.TinyModels;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Everything a run needs, written from a seed and small enough that a training step takes milliseconds: a random policy
 * and reward model that read letters, prompts with a further column, and pairs in which the answer with more vowels was
 * chosen.
 */
final class TinyWorld {
    static final int EOS = 2;
    private static final String LETTERS = "abcdefghijklmnopqrstuvwxyz .";
    private static final int FIRST_LETTER = 4;
    private static final int VOCABULARY = FIRST_LETTER + LETTERS.length();
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Path folder;

    TinyWorld(Path folder) {
        this.folder = folder;
        try {
            model("policy", TinyModels.llama().seed(3));
            model("reward-model", TinyModels.llama().classifier().seed(4));
            prompts("prompts.jsonl", 6, 0);
            prompts("eval-prompts.jsonl", 3, 6);
            pairs("pairs.jsonl", 24, 1);
            pairs("eval-pairs.jsonl", 16, 2);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path policy() {
        return folder.resolve("policy");
    }

    Path rewardModel() {
        return folder.resolve("reward-model");
    }

    Path file(String name) {
        return folder.resolve(name);
    }

    /** The name of a letter's token in reward functions' completionIds. */
    static int id(char letter) {
        return FIRST_LETTER + LETTERS.indexOf(letter);
    }

    /**
     * A SAVE run of two steps in folder {@code name}, changed by {@code section.key=value}; {@code !section.key} takes
     * one of its keys out.
     */
    TrainConfig config(String name, String... overrides) {
        return config(name, List.of(overrides));
    }

    TrainConfig config(String name, List<String> overrides) {
        Map<String, Object> base = base(name);
        base.put("reward_model.model", rewardModel());
        base.put("save.learning_rate", 3e-3);
        base.put("save.value_learning_rate", 1e-2);
        base.put("save.mask_truncated", false);
        base.put("save.value_warmup_prompts", 8);
        base.put("save.calibration_prompts", 4);
        return read(base, overrides);
    }

    /** Without reward model and SAVE: reward functions alone. */
    TrainConfig functionsOnly(String name, String... overrides) {
        Map<String, Object> base = base(name);
        base.put("save.preset", "off");
        return read(base, List.of(overrides));
    }

    private Map<String, Object> base(String name) {
        Map<String, Object> base = new LinkedHashMap<>();
        base.put("run.output_dir", folder.resolve(name));
        base.put("run.max_steps", 2);
        base.put("run.save_steps", 0);
        base.put("policy.model", policy());
        base.put("policy.learning_rate", 3e-3);
        base.put("data.prompts", file("prompts.jsonl"));
        base.put("rollout.generation_batch_size", 12);
        base.put("rollout.num_generations", 4);
        base.put("rollout.max_completion_length", 8);
        base.put("logging.tensorboard", false);
        return base;
    }

    private TrainConfig read(Map<String, Object> base, List<String> overrides) {
        return ConfigReader.train(write("empty.yaml", "{}\n"), merged(base, overrides));
    }

    private static List<String> merged(Map<String, Object> base, List<String> overrides) {
        List<String> all = new ArrayList<>();
        base.forEach((key, value) -> {
            if (!overrides.contains("!" + key)) {
                all.add(key + "=" + value);
            }
        });
        overrides.stream().filter(o -> !o.startsWith("!")).forEach(all::add);
        return all;
    }

    /** A reward-model training of two steps of eight pairs. */
    RewardTrainingConfig rewardTraining(String name, String... overrides) {
        Map<String, Object> base = new LinkedHashMap<>();
        base.put("run.output_dir", folder.resolve(name));
        base.put("reward_model.model", rewardModel());
        base.put("data.preferences", file("pairs.jsonl"));
        base.put("data.eval_preferences", file("eval-pairs.jsonl"));
        base.put("training.learning_rate", 3e-3);
        base.put("training.max_steps", 2);
        base.put("training.train_batch_size", 8);
        base.put("training.tensorboard", false);
        return ConfigReader.rewardTraining(write("empty.yaml", "{}\n"), merged(base, List.of(overrides)));
    }

    Path write(String name, String text) {
        try {
            return Files.writeString(folder.resolve(name), text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A model directory with random weights whose next tokens are neither certain nor all alike. */
    private void model(String name, TinyModels model) throws IOException {
        Path directory = model.config(c -> c.put("vocab_size", VOCABULARY)
                        .put("hidden_size", 16)
                        .put("intermediate_size", 24)
                        .put("num_attention_heads", 2)
                        .put("num_key_value_heads", 1)
                        .put("pad_token_id", 3))
                .spread(0.5)
                .write(folder.resolve(name));
        Files.writeString(directory.resolve("tokenizer.json"), tokenizer());
        Files.writeString(
                directory.resolve("tokenizer_config.json"),
                "{\"bos_token\": \"<s>\", \"eos_token\": \"</s>\", \"pad_token\": \"<pad>\", \"unk_token\": \"<unk>\"}");
    }

    private static String tokenizer() throws IOException {
        Map<String, Integer> vocabulary = new LinkedHashMap<>();
        List<Map<String, Object>> added = new ArrayList<>();
        for (String special : List.of("<unk>", "<s>", "</s>", "<pad>")) {
            Map<String, Object> token = new LinkedHashMap<>();
            token.put("id", vocabulary.size());
            token.put("content", special);
            token.put("special", true);
            for (String no : List.of("single_word", "lstrip", "rstrip", "normalized")) {
                token.put(no, false);
            }
            added.add(token);
            vocabulary.put(special, vocabulary.size());
        }
        LETTERS.chars().forEach(c -> vocabulary.put(Character.toString(c), vocabulary.size()));
        Map<String, Object> tokenizer = new LinkedHashMap<>();
        tokenizer.put("version", "1.0");
        tokenizer.put("added_tokens", added);
        tokenizer.put(
                "pre_tokenizer",
                Map.of("type", "Split", "pattern", Map.of("Regex", "."), "behavior", "Isolated", "invert", false));
        Map<String, Object> bos = Map.of("SpecialToken", Map.of("id", "<s>", "type_id", 0));
        Map<String, Object> text = Map.of("Sequence", Map.of("id", "A", "type_id", 0));
        tokenizer.put(
                "post_processor",
                Map.of(
                        "type", "TemplateProcessing",
                        "single", List.of(bos, text),
                        "pair", List.of(bos, text),
                        "special_tokens",
                                Map.of("<s>", Map.of("id", "<s>", "ids", List.of(1), "tokens", List.of("<s>")))));
        tokenizer.put("decoder", Map.of("type", "Fuse"));
        tokenizer.put("model", Map.of("type", "WordLevel", "vocab", vocabulary, "unk_token", "<unk>"));
        return JSON.writeValueAsString(tokenizer);
    }

    private void prompts(String name, int count, int from) throws IOException {
        SplittableRandom random = new SplittableRandom(100L + from);
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            lines.add(JSON.writeValueAsString(
                    Map.of("prompt", word(random, 3 + i % 4), "wanted", Character.toString('a' + i))));
        }
        Files.write(folder.resolve(name), lines);
    }

    private void pairs(String name, int count, long seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        List<String> lines = new ArrayList<>();
        while (lines.size() < count) {
            String a = word(random, random.nextInt(3, 9));
            String b = word(random, random.nextInt(3, 9));
            if (vowels(a) != vowels(b)) {
                boolean first = vowels(a) > vowels(b);
                lines.add(JSON.writeValueAsString(Map.of(
                        "prompt", word(random, 4), "chosen", first ? a : b, "rejected", first ? b : a, "margin", 0.3)));
            }
        }
        Files.write(folder.resolve(name), lines);
    }

    static long vowels(String text) {
        return text.chars().filter(c -> "aeiou".indexOf(c) >= 0).count();
    }

    private static String word(SplittableRandom random, int length) {
        StringBuilder word = new StringBuilder();
        for (int i = 0; i < length; i++) {
            word.append(LETTERS.charAt(random.nextInt(26)));
        }
        return word.toString();
    }
}
