package dev.flipside.cli.dashboard;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.flipside.config.IoReason;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The live page of a folder of runs, until it is closed. It reads the folder's files and writes none.
 *
 * <pre>{@code
 * try (DashboardServer server = DashboardServer.start(folder, 0, Optional.empty(), System.getenv())) {
 *     console.info("dashboard: " + server.address());
 * }
 * }</pre>
 */
public final class DashboardServer implements AutoCloseable {
    /** Requests at once, those that listen among them; more wait. */
    private static final int MOST_THREADS = 64;

    private static final Logger LOG = LoggerFactory.getLogger(DashboardServer.class);

    private final HttpServer server;
    private final ExecutorService workers;
    private final LiveRuns runs;
    private final Access access;
    private final Routes routes;
    private final Optional<String> host;

    private DashboardServer(HttpServer server, LiveRuns runs, Access access, Optional<String> host) {
        this.server = server;
        this.runs = runs;
        this.access = access;
        this.host = host;
        this.routes = new Routes(runs, access);
        ThreadPoolExecutor pool =
                new ThreadPoolExecutor(2, MOST_THREADS, 30, TimeUnit.SECONDS, new SynchronousQueue<>(), work -> {
                    Thread thread = new Thread(work, "dashboard request");
                    thread.setDaemon(true);
                    return thread;
                });
        pool.setRejectedExecutionHandler(new ThreadPoolExecutor.DiscardPolicy());
        this.workers = pool;
    }

    /**
     * Listens from now on.
     *
     * @param folder a run, a comparison, or a folder of such; it may not be there yet
     * @param port 0 for a free one
     * @param host the address to listen at beside this machine's own; empty for this machine alone
     * @param environment where the token is
     * @throws UserError when the port is taken, the host is none of this machine, or a host has no token
     */
    public static DashboardServer start(Path folder, int port, Optional<String> host, Map<String, String> environment) {
        Access access = Access.of(host, Optional.ofNullable(environment.get(Access.VARIABLE)));
        InetSocketAddress place = new InetSocketAddress(address(host), port);
        HttpServer http;
        try {
            http = HttpServer.create(place, 0);
        } catch (IOException e) {
            throw new UserError(
                    "The dashboard cannot listen at " + place.getHostString() + " port " + port + " (" + IoReason.of(e)
                            + "); choose another port or host, or port 0 for a free one.",
                    e);
        }
        DashboardServer server = new DashboardServer(http, LiveRuns.start(folder), access, host);
        http.createContext("/", server::handle);
        http.setExecutor(server.workers);
        http.start();
        return server;
    }

    private static InetAddress address(Optional<String> host) {
        try {
            return host.isPresent() ? InetAddress.getByName(host.get()) : InetAddress.getLoopbackAddress();
        } catch (UnknownHostException e) {
            throw new UserError(
                    "--host " + host.orElseThrow() + " is no address of this machine; name one, such as 0.0.0.0.", e);
        }
    }

    /** Where a browser finds the page, with the token that its stop button needs. */
    public String address() {
        return origin() + "/" + access.fragment();
    }

    /** The address without a path. */
    String origin() {
        return "http://" + host.orElse("127.0.0.1") + ":" + server.getAddress().getPort();
    }

    private void handle(HttpExchange exchange) {
        try (exchange) {
            try {
                answer(exchange);
            } catch (UserError e) {
                Reply.refusal(exchange, 400, e.getMessage());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            LOG.debug("a request ended early", e); // The page was closed.
        } catch (RuntimeException e) {
            LOG.warn("a request of the dashboard failed", e);
        }
    }

    private void answer(HttpExchange exchange) throws IOException, InterruptedException {
        if (!access.isOurs(exchange)) {
            Reply.refusal(
                    exchange,
                    403,
                    "This name is not the dashboard's; open it at its address in numbers, or name it by --host.");
            return;
        }
        routes.answer(exchange);
    }

    @Override
    public void close() {
        runs.close();
        server.stop(0);
        workers.shutdownNow();
    }
}
