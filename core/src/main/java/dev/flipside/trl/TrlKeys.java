package dev.flipside.trl;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Keys of TRL that become one of ours as they are, and keys that are left out, with the reason. */
final class TrlKeys {
    private static final Map<String, String> SHARED =
            Map.ofEntries(Map.entry("output_dir", "run.output_dir"), Map.entry("seed", "run.seed"));

    /** Of the model that learns; our section has the same names. */
    private static final Set<String> OPTIMISER = Set.of(
            "learning_rate",
            "weight_decay",
            "adam_beta1",
            "adam_beta2",
            "adam_epsilon",
            "max_grad_norm",
            "per_device_train_batch_size",
            "gradient_checkpointing");

    private static final Map<String, String> POLICY = Map.ofEntries(
            Map.entry("chat_template_kwargs", "policy.chat_template_kwargs"),
            Map.entry("num_generations", "rollout.num_generations"),
            Map.entry("max_completion_length", "rollout.max_completion_length"),
            Map.entry("temperature", "rollout.temperature"),
            Map.entry("top_p", "rollout.top_p"),
            Map.entry("top_k", "rollout.top_k"),
            Map.entry("min_p", "rollout.min_p"),
            Map.entry("repetition_penalty", "rollout.repetition_penalty"),
            Map.entry("beta", "algorithm.beta"),
            Map.entry("num_iterations", "algorithm.num_iterations"),
            Map.entry("epsilon", "algorithm.epsilon"),
            Map.entry("epsilon_high", "algorithm.epsilon_high"),
            Map.entry("delta", "algorithm.delta"),
            Map.entry("mask_truncated_completions", "algorithm.mask_truncated_completions"),
            Map.entry("num_generations_eval", "eval.num_generations"),
            Map.entry("log_completions", "logging.log_completions"),
            Map.entry("save_total_limit", "run.save_total_limit"));

    private static final Map<String, String> REWARD = Map.ofEntries(
            Map.entry("max_length", "data.max_length"),
            Map.entry("center_rewards_coefficient", "training.center_rewards_coefficient"),
            Map.entry("num_train_epochs", "training.num_train_epochs"),
            Map.entry("eval_steps", "training.eval_steps"),
            Map.entry("logging_steps", "training.logging_steps"));

    /** Reasons, each with the keys that it is for; a key that ends in _ stands for all that begin so. */
    private static final Map<String, List<String>> LEFT_OUT = Map.ofEntries(
            Map.entry(
                    "generation is built in, and its log-probabilities are those of training",
                    List.of(
                            "use_vllm",
                            "vllm_",
                            "use_transformers_",
                            "transformers_continuous_batching_config",
                            "cache_implementation",
                            "ds3_gather_for_generation",
                            "pad_to_multiple_of")),
            Map.entry(
                    "it changes speed or memory in Python only",
                    List.of(
                            "dataloader_",
                            "dataset_num_proc",
                            "torch_empty_cache_steps",
                            "use_liger_kernel",
                            "activation_offloading",
                            "gradient_checkpointing_kwargs",
                            "attn_implementation",
                            "tf32",
                            "torch_compile",
                            "remove_unused_columns",
                            "group_by_length",
                            "auto_find_batch_size",
                            "optim",
                            "ddp_",
                            "fsdp",
                            "fsdp_config",
                            "deepspeed",
                            "bf16_full_eval",
                            "fp16_full_eval",
                            "per_device_eval_batch_size",
                            "average_tokens_across_devices",
                            "length_column_name",
                            "use_cache",
                            "local_rank",
                            "jit_mode_eval",
                            "enable_jit_checkpoint")),
            Map.entry("no code of the model's repository is run", List.of("trust_remote_code")),
            Map.entry(
                    "it says how Python's trainer evaluates, which is done in its own way here",
                    List.of(
                            "batch_eval_metrics",
                            "eval_delay",
                            "eval_do_concat_batches",
                            "eval_use_gather_object",
                            "eval_accumulation_steps",
                            "do_predict",
                            "do_train",
                            "include_for_metrics",
                            "label_names",
                            "prediction_loss_only")),
            Map.entry(
                    "a run goes on exactly where it was, with --resume",
                    List.of("ignore_data_skip", "restore_callback_states_from_checkpoint", "resume_from_checkpoint")),
            Map.entry(
                    "it belongs to a choice of which its own key is told",
                    List.of(
                            "entropy_coef_",
                            "entropy_target",
                            "ref_model_",
                            "sapo_",
                            "vespo_",
                            "bnb_",
                            "use_bnb_nested_quant",
                            "lora_task_type")),
            Map.entry("publishing is a command of its own: flipside push", List.of("push_to_hub", "hub_")),
            Map.entry(
                    "what is logged is metrics.jsonl and TensorBoard's files",
                    List.of(
                            "run_name",
                            "logging_dir",
                            "logging_first_step",
                            "logging_strategy",
                            "num_completions_to_print",
                            "log_unique_prompts",
                            "log_multimodal",
                            "log_completions_hub_repo",
                            "log_level",
                            "log_level_replica",
                            "log_on_each_node",
                            "logging_nan_inf_filter",
                            "include_num_input_tokens_seen",
                            "skip_memory_metrics",
                            "debug",
                            "disable_tqdm",
                            "project",
                            "trackio_space_id")),
            Map.entry(
                    "the final models are always written, and --from-step N goes back to a checkpoint",
                    List.of(
                            "load_best_model_at_end",
                            "metric_for_best_model",
                            "greater_is_better",
                            "save_only_model",
                            "save_on_each_node")),
            Map.entry("there is no dropout without it being asked for", List.of("disable_dropout")),
            Map.entry("random numbers are reproducible always", List.of("full_determinism", "data_seed")),
            Map.entry(
                    "weights are float32 in training, and head and softmax are computed so",
                    List.of("cast_lm_head_to_fp32")));

    private TrlKeys() {}

    /** Our key for one of GRPOConfig and RLOOConfig that has the same meaning and values. */
    static Optional<String> ofPolicyTraining(String key) {
        return Optional.of(key)
                .filter(OPTIMISER::contains)
                .map(name -> "policy." + name)
                .or(() -> Optional.ofNullable(POLICY.get(key)))
                .or(() -> Optional.ofNullable(SHARED.get(key)));
    }

    /** The same for RewardConfig. */
    static Optional<String> ofRewardTraining(String key) {
        return Optional.of(key)
                .filter(OPTIMISER::contains)
                .map(name -> "training." + name)
                .or(() -> Optional.ofNullable(REWARD.get(key)))
                .or(() -> Optional.ofNullable(SHARED.get(key)));
    }

    /** Why a key of TRL is left out without anything being lost; empty for other keys. */
    static Optional<String> reason(String key) {
        return LEFT_OUT.entrySet().stream()
                .filter(entry -> entry.getValue().stream()
                        .anyMatch(name -> name.endsWith("_") ? key.startsWith(name) : key.equals(name)))
                .map(Map.Entry::getKey)
                .findFirst();
    }
}
