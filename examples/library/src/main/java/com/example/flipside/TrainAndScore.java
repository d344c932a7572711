package com.example.flipside;

import dev.flipside.config.ChatTemplateConfig;
import dev.flipside.config.ConfigReader;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.model.RewardModel;
import dev.flipside.model.ScoredRow;
import dev.flipside.rollout.SamplingOptions;
import dev.flipside.text.Conversation;
import dev.flipside.text.Rendered;
import dev.flipside.text.Renderer;
import dev.flipside.train.Renderers;
import dev.flipside.train.RewardTrainer;
import dev.flipside.train.SaveTrainer;
import dev.flipside.train.TrainListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** A whole training from Java: pairs, a reward model, the SAVE loop with a reward function of one's own, and scores by the result. */
public final class TrainAndScore {
    static final List<String> PROMPTS =
            List.of("the fox", "a fox", "the owl", "a owl", "the river", "a river", "the stone", "a stone");
    private static final SamplingOptions SHORT = SamplingOptions.plain(12);

    static final String REWARD_MODEL_YAML =
            """
            data: {eval_fraction: 0.2, max_length: 32}
            training: {learning_rate: 3e-3, num_train_epochs: 3, train_batch_size: 16, tensorboard: false}
            """;
    static final String SAVE_YAML =
            """
            run: {max_steps: 12, save_steps: 0}
            policy: {learning_rate: 3e-3, per_device_train_batch_size: 32, lr_scheduler_type: constant}
            rollout: {generation_batch_size: 64, num_generations: 8, max_completion_length: 12, suppress_tokens: [0, 2]}
            algorithm: {name: grpo}
            save: {learning_rate: 3e-4, value_warmup_prompts: 8, calibration_prompts: 8}
            logging: {tensorboard: false}
            """;

    private TrainAndScore() {}

    /** A line of pairs.jsonl. */
    record Pair(String prompt, String chosen, String rejected) {}

    /**
     * What came out.
     *
     * @param kindBefore mean share of kind words in the model's completions
     * @param kindAfter the same after training
     * @param kindScore the improved reward model's score of a kind reply
     * @param rudeScore and of a rude one
     */
    record Outcome(double kindBefore, double kindAfter, double kindScore, double rudeScore) {}

    /** Runs in the folder given, {@code runs/kind-words} when none is. */
    public static void main(String[] args) throws IOException {
        try {
            Outcome outcome = run(Path.of(args.length > 0 ? args[0] : "runs/kind-words"), System.out::println);
            System.out.printf(
                    "kind words: %.2f of what the model says before, %.2f after%n",
                    outcome.kindBefore(), outcome.kindAfter());
            System.out.printf(
                    "scores of the improved reward model: kind reply %.3f, rude reply %.3f%n",
                    outcome.kindScore(), outcome.rudeScore());
        } catch (UserError e) {
            System.err.println(e.getMessage());
            System.exit(2);
        }
    }

    static Outcome run(Path folder, Consumer<String> say) throws IOException {
        Path model = TinyModel.write(folder.resolve("model"), 7);
        KindWordsReward kindWords = new KindWordsReward();
        Path pairs = JsonLines.write(folder.resolve("pairs.jsonl"), pairs(model, kindWords));
        Path prompts = JsonLines.write(
                folder.resolve("prompts.jsonl"),
                PROMPTS.stream().map(p -> Map.of("prompt", p)).toList());
        double before = kindness(model, kindWords);

        Path rewardYaml = Files.writeString(folder.resolve("reward-model.yaml"), REWARD_MODEL_YAML);
        Path rewardRun = folder.resolve("reward-model");
        new RewardTrainer(ConfigReader.rewardTraining(
                        rewardYaml,
                        List.of(
                                "run.output_dir=" + rewardRun,
                                "reward_model.model=" + model,
                                "data.preferences=" + pairs)))
                .listener(printing(say, "accuracy"))
                .run();

        Path saveYaml = Files.writeString(folder.resolve("save.yaml"), SAVE_YAML);
        Path saveRun = folder.resolve("save");
        new SaveTrainer(ConfigReader.train(
                        saveYaml,
                        List.of(
                                "run.output_dir=" + saveRun,
                                "policy.model=" + model,
                                "reward_model.model=" + rewardRun.resolve("final"),
                                "data.prompts=" + prompts)))
                .reward(kindWords, 1.0)
                .listener(printing(say, "rewards/kind_words/mean"))
                .run();

        double[] scores = score(saveRun.resolve("reward_model"), "the owl", List.of("sings gentle", "sings rude"));
        return new Outcome(before, kindness(saveRun.resolve("policy"), kindWords), scores[0], scores[1]);
    }

    /** Two samples of the same prompt, the one with more kind words chosen. */
    static List<Pair> pairs(Path model, KindWordsReward kindWords) {
        List<Pair> pairs = new ArrayList<>();
        List<List<Sampling.Text>> texts = Sampling.sample(model, PROMPTS, 48, SHORT, 1);
        for (int p = 0; p < PROMPTS.size(); p++) {
            for (int i = 0; i + 1 < texts.get(p).size(); i += 2) {
                String a = texts.get(p).get(i).text();
                String b = texts.get(p).get(i + 1).text();
                double difference = kindWords.share(a) - kindWords.share(b);
                if (difference != 0) {
                    pairs.add(new Pair(PROMPTS.get(p), difference > 0 ? a : b, difference > 0 ? b : a));
                }
            }
        }
        return pairs;
    }

    private static double kindness(Path model, KindWordsReward kindWords) {
        return Sampling.sample(model, PROMPTS, 32, SHORT, 2).stream()
                .flatMap(List::stream)
                .mapToDouble(text -> kindWords.share(text.text()))
                .average()
                .orElseThrow();
    }

    private static double[] score(Path rewardModel, String prompt, List<String> replies) {
        try (RewardModel model = RewardModel.load(rewardModel, Device.CPU);
                Renderer renderer = Renderers.load(rewardModel, ChatTemplateConfig.defaults(), model.files())) {
            List<ScoredRow> rows = replies.stream()
                    .map(reply -> {
                        Rendered rendered = renderer.complete(Conversation.ofPrompt(prompt), " " + reply, true);
                        return new ScoredRow(rendered.ids(), rendered.promptLength());
                    })
                    .toList();
            return model.score(rows).rewards();
        }
    }

    private static TrainListener printing(Consumer<String> say, String figure) {
        return new TrainListener() {
            @Override
            public void step(long step, Map<String, Double> metrics) {
                Optional.ofNullable(metrics.get(figure))
                        .ifPresent(value -> say.accept("step %d: %s %.3f".formatted(step, figure, value)));
            }

            @Override
            public void message(String line) {
                say.accept(line);
            }

            @Override
            public void warning(String line) {
                say.accept("warning: " + line);
            }
        };
    }
}
