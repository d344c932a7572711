package dev.flipside.cli.dashboard;

import com.sun.net.httpserver.HttpExchange;
import dev.flipside.cli.report.MetricTitles;
import dev.flipside.cli.report.PageParts;
import dev.flipside.compare.Registration;
import dev.flipside.run.RunProcess;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** What the server answers. Runs are found by their ids in the catalogue: no part of an address is ever a path. */
final class Routes {
    private static final int MOST_LISTENERS = 32;
    private static final long HEARTBEAT_MILLIS = 10_000;

    private final LiveRuns runs;
    private final Access access;
    private final Set<RunProcess> asked = ConcurrentHashMap.newKeySet();
    private final AtomicInteger listeners = new AtomicInteger();

    Routes(LiveRuns runs, Access access) {
        this.runs = runs;
        this.access = access;
    }

    void answer(HttpExchange exchange) throws IOException, InterruptedException {
        String path = exchange.getRequestURI().getPath();
        boolean reads = exchange.getRequestMethod().equals("GET");
        if (!reads && !(exchange.getRequestMethod().equals("POST") && path.equals("/api/stop"))) {
            Reply.refusal(exchange, 405, "This is not done with the dashboard; it is read with GET.");
            return;
        }
        if (path.startsWith("/api/")) {
            if ((!reads || access.readsNeedToken()) && !access.hasToken(exchange)) {
                Reply.refusal(
                        exchange, 401, "This needs the token; open the whole address that the dashboard printed.");
                return;
            }
            Map<String, List<String>> query =
                    Query.of(Optional.ofNullable(exchange.getRequestURI().getRawQuery()));
            if (reads) {
                read(exchange, path, query);
            } else {
                stop(exchange, Query.first(query, "id"));
            }
        } else {
            page(exchange, path);
        }
    }

    private static void page(HttpExchange exchange, String path) throws IOException {
        switch (path) {
            case "/" -> Reply.text(exchange, 200, "text/html", PageParts.text(Routes.class, "dashboard.html"));
            case "/dashboard.css" ->
                Reply.text(
                        exchange, 200, "text/css", PageParts.style() + PageParts.text(Routes.class, "dashboard.css"));
            case "/dashboard.js" ->
                Reply.text(
                        exchange,
                        200,
                        "text/javascript",
                        PageParts.charts() + PageParts.text(Routes.class, "dashboard.js"));
            default -> nothing(exchange);
        }
    }

    private static void nothing(HttpExchange exchange) throws IOException {
        Reply.refusal(exchange, 404, "There is nothing of that name; look again, runs may have come or gone.");
    }

    private void read(HttpExchange exchange, String path, Map<String, List<String>> query)
            throws IOException, InterruptedException {
        switch (path) {
            case "/api/runs" -> Reply.text(exchange, 200, "application/json", runs.overview());
            case "/api/titles" -> Reply.json(exchange, 200, MetricTitles.ALL);
            case "/api/series" -> Reply.json(exchange, 200, series(query));
            case "/api/config" ->
                Reply.json(
                        exchange,
                        200,
                        ConfigTable.of(
                                named(query).stream().map(FollowedRun::place).toList()));
            case "/api/samples" -> samples(exchange, query);
            case "/api/comparison" -> comparison(exchange, Query.first(query, "id"));
            case "/api/events" -> events(exchange, query);
            default -> nothing(exchange);
        }
    }

    private List<FollowedRun> named(Map<String, List<String>> query) {
        return Query.all(query, "run").stream()
                .distinct()
                .flatMap(id -> runs.run(id).stream())
                .toList();
    }

    private Map<String, Object> series(Map<String, List<String>> query) {
        Map<String, Object> series = new LinkedHashMap<>();
        named(query).forEach(run -> series.put(run.place().id(), run.series(Query.all(query, "metric"))));
        return series;
    }

    private void samples(HttpExchange exchange, Map<String, List<String>> query) throws IOException {
        List<FollowedRun> run = named(query);
        if (run.isEmpty()) {
            nothing(exchange);
            return;
        }
        Reply.json(
                exchange,
                200,
                SamplePage.read(run.get(0).place().folder(), SampleFilter.of(query), Query.first(query, "before")));
    }

    private void comparison(HttpExchange exchange, String id) throws IOException {
        Optional<Registration> registered =
                Optional.ofNullable(runs.catalog().comparisons().get(id));
        if (registered.isEmpty()) {
            nothing(exchange);
            return;
        }
        Reply.json(exchange, 200, ComparisonView.of(id, registered.get()));
    }

    private void events(HttpExchange exchange, Map<String, List<String>> query)
            throws IOException, InterruptedException {
        if (listeners.incrementAndGet() > MOST_LISTENERS) {
            listeners.decrementAndGet();
            Reply.refusal(exchange, 503, "Too many pages listen already; close some of them.");
            return;
        }
        Subscriber subscriber =
                new Subscriber(Set.copyOf(Query.all(query, "run")), Set.copyOf(Query.all(query, "metric")));
        runs.subscribe(subscriber);
        try (OutputStream body = Reply.stream(exchange)) {
            subscriber.overview(runs.overview());
            while (true) {
                // A comment, which readers pass over, finds out whether anybody is still there.
                String event = subscriber.next(HEARTBEAT_MILLIS).orElse(": still here\n\n");
                body.write(event.getBytes(StandardCharsets.UTF_8));
                body.flush();
            }
        } finally {
            runs.unsubscribe(subscriber);
            listeners.decrementAndGet();
        }
    }

    /** Only once: a second SIGTERM would end the process without a checkpoint. */
    private void stop(HttpExchange exchange, String id) throws IOException {
        Optional<Path> folder = folder(id);
        if (folder.isEmpty()) {
            nothing(exchange);
            return;
        }
        Optional<RunProcess> process = RunProcess.of(folder.get()).filter(RunProcess::alive);
        if (process.isEmpty()) {
            Reply.refusal(exchange, 409, "No process of this machine writes it, so there is nothing to stop.");
        } else if (!asked.add(process.get())) {
            Reply.refusal(exchange, 409, "It was asked to stop already, and ends after its current step.");
        } else if (!process.get().stop()) {
            asked.remove(process.get());
            Reply.refusal(exchange, 409, "Its process could not be asked; it belongs to another user, or has ended.");
        } else {
            Reply.json(exchange, 200, Map.of("stopping", id));
        }
    }

    private Optional<Path> folder(String id) {
        Optional<Path> run = runs.run(id).map(r -> r.place().folder());
        return run.or(
                () -> Optional.ofNullable(runs.catalog().comparisons().get(id)).map(Registration::folder));
    }
}
