package dev.flipside.model;

import dev.flipside.engine.Parameters;

/**
 * What a backbone's adapter lies on.
 *
 * @param base at least the decoder's weights
 * @param shared whether someone else closes them
 */
record BackboneBase(Parameters base, boolean shared) {
    ModelWeights adapted(Lora lora) {
        return ModelWeights.adapted(base, shared, lora);
    }

    /** With an adapter that is read; what was read for it is closed where it does not fit. */
    ModelWeights adapted(AdapterFiles adapter, WeightLayout layout) {
        try {
            return adapted(adapter.load(layout, base));
        } catch (RuntimeException e) {
            if (!shared) {
                base.close();
            }
            throw e;
        }
    }
}
