package dev.flipside.config;

import java.util.Map;
import java.util.Optional;

/** Keys that users of TRL and transformers write, and what takes their place. */
final class NamesOfTrl {
    private static final String CUT =
            "rollout.generation_batch_size says how much is sampled, algorithm.steps_per_generation how many optimiser steps a pass takes (training.train_batch_size in train-rm)";
    private static final String PRECISION = "run.dtype is float32 or bfloat16";

    private static final Map<String, String> OURS = Map.ofEntries(
            Map.entry("warmup_ratio", "warmup_steps is a number of steps"),
            Map.entry("gradient_accumulation_steps", CUT),
            Map.entry("train_batch_size", CUT),
            Map.entry("per_device_eval_batch_size", "evaluations are cut by activation_memory_mb"),
            Map.entry(
                    "max_prompt_length",
                    "prompts are never cut, and data.long_prompts: drop leaves those out that do not fit"),
            Map.entry("num_train_epochs", "run.max_steps says how long, one generation batch a step"),
            Map.entry("bf16", PRECISION),
            Map.entry("fp16", PRECISION),
            Map.entry("torch_dtype", PRECISION),
            Map.entry("report_to", "logging.tensorboard is true or false, and metrics.jsonl is always written"),
            Map.entry("model_name_or_path", "policy.model, reward_model.model"),
            Map.entry("dataset_name", "data.prompts, or data.preferences in train-rm, also names a dataset of the Hub"),
            Map.entry("reward_funcs", "reward_model.model and reward_model.functions"),
            Map.entry("reward_weights", "reward_model.weight, and weight in each of reward_model.functions"),
            Map.entry("use_vllm", "generation is built in"),
            Map.entry("eval_strategy", "eval.eval_steps, or training.eval_steps in train-rm"),
            Map.entry("save_strategy", "run.save_steps"),
            Map.entry("max_new_tokens", "rollout.max_completion_length"),
            Map.entry("lora_r", "policy.lora.r"),
            Map.entry("use_peft", "policy.lora: {} asks for an adapter"));

    private NamesOfTrl() {}

    /** What takes the place of a key; empty for one that is not known. */
    static Optional<String> ours(String key) {
        return Optional.ofNullable(OURS.get(key));
    }
}
