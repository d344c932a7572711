package dev.flipside.engine;

import dev.flipside.config.UserError;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.Backend;
import org.bytedeco.pytorch.BroadcastOptions;
import org.bytedeco.pytorch.GlooDeviceVector;
import org.bytedeco.pytorch.LongVector;
import org.bytedeco.pytorch.PrefixStore;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.Work;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.bytedeco.pytorch.global.torch_gloo;
import org.bytedeco.pytorch.nccl.ProcessGroupNCCL;

/**
 * Several processes, by libtorch's c10d: Gloo between CPUs, NCCL between GPUs for the flat buffers on them. Small
 * numbers go through Gloo in both cases.
 *
 * <p>c10d adds up in an order of its own. Here every rank is sent the others' numbers and adds them up in the order of
 * ranks; of a flat buffer every rank does so for its own shard, which sends no more than a ring would.
 */
final class ProcessGroup implements Collective {
    /** Elements of a shard that travel at a time: bounds what an exchange holds besides the buffer. */
    private static final long PIECE = 1 << 20;

    /** Gloo's own time limit comes after ours, which knows whom to name. */
    private static final int GRACE_SECONDS = 60;

    private final Placement placement;
    private final Meeting meeting;
    private final Backend control;
    private final Backend data;
    private boolean left;

    private ProcessGroup(Placement placement, Meeting meeting, Backend control, Backend data) {
        this.placement = placement;
        this.meeting = meeting;
        this.control = control;
        this.data = data;
    }

    /**
     * Waits for all ranks.
     *
     * @param device of this rank's buffers
     * @throws UserError when an address or a port does not fit
     * @throws PeerException when a rank does not come
     */
    static ProcessGroup join(Placement placement, Device device) {
        NativeLibrary.load();
        Loader.load(torch_gloo.class);
        // Reads TORCH_CPP_LOG_LEVEL, which Python's torch does when it is imported.
        torch.initLogging();
        Meeting meeting = Meeting.open(placement);
        try (PointerScope scope = new PointerScope()) {
            Backend control = Scopes.keep(gloo(placement, meeting));
            Backend data = device.isCpu() ? control : Scopes.keep(nccl(placement, meeting));
            ProcessGroup group = new ProcessGroup(placement, meeting, control, data);
            // Rank 0 must not go on, and perhaps end, while others still connect.
            group.barrier();
            return group;
        } catch (PeerException e) {
            meeting.close();
            throw e;
        } catch (RuntimeException e) {
            PeerException error = meeting.rollCall("connecting", false, e);
            meeting.close();
            throw error;
        }
    }

    private static Backend gloo(Placement placement, Meeting meeting) {
        ProcessGroupGloo.Options options =
                ProcessGroupGloo.Options.create(milliseconds(placement.exchangeSeconds() + GRACE_SECONDS));
        String interfaceName = System.getenv().getOrDefault("GLOO_SOCKET_IFNAME", "");
        options.devices(new GlooDeviceVector(
                interfaceName.isEmpty()
                        ? ProcessGroupGloo.createDeviceForHostname(ownAddress(placement))
                        : ProcessGroupGloo.createDeviceForInterface(interfaceName)));
        return new ProcessGroupGloo(
                new PrefixStore("gloo", meeting.store()), placement.rank(), placement.worldSize(), options);
    }

    private static Backend nccl(Placement placement, Meeting meeting) {
        ProcessGroupNCCL.Options options = ProcessGroupNCCL.Options.create();
        options.timeout(milliseconds(placement.exchangeSeconds()));
        return new ProcessGroupNCCL(
                new PrefixStore("nccl", meeting.store()), placement.rank(), placement.worldSize(), options);
    }

    /** By which address this machine and that of rank 0 reach each other. */
    private static String ownAddress(Placement placement) {
        try {
            InetAddress master = InetAddress.getByName(placement.masterAddress());
            if (master.isLoopbackAddress()) {
                return master.getHostAddress();
            }
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(master, placement.masterPort()), (int)
                        TimeUnit.SECONDS.toMillis(placement.joinSeconds()));
                return socket.getLocalAddress().getHostAddress();
            }
        } catch (IOException e) {
            throw new UserError(
                    "MASTER_ADDR: " + placement.master() + " cannot be reached (" + e.getMessage()
                            + "); give the name or address of the machine that rank 0 runs on.",
                    e);
        }
    }

    private static Milliseconds milliseconds(int seconds) {
        return new Milliseconds(TimeUnit.SECONDS.toMillis(seconds));
    }

    @Override
    public int rank() {
        return placement.rank();
    }

    @Override
    public int size() {
        return placement.worldSize();
    }

    @Override
    public List<byte[]> gather(byte[] own) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor lengths = torch.zeros(new long[] {size()}, new TensorOptions(ScalarType.Long));
            Tensor length = Tensor.create(new long[] {own.length}, 1);
            control("gathering numbers", () -> control._allgather_base(lengths, length));
            long[] each = Tensors.toLongs(lengths);
            long longest = 0;
            for (long n : each) {
                longest = Math.max(longest, n);
            }
            if (longest == 0) {
                return Collections.nCopies(size(), new byte[0]);
            }
            Tensor padded = torch.zeros(new long[] {longest}, new TensorOptions(ScalarType.Byte));
            new BytePointer(padded.data_ptr()).capacity(longest).put(own);
            Tensor all = torch.zeros(new long[] {size() * longest}, new TensorOptions(ScalarType.Byte));
            control("gathering numbers", () -> control._allgather_base(all, padded));
            BytePointer bytes = new BytePointer(all.data_ptr()).capacity(size() * longest);
            List<byte[]> gathered = new ArrayList<>();
            for (int rank = 0; rank < size(); rank++) {
                byte[] one = new byte[Math.toIntExact(each[rank])];
                bytes.position(rank * longest).get(one);
                gathered.add(one);
            }
            return gathered;
        }
    }

    @Override
    public byte[] broadcast(byte[] own) {
        return gather(rank() == 0 ? own : new byte[0]).get(0);
    }

    @Override
    public void reduceScatter(Tensor flat) {
        long elements = flat.numel();
        long longest = Shard.longest(elements, size());
        for (long at = 0; at < longest; at += PIECE) {
            long n = Math.min(PIECE, longest - at);
            try (Scopes.Frozen scope = Scopes.frozen()) {
                Tensor sent = torch.zeros(new long[] {size(), n}, flat.options());
                for (int rank = 0; rank < size(); rank++) {
                    Shard part = within(elements, rank, at, n);
                    if (part.length() > 0) {
                        sent.select(0, rank).narrow(0, 0, part.length()).copy_(part(flat, part));
                    }
                }
                Tensor received = torch.empty_like(sent);
                data("summing gradients", () -> data.alltoall_base(received, sent, new LongVector(), new LongVector()));
                Shard own = within(elements, rank(), at, n);
                if (own.length() > 0) {
                    Tensor sum = part(flat, own);
                    sum.copy_(received.select(0, 0).narrow(0, 0, own.length()));
                    for (int rank = 1; rank < size(); rank++) {
                        sum.add_(received.select(0, rank).narrow(0, 0, own.length()));
                    }
                }
            }
        }
    }

    @Override
    public void allGather(Tensor flat) {
        long elements = flat.numel();
        long longest = Shard.longest(elements, size());
        for (long at = 0; at < longest; at += PIECE) {
            long n = Math.min(PIECE, longest - at);
            try (Scopes.Frozen scope = Scopes.frozen()) {
                Tensor sent = torch.zeros(new long[] {n}, flat.options());
                Shard own = within(elements, rank(), at, n);
                if (own.length() > 0) {
                    sent.narrow(0, 0, own.length()).copy_(part(flat, own));
                }
                Tensor received = torch.zeros(new long[] {size() * n}, flat.options());
                data("sharing weights", () -> data._allgather_base(received, sent));
                for (int rank = 0; rank < size(); rank++) {
                    Shard part = within(elements, rank, at, n);
                    if (rank != rank() && part.length() > 0) {
                        part(flat, part).copy_(received.narrow(0, rank * n, part.length()));
                    }
                }
            }
        }
    }

    @Override
    public void forEachPiece(Tensor shard, long elements, Consumer<Tensor> piece) {
        for (int rank = 0; rank < size(); rank++) {
            int root = rank;
            Shard part = Shard.of(elements, rank, size());
            for (long at = 0; at < part.length(); at += PIECE) {
                long n = Math.min(PIECE, part.length() - at);
                try (Scopes.Frozen scope = Scopes.frozen()) {
                    Tensor some = rank == rank()
                            ? shard.narrow(0, at, n).clone()
                            : torch.zeros(new long[] {n}, shard.options());
                    data(
                            "collecting moments",
                            () -> data.broadcast(new TensorVector(some), new BroadcastOptions().rootRank(root)));
                    piece.accept(some);
                }
            }
        }
    }

    /** What of a rank's shard lies between two of its elements. */
    private Shard within(long elements, int rank, long at, long n) {
        Shard whole = Shard.of(elements, rank, size());
        long from = Math.min(whole.length(), at);
        return new Shard(whole.from() + from, Math.min(whole.length(), at + n) - from);
    }

    private static Tensor part(Tensor flat, Shard part) {
        return flat.narrow(0, part.from(), part.length());
    }

    /** An exchange through Gloo. */
    private void control(String what, Supplier<Work> start) {
        finish(what, start, true);
    }

    /** An exchange of flat buffers. */
    private void data(String what, Supplier<Work> start) {
        finish(what, start, data == control);
    }

    /** @param looked whether to look after it; NCCL does so itself, with the same time limit */
    private void finish(String what, Supplier<Work> start, boolean looked) {
        try {
            Work work = start.get();
            if (looked) {
                await(what, work);
            } else {
                work._wait();
            }
        } catch (PeerException e) {
            throw e;
        } catch (RuntimeException e) {
            left = true;
            throw meeting.rollCall(what, false, e);
        }
    }

    /** Looks every second whether others have given up: not all of them are connected to the one that is gone. */
    private void await(String what, Work work) {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(placement.exchangeSeconds());
        Milliseconds second = new Milliseconds(TimeUnit.SECONDS.toMillis(1));
        while (true) {
            try {
                work._wait(second);
                return;
            } catch (RuntimeException e) {
                if (work.isCompleted()) {
                    throw e;
                }
                boolean late = System.nanoTime() >= until;
                if (late || meeting.alarmed()) {
                    left = true;
                    // The exchange goes on in a thread of Gloo's, and so must what it writes to.
                    throw meeting.rollCall(what, late, e);
                }
            }
        }
    }

    @Override
    public void leave(String sentence) {
        if (!left) {
            left = true;
            meeting.leave(sentence);
        }
    }

    /**
     * The group itself is not taken apart: its destructor damages the heap after exchanges (seen as "corrupted
     * double-linked list" with libtorch 2.10). Its sockets end with the process.
     */
    @Override
    public void close() {
        meeting.close();
    }
}
