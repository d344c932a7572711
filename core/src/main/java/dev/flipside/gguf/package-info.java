/**
 * Import of GGUF, the model format of llama.cpp: from a file of quantised or floating weights to a Hugging Face
 * directory.
 *
 * <ul>
 *   <li>{@link dev.flipside.gguf.GgufImport}: the whole of it.
 *   <li>The format: {@code GgufModel} (one file or its parts), {@code GgufFile} (a checked header, by
 *       {@code HeaderReader}), {@code Metadata} (typed keys), {@code GgufTensor}.
 *   <li>Numbers: {@code BlockType} with {@code Quants}, {@code KQuants} and {@code Half}; {@code TensorReader} (a part
 *       of a tensor as float32).
 *   <li>Architectures: {@code Architecture} (names), {@code TensorTables} of {@code TensorRule}s (tensors),
 *       {@code ConfigRules} and {@code RopeRules} (config.json) over {@code Hyperparameters}; {@code TensorMapping}
 *       makes {@code HuggingFaceTensor}s, whose numbers {@code DequantisedWeights} gives.
 *   <li>The rest of the directory: {@code ModelJson}; {@code TokenizerJson} over a {@code Vocabulary}, with
 *       {@code PreTokenizer} and {@code ScoredMerges}.
 * </ul>
 */
package dev.flipside.gguf;
