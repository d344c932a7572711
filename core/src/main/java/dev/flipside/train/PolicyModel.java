package dev.flipside.train;

import dev.flipside.config.PolicyConfig;
import dev.flipside.engine.Device;
import dev.flipside.model.CausalLm;
import dev.flipside.model.Precision;
import dev.flipside.text.Renderer;
import java.nio.file.Path;

/** The policy with the renderer that turns conversations into its token ids. */
record PolicyModel(CausalLm lm, Renderer renderer) implements AutoCloseable {
    static PolicyModel load(Path weights, PolicyConfig config, Device device, Precision precision) {
        CausalLm lm = CausalLm.load(weights, device, precision);
        return new PolicyModel(lm, Renderers.load(Path.of(config.model()), config.template(), lm.files()));
    }

    @Override
    public void close() {
        lm.close();
        renderer.close();
    }
}
