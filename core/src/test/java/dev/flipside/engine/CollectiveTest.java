package dev.flipside.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.UserError;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What ranks exchange, and what they say when one of them is missing. */
@Timeout(60)
class CollectiveTest {
    @BeforeAll
    static void load() {
        NativeLibrary.load();
    }

    @Test
    void whatEachRankGivesComesInTheOrderOfRanks() {
        List<List<String>> gathered =
                Ranked.run(3, c -> c.gather("x".repeat(c.rank() * 2).getBytes(StandardCharsets.UTF_8)).stream()
                        .map(bytes -> new String(bytes, StandardCharsets.UTF_8))
                        .toList());
        assertThat(gathered).containsOnly(List.of("", "xx", "xxxx")).hasSize(3);
    }

    /** 1e16 + 1 - 1e16 is 0 in this order and 1 or 2 in others. */
    @Test
    void sumsAreAddedUpInTheOrderOfRanks() {
        double[] numbers = {1e16, 1, -1e16};
        assertThat(Ranked.run(3, c -> c.sum(numbers[c.rank()], c.rank())))
                .allSatisfy(sum -> assertThat(sum).containsExactly(1e16 + 1 - 1e16, 3));
    }

    @Test
    void rankZeroTellsTheOthers() {
        assertThat(Ranked.run(
                        2,
                        c -> new String(
                                c.broadcast(("of " + c.rank()).getBytes(StandardCharsets.UTF_8)),
                                StandardCharsets.UTF_8)))
                .containsExactly("of 0", "of 0");
        assertThat(Ranked.run(2, c -> c.any(c.rank() == 1))).containsExactly(true, true);
    }

    /** Fewer elements than ranks, parts that are not even, and more than travel at a time. */
    @ParameterizedTest
    @ValueSource(ints = {1, 17, 100, 2_500_003})
    void flatBuffersAreSummed(int elements) {
        float[][] numbers =
                IntStream.range(0, 3).mapToObj(rank -> numbers(elements, rank)).toArray(float[][]::new);
        float[] sum = new float[elements];
        for (int i = 0; i < elements; i++) {
            sum[i] = numbers[0][i] + numbers[1][i] + numbers[2][i];
        }
        List<float[]> reduced = Ranked.run(3, c -> {
            try (PointerScope scope = new PointerScope()) {
                Tensor flat = Tensors.ofFloats(numbers[c.rank()], Device.CPU, elements);
                c.allReduce(flat);
                return Tensors.toFloats(flat);
            }
        });
        assertThat(reduced).allSatisfy(each -> assertThat(each).isEqualTo(sum));
    }

    @Test
    void aBufferInShardsIsSeenWhole() {
        float[] numbers = numbers(50, 7);
        List<float[]> seen = Ranked.run(3, c -> {
            try (PointerScope scope = new PointerScope()) {
                Shard own = c.shard(50);
                List<Float> all = new ArrayList<>();
                Tensor shard = Tensors.ofFloats(numbers, Device.CPU, 50).narrow(0, own.from(), own.length());
                c.forEachPiece(shard, 50, piece -> {
                    for (float number : Tensors.toFloats(piece)) {
                        all.add(number);
                    }
                });
                float[] array = new float[all.size()];
                IntStream.range(0, array.length).forEach(i -> array[i] = all.get(i));
                return array;
            }
        });
        assertThat(seen).allSatisfy(each -> assertThat(each).isEqualTo(numbers));
    }

    private static float[] numbers(int count, int rank) {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) Seeds.normal(rank, i);
        }
        return numbers;
    }

    @Test
    void oneProcessKeepsWhatItHas() {
        assertThat(Collective.alone().sum(1, 2)).containsExactly(1, 2);
        assertThat(Collective.alone().shard(5)).isEqualTo(new Shard(0, 5));
    }

    @Test
    void aRankThatFailsIsNamedWithItsReason() {
        assertThat(failures(3, c -> {
                    if (c.rank() == 1) {
                        throw new UserError("prompts.jsonl, line 3: no prompt.");
                    }
                    c.barrier();
                    return "";
                }))
                .containsExactly(
                        "rank 1 ended: prompts.jsonl, line 3: no prompt; this rank, 0 of 3, stopped in gathering numbers.",
                        "prompts.jsonl, line 3: no prompt.",
                        "rank 1 ended: prompts.jsonl, line 3: no prompt; this rank, 2 of 3, stopped in gathering numbers.");
    }

    @Test
    void rankZeroThatFailsIsNamedWithItsReason() {
        assertThat(failures(2, c -> {
                    if (c.rank() == 0) {
                        throw new UserError("no.");
                    }
                    c.barrier();
                    return "";
                }))
                .containsExactly("no.", "rank 0 ended: no; this rank, 1 of 2, stopped in gathering numbers.");
    }

    @Test
    void aSlowRankIsNamed() {
        int port = Ranked.freePort();
        List<String> said = Ranked.together(2, rank -> {
            Placement impatient = new Placement(rank, 2, rank, "127.0.0.1", port, 20, 1);
            try (Collective c = Collective.join(impatient, Device.CPU)) {
                if (rank == 1) {
                    Thread.sleep(Duration.ofSeconds(14).toMillis());
                }
                return message(() -> {
                    c.barrier();
                    c.barrier();
                });
            }
        });
        assertThat(said.get(0))
                .isEqualTo(
                        "rank 1 did not come within 1 seconds (FLIPSIDE_EXCHANGE_SECONDS); this rank, 0 of 2, stopped in gathering numbers.");
        assertThat(said.get(1))
                .isEqualTo(
                        "rank 0 had given up waiting: rank 1 did not come within 1 seconds (FLIPSIDE_EXCHANGE_SECONDS); this rank, 1 of 2, stopped in gathering numbers.");
    }

    @Test
    void aRankThatNeverComesIsNamed() {
        int port = Ranked.freePort();
        List<String> said = Ranked.together(
                2,
                rank -> message(
                        () -> Collective.join(new Placement(rank, 3, rank, "127.0.0.1", port, 2, 20), Device.CPU)
                                .close()));
        String missing = "rank 2 did not come within 2 seconds to rank 0 at 127.0.0.1:" + port
                + "; start all 3 ranks with the same WORLD_SIZE, MASTER_ADDR and MASTER_PORT,"
                + " or give slow ones longer (FLIPSIDE_JOIN_SECONDS).";
        assertThat(said.get(0)).isEqualTo(missing);
        // Both wait equally long: whichever asks last finds the store of rank 0 gone.
        assertThat(said.get(1))
                .isIn(
                        missing,
                        "rank 0 at 127.0.0.1:" + port
                                + " ended before all ranks had come; it says itself who was missing, so start all of them again.");
    }

    @Test
    void withoutRankZeroThereIsNobodyToMeet() {
        int port = Ranked.freePort();
        assertThat(message(() -> Collective.join(new Placement(1, 2, 1, "127.0.0.1", port, 2, 20), Device.CPU)))
                .startsWith("rank 0 cannot be reached at 127.0.0.1:" + port + " within 2 seconds; start it there");
    }

    @Test
    void aPortInUseIsNamed() throws IOException {
        try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getByName("0.0.0.0"))) {
            assertThatThrownBy(() -> Collective.join(Ranked.placement(0, 2, other.getLocalPort()), Device.CPU))
                    .isInstanceOf(UserError.class)
                    .hasMessage(
                            "MASTER_PORT: port " + other.getLocalPort()
                                    + " is in use on this machine, by another run or an earlier one that has not ended; choose another port for all ranks.");
        }
    }

    private static List<String> failures(int world, Ranked.Work<String> work) {
        int port = Ranked.freePort();
        return Ranked.together(world, rank -> {
            try (Collective c = Collective.join(Ranked.placement(rank, world, port), Device.CPU)) {
                return message(() -> {
                    try {
                        work.run(c);
                    } catch (RuntimeException e) {
                        c.leave(e.getMessage());
                        throw e;
                    } catch (Exception e) {
                        throw new IllegalStateException(e);
                    }
                });
            }
        });
    }

    private static String message(Runnable work) {
        try {
            work.run();
            return "nothing failed";
        } catch (PeerException | UserError e) {
            return e.getMessage();
        }
    }

    @Test
    void theEnvironmentSaysWhereAProcessStands() {
        Map<String, String> environment = Map.of(
                "RANK", "3", "WORLD_SIZE", "4", "LOCAL_RANK", "1", "MASTER_ADDR", "node0", "MASTER_PORT", "29500");
        assertThat(Placement.of(environment)).contains(new Placement(3, 4, 1, "node0", 29500, 300, 1800));
        assertThat(Placement.of(Map.of())).isEmpty();
        assertThat(Placement.of(Map.of("RANK", "0", "WORLD_SIZE", "1"))).isEmpty();
    }

    @Test
    void anEnvironmentThatDoesNotFitIsRefused() {
        assertThatThrownBy(() -> Placement.of(Map.of("WORLD_SIZE", "2", "RANK", "0")))
                .isInstanceOf(UserError.class)
                .hasMessage(
                        "WORLD_SIZE is set in the environment, but MASTER_ADDR, MASTER_PORT are not; set all of RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT as torchrun does, or unset them to train in one process.");
        assertThatThrownBy(() -> Placement.of(Map.of("RANK", "1")))
                .hasMessageStartingWith(
                        "RANK is set in the environment, but WORLD_SIZE, MASTER_ADDR, MASTER_PORT are not");
        assertThatThrownBy(() -> Placement.of(
                        Map.of("WORLD_SIZE", "2", "RANK", "2", "MASTER_ADDR", "here", "MASTER_PORT", "29500")))
                .hasMessage("RANK is '2' in the environment; it must be a whole number from 0 to 1.");
        assertThatThrownBy(() ->
                        Placement.of(Map.of("WORLD_SIZE", "2", "RANK", "1", "MASTER_ADDR", "here", "MASTER_PORT", "x")))
                .hasMessage("MASTER_PORT is 'x' in the environment; it must be a whole number from 1 to 65535.");
    }
}
