package dev.flipside.model;

import dev.flipside.engine.Device;
import dev.flipside.engine.MatrixProduct;
import dev.flipside.model.family.DecoderConfig;
import dev.flipside.model.family.DecoderConfig.Activation;
import dev.flipside.model.family.DecoderConfig.HeadNorms;
import dev.flipside.model.family.DecoderConfig.NormKind;
import dev.flipside.model.family.DecoderConfig.Placement;
import dev.flipside.model.family.DecoderConfig.Residual;
import dev.flipside.model.family.RopeConfig;
import java.util.Optional;

/**
 * Which of the CPU's faster ways compute what a decoder's layers do. {@link Decoder} is right in every family, on every
 * device and in every precision; each way here does the same in another order of rounding, for some architectures on
 * the CPU. Whoever runs a decoder, or says what that takes, asks its plan.
 *
 * @param config the architecture
 * @param device where the weights are
 * @param precision of matrix products
 */
public record DecoderPlan(DecoderConfig config, Device device, Precision precision) {
    /** @param precision as asked for; it becomes what it is on the device */
    public DecoderPlan {
        precision = precision.on(device);
    }

    /**
     * Whether {@link PlannedPass} trains the blocks by hand: they are Llama's but for biases and what lies between the
     * products of attention.
     */
    public boolean blocks() {
        return device.isCpu() && blocksAreLlamas();
    }

    /**
     * Whether {@link PlannedAttention} does what lies between the products of attention: blocks that are planned,
     * without windows and head norms.
     */
    public boolean attention() {
        return attendsEverywhereAsLlama() && !config.headNorms() && MatrixProduct.available();
    }

    /**
     * Whether {@link GroupDecoding} decodes: blocks that are planned, without windows and scales, perhaps with head
     * norms.
     */
    public boolean decoding() {
        return attendsEverywhereAsLlama()
                && config.scales().equals(DecoderConfig.Scales.NONE)
                && MatrixProduct.available();
    }

    private boolean attendsEverywhereAsLlama() {
        return blocks()
                && attendsAsLlama()
                && config.attention().slidingWindow().isEmpty();
    }

    private boolean blocksAreLlamas() {
        DecoderConfig.Block block = config.block();
        return block.norm().kind() == NormKind.RMS
                && block.placement() == Placement.BEFORE
                && block.residual() == Residual.SEQUENTIAL
                && block.activation() == Activation.SILU
                && block.gated()
                && block.experts().isEmpty()
                && config.scales().residual() == 1;
    }

    /** But for sliding windows and norms of each head. */
    private boolean attendsAsLlama() {
        DecoderConfig.Attention attention = config.attention();
        return attention.scale().isEmpty()
                && !attention.dividedByLayer()
                && attention.softCap().isEmpty()
                && (attention.headNorms() == HeadNorms.NONE || attention.headNorms() == HeadNorms.EACH)
                && rotatesAlike();
    }

    /** All layers, whole heads, by frequencies that do not depend on the length of a text. */
    private boolean rotatesAlike() {
        DecoderConfig.Positions positions = config.positions();
        Optional<RopeConfig> first = positions.ropes().get(0);
        return !positions.learned()
                && positions.rotaryDim() == config.headDim()
                && positions.ropes().stream().allMatch(first::equals)
                && first.filter(rope -> !rope.dependsOnLength()).isPresent();
    }
}
