package dev.flipside.engine;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;

/**
 * What the processes that train together exchange. All of them make the same calls in the same order, and each returns
 * when every rank has made it.
 *
 * <p>Sums are added up in the order of ranks, whatever order messages come in: the same ranks get the same bits every
 * time.
 *
 * @see #alone()
 */
public sealed interface Collective extends AutoCloseable permits OneProcess, ProcessGroup {
    /** One process, which exchanges nothing with anybody. */
    static Collective alone() {
        return OneProcess.INSTANCE;
    }

    /**
     * Waits for all ranks and connects them.
     *
     * @param device of this rank's buffers
     * @throws dev.flipside.config.UserError when an address or a port does not fit
     * @throws PeerException when a rank does not come
     */
    static Collective join(Placement placement, Device device) {
        return ProcessGroup.join(placement, device);
    }

    /** Of this process, from 0. Rank 0 writes what all have computed. */
    int rank();

    /** How many processes there are. */
    int size();

    /**
     * What every rank has given, in the order of ranks.
     *
     * @param own small; of any length
     * @throws PeerException naming the rank that is gone or did not come in time; so do all other exchanges
     */
    List<byte[]> gather(byte[] own);

    /** What rank 0 has given; what others give is not looked at. */
    byte[] broadcast(byte[] own);

    /**
     * Adds up the buffers of all ranks: afterwards the elements of the own {@link Shard} are their sums. The others
     * hold what they held.
     *
     * @param flat float32 [elements], of the same length on all ranks
     */
    void reduceScatter(Tensor flat);

    /** Sends the own {@link Shard} to all ranks, and puts theirs beside it. */
    void allGather(Tensor flat);

    /**
     * Goes through a buffer that lies on the ranks in {@link Shard}s: every rank is shown all elements in their order,
     * some at a time.
     *
     * @param shard the own part
     * @param elements of the whole buffer
     * @param piece is given consecutive elements, which are gone when it returns
     */
    void forEachPiece(Tensor shard, long elements, Consumer<Tensor> piece);

    /**
     * Tells the others why this process ends before its time, so that they can say it.
     *
     * @param sentence what this process itself prints
     */
    void leave(String sentence);

    /** Ends the exchange; the other ranks see the connection end. */
    @Override
    void close();

    /** The own part of a buffer of so many elements. */
    default Shard shard(long elements) {
        return Shard.of(elements, rank(), size());
    }

    /** Adds up the buffers of all ranks, in place. */
    default void allReduce(Tensor flat) {
        reduceScatter(flat);
        allGather(flat);
    }

    /** Returns when all ranks have come here. */
    default void barrier() {
        gather(new byte[0]);
    }

    /** The sums over the ranks, added up in their order; of one process the numbers themselves. */
    default double[] sum(double... own) {
        double[] total = null;
        for (byte[] bytes : gather(bytes(own))) {
            double[] next = doubles(bytes);
            if (total == null) {
                total = next;
            } else {
                for (int i = 0; i < total.length; i++) {
                    total[i] += next[i];
                }
            }
        }
        return total;
    }

    /** Whether any rank says so. */
    default boolean any(boolean own) {
        return gather(new byte[] {(byte) (own ? 1 : 0)}).stream().anyMatch(bytes -> bytes[0] != 0);
    }

    /** Eight bytes each. */
    static byte[] bytes(double[] numbers) {
        ByteBuffer buffer = ByteBuffer.allocate(numbers.length * Double.BYTES);
        buffer.asDoubleBuffer().put(numbers);
        return buffer.array();
    }

    /** The inverse of {@link #bytes}. */
    static double[] doubles(byte[] bytes) {
        double[] numbers = new double[bytes.length / Double.BYTES];
        ByteBuffer.wrap(bytes).asDoubleBuffer().get(numbers);
        return numbers;
    }
}
