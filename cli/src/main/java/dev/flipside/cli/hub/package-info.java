/**
 * Models and datasets from elsewhere and to elsewhere: {@code Pull} and {@code Push} (the Hub), {@code Import} (GGUF
 * files), {@code Merge} (LoRA adapters); {@code WeightTypeOption} is the type that the last two write.
 */
package dev.flipside.cli.hub;
