package dev.flipside.model;

import dev.flipside.engine.Scopes;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;

/** Any layout and family, by torch's attention and autograd. */
final class AutogradAttention implements AttentionPass {
    private final Tensor qkv;
    private final Tensor mixed;

    /** @param qkv [B, T, (H + 2 KV) headDim] */
    AutogradAttention(DecoderLayer layer, Tensor qkv, LayerAngles angles, Attention attention) {
        try (Scopes.Frozen scope = Scopes.frozen();
                AutoGradMode grad = new AutoGradMode(true)) {
            this.qkv = Scopes.keep(qkv.detach().set_requires_grad(true));
            Tensor whole = layer.mix(this.qkv, angles, attention);
            mixed = Scopes.keep(whole.view(-1, whole.size(-1)));
        }
    }

    @Override
    public Tensor mixed() {
        return mixed.detach();
    }

    @Override
    public Tensor backward(Tensor gradMixed) {
        DecoderLayer.backward(mixed, gradMixed);
        return qkv.grad().view(-1, qkv.size(-1));
    }

    @Override
    public void close() {
        Scopes.release(mixed);
        Scopes.release(qkv);
    }
}
