package dev.flipside.engine;

import dev.flipside.config.UserError;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where a process stands among those that train together, as torchrun, and whoever imitates it, says in the
 * environment.
 *
 * @param rank of this process, from 0
 * @param worldSize how many there are
 * @param localRank of this process among those of its machine: which GPU it takes
 * @param masterAddress the machine of rank 0
 * @param masterPort on which rank 0 listens
 * @param joinSeconds how long to wait for all ranks to come
 * @param exchangeSeconds how long to wait for all ranks in an exchange; the slowest rank's sampling has to fit
 */
public record Placement(
        int rank,
        int worldSize,
        int localRank,
        String masterAddress,
        int masterPort,
        int joinSeconds,
        int exchangeSeconds) {
    /** Seconds to wait for all ranks at the start, unless {@code FLIPSIDE_JOIN_SECONDS} says otherwise; as torchrun. */
    public static final int JOIN_SECONDS = 300;

    /** Seconds to wait in an exchange, unless {@code FLIPSIDE_EXCHANGE_SECONDS} says otherwise; as torch for Gloo. */
    public static final int EXCHANGE_SECONDS = 1800;

    private static final List<String> REQUIRED = List.of("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT");
    private static final int MOST_RANKS = 100_000;
    private static final int MOST_SECONDS = 7 * 24 * 3600;

    /**
     * Reads {@code RANK}, {@code WORLD_SIZE}, {@code LOCAL_RANK}, {@code MASTER_ADDR} and {@code MASTER_PORT}.
     *
     * @param environment as {@link System#getenv()}
     * @return empty where none of the ranks is spoken of, and for a world of one
     * @throws UserError when some are missing or do not fit together
     */
    public static Optional<Placement> of(Map<String, String> environment) {
        if (!environment.containsKey("RANK") && !environment.containsKey("WORLD_SIZE")) {
            return Optional.empty();
        }
        if ("1".equals(environment.get("WORLD_SIZE"))) {
            return Optional.empty();
        }
        List<String> missing = REQUIRED.stream()
                .filter(name -> environment.getOrDefault(name, "").isBlank())
                .toList();
        if (!missing.isEmpty()) {
            String set = environment.containsKey("WORLD_SIZE") ? "WORLD_SIZE" : "RANK";
            throw new UserError(
                    set + " is set in the environment, but " + String.join(", ", missing)
                            + (missing.size() == 1 ? " is" : " are")
                            + " not; set all of RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT as torchrun does, or unset them to train in one process.");
        }
        int world = number(environment, "WORLD_SIZE", 1, MOST_RANKS);
        int rank = number(environment, "RANK", 0, world - 1);
        int local = environment.containsKey("LOCAL_RANK") ? number(environment, "LOCAL_RANK", 0, world - 1) : rank;
        return Optional.of(new Placement(
                rank,
                world,
                local,
                environment.get("MASTER_ADDR").strip(),
                number(environment, "MASTER_PORT", 1, 65_535),
                seconds(environment, "FLIPSIDE_JOIN_SECONDS", JOIN_SECONDS),
                seconds(environment, "FLIPSIDE_EXCHANGE_SECONDS", EXCHANGE_SECONDS)));
    }

    private static int seconds(Map<String, String> environment, String name, int otherwise) {
        return environment.containsKey(name) ? number(environment, name, 1, MOST_SECONDS) : otherwise;
    }

    private static int number(Map<String, String> environment, String name, int least, int most) {
        String text = environment.get(name).strip();
        if (text.matches("\\d{1,9}")) {
            int number = Integer.parseInt(text);
            if (number >= least && number <= most) {
                return number;
            }
        }
        throw new UserError(name + " is '" + text + "' in the environment; it must be a whole number from " + least
                + " to " + most + ".");
    }

    /** {@code host:port} of rank 0. */
    public String master() {
        return masterAddress + ":" + masterPort;
    }
}
