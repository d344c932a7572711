package dev.flipside.train;

import dev.flipside.config.PolicyConfig;
import dev.flipside.engine.Device;
import dev.flipside.engine.Seeds;
import dev.flipside.model.CausalLm;
import dev.flipside.model.Precision;
import dev.flipside.text.Renderer;
import java.nio.file.Path;

/** The policy with the renderer that turns conversations into its token ids. */
record PolicyModel(CausalLm lm, Renderer renderer) implements AutoCloseable {
    /**
     * @param weights the configured model, or what a run made of it
     * @param seeds of a new adapter, where the configuration asks for one and {@code weights} is not one that the run
     *     has already trained
     */
    static PolicyModel load(Path weights, PolicyConfig config, Seeds seeds, Device device, Precision precision) {
        CausalLm lm = weights.equals(Path.of(config.model()))
                ? ConfiguredModels.policy(config, seeds, device, precision)
                : CausalLm.load(weights, device, precision);
        try {
            Path directory = Path.of(config.model());
            Renderers.toSave(directory, config.template()).ifPresent(lm::setChatTemplate);
            return new PolicyModel(lm, Renderers.load(directory, config.template(), lm.files()));
        } catch (RuntimeException e) {
            lm.close();
            throw e;
        }
    }

    @Override
    public void close() {
        lm.close();
        renderer.close();
    }
}
