package dev.flipside.trl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.flipside.config.Spelling;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** {@code GRPOConfig} and {@code RLOOConfig}, for {@code train}. */
final class PolicyRules extends TrlRules {
    private static final Set<String> LOSSES = Set.of("grpo", "bnpo", "dapo", "dr_grpo");

    /** Rewards of TRL, and ours that is nearest. */
    private static final Map<String, String> FUNCTIONS = Map.of(
            "accuracy_reward", "math_answer",
            "reasoning_accuracy_reward", "math_answer",
            "think_format_reward", "regex_format");

    private static final String BIAS_CORRECTION =
            "the term of the divergence is not multiplied by the ratio here, so updates on old samples differ";

    private final TrlTrainer trainer;
    private final TrlBatches batches;

    PolicyRules(TrlFile file, TrlTrainer trainer, TrlTranslation.Draft draft) {
        super(file, draft, "policy", "policy");
        this.trainer = trainer;
        batches = TrlBatches.of(file);
    }

    @Override
    protected Optional<String> same(String key) {
        return TrlKeys.ofPolicyTraining(key);
    }

    @Override
    protected boolean own(String key, JsonNode value, String text) {
        switch (key) {
            case "dataset_name", "dataset_path", "dataset" -> becomes(key, value, "data.prompts");
            case "reward_model_name_or_path", "reward_model_path" -> becomes(key, value, "reward_model.model");
            case "reward_funcs" -> rewards(key, value);
            case "reward_weights" ->
                missing(key, text, "give reward_model.weight, and weight in each of reward_model.functions");
            case "gradient_accumulation_steps", "steps_per_generation", "generation_batch_size" -> cut(key, text);
            case "max_steps" -> steps(key, text);
            case "num_train_epochs" ->
                missing(
                        key,
                        text,
                        "give run.max_steps: prompts x epochs / " + promptsOfAStep() + " (prompts of a step)");
            case "save_steps" -> everySoManySteps(key, value, text, "run.save_steps");
            case "eval_steps" -> everySoManySteps(key, value, text, "eval.eval_steps");
            case "logging_steps" -> everySoManySteps(key, value, text, "logging.logging_steps");
            case "save_strategy" -> strategy(key, text, "run.save_steps");
            case "eval_strategy", "do_eval", "eval_on_start" -> strategy(key, text, "eval.eval_steps");
            case "report_to" -> reports(key, text, "logging.tensorboard");
            case "loss_type" -> loss(key, text);
            case "scale_rewards" -> scale(key, text);
            case "importance_sampling_level" -> level(key, text);
            case "use_bias_correction_kl" -> biasCorrection(key, text);
            case "normalize_advantages", "sync_ref_model", "use_adaptive_entropy" ->
                onlyOff(key, text, "there is no such thing here");
            case "multi_objective_aggregation" -> only(key, text, "sum_then_normalize");
            case "top_entropy_quantile" -> only(key, text, "1.0");
            case "entropy_coef" -> only(key, text, "0.0");
            case "router_aux_loss_coef" -> leftOut(key, text, "the coefficient in the model's config.json counts");
            case "shuffle_dataset" -> shuffle(key, text);
            case "max_prompt_length" ->
                missing(key, text, "prompts are never cut; data.long_prompts: drop leaves those out that do not fit");
            case "reward_clip_range", "off_policy_mask_threshold", "max_tool_calling_iterations" ->
                missing(key, text, "there is no such thing here");
            case "generation_kwargs" -> generationOptions(key, value);
            default -> {
                return false;
            }
        }
        return true;
    }

    private int promptsOfAStep() {
        int group = file.count("num_generations", trainer == TrlTrainer.RLOO ? 2 : 8);
        return Math.max(1, batches.generation() / group);
    }

    private void rewards(String key, JsonNode value) {
        for (JsonNode name :
                value.isArray() ? value : JsonNodeFactory.instance.arrayNode().add(value)) {
            String text = name.asText();
            if (text.contains("/")) {
                becomes(key, name, "reward_model.model");
            } else if (FUNCTIONS.containsKey(text)) {
                missing(
                        key,
                        text,
                        "nearest is " + FUNCTIONS.get(text) + " in reward_model.functions; read its options first");
            } else {
                missing(
                        key,
                        text,
                        "let it run as the function process or http of reward_model.functions, or write a RewardFunction in Java");
            }
        }
    }

    /** Three of TRL's numbers make two of ours. */
    private void cut(String key, String text) {
        set("rollout.generation_batch_size", IntNode.valueOf(batches.generation()));
        if (batches.isWhole()) {
            becomes(
                    key,
                    text,
                    "algorithm.steps_per_generation",
                    IntNode.valueOf(batches.stepsOfAPass()),
                    "rollout.generation_batch_size: " + batches.generation());
        } else {
            missing(
                    key,
                    text,
                    batches.perGeneration() + " micro-batches are no whole number of optimiser steps of "
                            + batches.accumulation());
        }
    }

    private void steps(String key, String text) {
        if (file.number(key).orElse(-1) < 1) {
            leftOut(key, text, "it means that num_train_epochs counts");
            return;
        }
        int steps = (int) Math.ceil(file.count(key, 1) / (double) batches.updates());
        stepsOfOurs(key, text, "run.max_steps", steps);
    }

    /** TRL counts optimiser steps, the loop counts generations. */
    private void stepsOfOurs(String key, String text, String ours, int steps) {
        if (batches.updates() == 1) {
            becomes(key, text, ours, IntNode.valueOf(steps));
        } else {
            becomes(
                    key,
                    text,
                    ours,
                    IntNode.valueOf(steps),
                    "because a step here takes " + batches.updates() + " optimiser steps");
        }
    }

    private void everySoManySteps(String key, JsonNode value, String text, String ours) {
        double given = file.number(key).orElse(0);
        if (given > 0 && given < 1) {
            missing(key, text, "is a share of all steps; give " + ours);
        } else if (given == 0) {
            becomes(key, value, ours);
        } else {
            stepsOfOurs(key, text, ours, (int) Math.max(1, Math.round(given / batches.updates())));
        }
    }

    private void loss(String key, String text) {
        if (trainer != TrlTrainer.GRPO) {
            missing(key, text, Spelling.of(trainer) + " is a mean over sequences here");
        } else if (LOSSES.contains(text)) {
            becomes(key, text, "algorithm.loss_type", TextNode.valueOf(text));
        } else {
            missing(key, text, "there are grpo, bnpo, dapo and dr_grpo");
        }
    }

    private void scale(String key, String text) {
        String ours =
                switch (text) {
                    case "true", "True" -> "group";
                    case "false", "False" -> "none";
                    default -> text;
                };
        becomes(key, text, "algorithm.scale_rewards", TextNode.valueOf(ours));
    }

    private void level(String key, String text) {
        TrlTrainer meant = text.equals("sequence") ? TrlTrainer.GSPO : TrlTrainer.GRPO;
        if (meant == trainer) {
            becomes(key, text, "algorithm.name", TextNode.valueOf(Spelling.of(trainer)));
        } else {
            missing(key, text, "ratios of tokens are grpo's, those of sequences gspo's: choose with --trainer");
        }
    }

    private void biasCorrection(String key, String text) {
        if (file.isTrue(key) && file.number("beta").orElse(0) == 0) {
            leftOut(key, text, "without a divergence (beta 0) it changes nothing");
        } else {
            onlyOff(key, text, BIAS_CORRECTION);
        }
    }

    private void shuffle(String key, String text) {
        if (file.isTrue(key)) {
            leftOut(key, text, "prompts are shuffled always");
        } else {
            missing(key, text, "prompts are shuffled always");
        }
    }

    private void generationOptions(String key, JsonNode value) {
        value.properties().forEach(option -> {
            String name = key + "." + option.getKey();
            String text = TrlTranslation.Draft.text(option.getValue());
            switch (option.getKey()) {
                case "stop", "stop_strings" -> becomes(name, text, "rollout.stop", list(option.getValue()));
                case "suppress_tokens" -> becomes(name, text, "rollout.suppress_tokens", list(option.getValue()));
                default -> missing(name, text, "of these stop and suppress_tokens are known");
            }
        });
    }

    private static JsonNode list(JsonNode value) {
        return value.isArray() ? value : JsonNodeFactory.instance.arrayNode().add(value);
    }

    @Override
    protected void defaults() {
        set("algorithm.name", TextNode.valueOf(Spelling.of(trainer)));
        // TRL's reward model does not learn.
        set("save.preset", TextNode.valueOf("off"));
        standard("seed", "run.seed", IntNode.valueOf(42));
        if (!file.has("gradient_accumulation_steps") && !file.has("steps_per_generation")) {
            standard("generation_batch_size", "rollout.generation_batch_size", IntNode.valueOf(batches.generation()));
        }
        if (trainer == TrlTrainer.RLOO) {
            standard("num_generations", "rollout.num_generations", IntNode.valueOf(2));
        }
        if (trainer == TrlTrainer.GSPO) {
            double epsilon = file.number("epsilon").orElse(0.2);
            standard("epsilon", "algorithm.epsilon", DoubleNode.valueOf(epsilon));
            standard("epsilon_high", "algorithm.epsilon_high", DoubleNode.valueOf(epsilon));
        }
        standard("logging_steps", "logging.logging_steps", IntNode.valueOf(Math.max(1, 10 / batches.updates())));
        standard("save_steps", "run.save_steps", IntNode.valueOf(Math.max(1, 500 / batches.updates())));
        boolean penalised = file.number("beta").orElse(0) > 0 && trainer != TrlTrainer.RLOO;
        if (penalised && !file.has("use_bias_correction_kl")) {
            missing("use_bias_correction_kl", "default", BIAS_CORRECTION);
        }
    }
}
