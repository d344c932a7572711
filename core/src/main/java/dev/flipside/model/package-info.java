/**
 * Decoder-only language models, the reward model on top of them, and their files.
 *
 * <ul>
 *   <li>Files: {@link dev.flipside.model.ModelFiles} (a Hugging Face directory without its weights),
 *       {@code WeightLayout} (which tensors of a {@link dev.flipside.safetensors.WeightFiles} fill which slot, as
 *       {@code LinearModule}s, {@code EmbeddingModule}s and {@code WholeTensor}s; {@code WeightSlots} lists them),
 *       {@code TokenizerFiles}; {@link dev.flipside.model.ModelWriter} for a model from elsewhere.
 *   <li>Architecture: {@link dev.flipside.model.family}, where a {@code Family} reads a
 *       {@link dev.flipside.model.family.DecoderConfig} and names the tensors of its files.
 *   <li>Computation: {@link dev.flipside.model.Decoder} (ids to hidden states) made of {@code DecoderLayer}s (with
 *       {@code Norms} and {@code ExpertMlp}), an {@code Attention} such as {@code CausalAttention} over
 *       {@code ScaledDotProducts}, and {@code RotaryTables} ({@code RopeTables} of {@code Rope}s, by
 *       {@code RopeFrequencies}; {@code RotaryAngles}, and {@code LayerAngles} of all layers); {@code HiddenPass}
 *       (forward and backward, with or without gradient checkpointing): an {@code AutogradPass} on any device, or a
 *       {@code PlannedPass} by hand on the CPU, made of {@code LayerPass}es, {@code RmsNorm} and an
 *       {@code AttentionPass} ({@code PlannedAttention} over {@code SoftmaxAttention}, or {@code AutogradAttention});
 *       {@code RouterBalance} for the routers of experts; {@link dev.flipside.model.DecoderPlan} says which of the
 *       CPU's ways apply; {@link dev.flipside.model.PassSize} bounds a pass; {@link dev.flipside.model.Precision}.
 *   <li>Layout: {@code RowBatch} (rows that go together) and {@code RowLayout} (where their tokens stand): a
 *       {@code PaddedLayout}, or a {@code SharedPrefixLayout} with its {@code SharedPrefixAttention} where rows begin
 *       alike.
 *   <li>Adapters: {@code ModelWeights} (a frozen base below what learns, or everything learning), {@code Lora} made of
 *       {@code LowRank}s, {@code AdaptedBias}es, {@code AdaptedEmbedding}s (with {@code TrainableTokens}) and an
 *       {@code AdaptedHead}, whose weights are {@code Factor}s; {@code LoraInitialisation} with {@code AdapterTargets}
 *       and {@code PrincipalParts}; {@code LoraDropout}; PEFT's layout in {@code AdapterLayout} (of an
 *       {@code AdapterSelection}), {@code AdapterFiles} (with an {@code AdapterDescription}) and {@code AdapterConfig};
 *       {@link dev.flipside.model.Backbone} over a {@code BackboneBase} that two models may share.
 *   <li>Decoding, one token at a time: {@code Prefill}; {@link dev.flipside.model.KvCache} with the layers that
 *       training runs, and {@link dev.flipside.model.GroupDecoding} over a {@code GroupedKvCache}
 *       ({@code DecodingGrid}) and packed {@code DecodingWeights}, faster, on the CPU.
 *   <li>Policies: {@link dev.flipside.model.CausalLm}, with {@link dev.flipside.model.LogprobPass} and
 *       {@code VocabularyHead} over a {@code VocabularyMatrix} for log-probabilities of completions.
 *   <li>Reward models: {@link dev.flipside.model.RewardModel}, made by a {@code RewardModelLoader}, with
 *       {@link dev.flipside.model.RewardPass}, {@code RewardHeads} over {@code RewardBatch}es, {@code StoredRewardHead}
 *       and {@code ValueHeadFile}; {@code PromptValues} for values of prompts that merge, {@code DistinctRows} for
 *       equal scores of equal rows, {@link dev.flipside.model.RewardReader} for answers that are rendered and scored,
 *       {@code ScoredPosition} and {@link dev.flipside.model.PadToken} for where a reward is read.
 * </ul>
 */
package dev.flipside.model;
