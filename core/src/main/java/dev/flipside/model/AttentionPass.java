package dev.flipside.model;

import dev.flipside.engine.Scopes;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;

/** What lies between the two products of an attention block, forward, with what its backward pass needs. Native memory lives until {@link #close}. */
interface AttentionPass extends AutoCloseable {
    /** [N, H * headDim], valid until {@link #close}. */
    Tensor mixed();

    /**
     * May be called once.
     *
     * @param gradMixed with respect to {@link #mixed}
     * @return the gradient with respect to queries, keys and values before their rotation [N, (H + 2 KV) headDim], in the caller's scope
     */
    Tensor backward(Tensor gradMixed);

    @Override
    void close();

    /** Any layout and family, by torch's attention and autograd. */
    final class ByAutograd implements AttentionPass {
        private final Tensor qkv;
        private final Tensor mixed;

        /** @param qkv [B, T, (H + 2 KV) headDim] */
        ByAutograd(DecoderLayer layer, Tensor qkv, RotaryTables.Angles angles, DecoderLayer.Attention attention) {
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
}
