package dev.flipside.engine;

import java.util.List;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;

/** The only process: what it has is what all have. */
final class OneProcess implements Collective {
    static final OneProcess INSTANCE = new OneProcess();

    private OneProcess() {}

    @Override
    public int rank() {
        return 0;
    }

    @Override
    public int size() {
        return 1;
    }

    @Override
    public List<byte[]> gather(byte[] own) {
        return List.of(own);
    }

    @Override
    public byte[] broadcast(byte[] own) {
        return own;
    }

    @Override
    public void reduceScatter(Tensor flat) {}

    @Override
    public void allGather(Tensor flat) {}

    @Override
    public void forEachPiece(Tensor shard, long elements, Consumer<Tensor> piece) {
        piece.accept(shard);
    }

    @Override
    public void leave(String sentence) {}

    @Override
    public void close() {}
}
