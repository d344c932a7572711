package dev.flipside.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.LoraConfig;
import java.nio.file.Path;

/**
 * What an adapter's files say beside its weights.
 *
 * @param lora rank, scale and the like
 * @param base directory of the frozen model, absolute
 * @param json to be written again
 */
record AdapterDescription(LoraConfig lora, Path base, ObjectNode json) {}
