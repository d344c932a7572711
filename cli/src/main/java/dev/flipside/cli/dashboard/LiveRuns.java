package dev.flipside.cli.dashboard;

import dev.flipside.config.UserError;
import dev.flipside.eval.alarm.Alarm;
import dev.flipside.run.Json;
import dev.flipside.run.RunProcess;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Follows the runs in a folder, on a thread of its own, and tells those who listen. */
final class LiveRuns implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LiveRuns.class);
    private static final long LOOK_MILLIS = 500;
    private static final long FIRST_LOOK_SECONDS = 20;

    private final Path root;
    private final ScheduledExecutorService looker = Executors.newSingleThreadScheduledExecutor(work -> {
        Thread thread = new Thread(work, "dashboard");
        thread.setDaemon(true);
        return thread;
    });
    private final CountDownLatch looked = new CountDownLatch(1);
    private final Map<String, FollowedRun> runs = new ConcurrentHashMap<>();
    private final Set<Subscriber> subscribers = ConcurrentHashMap.newKeySet();
    private volatile Catalog catalog = new Catalog(Map.of(), Map.of(), false);
    private volatile String overview = "{}";
    /** Of the looking thread alone. */
    private boolean failed;

    private LiveRuns(Path root) {
        this.root = root;
    }

    /** Begins to follow; the folder may not be there yet. */
    static LiveRuns start(Path root) {
        LiveRuns live = new LiveRuns(root);
        live.looker.scheduleWithFixedDelay(live::look, 0, LOOK_MILLIS, TimeUnit.MILLISECONDS);
        return live;
    }

    /** What there is: the list of runs and comparisons as JSON, after the first look. */
    String overview() throws InterruptedException {
        if (!looked.await(FIRST_LOOK_SECONDS, TimeUnit.SECONDS)) {
            LOG.debug("the first look takes long");
        }
        return overview;
    }

    Catalog catalog() {
        return catalog;
    }

    /** A run by its id; empty for an id that is none. */
    Optional<FollowedRun> run(String id) {
        return Optional.ofNullable(runs.get(id));
    }

    void subscribe(Subscriber subscriber) {
        subscribers.add(subscriber);
    }

    void unsubscribe(Subscriber subscriber) {
        subscribers.remove(subscriber);
    }

    private void look() {
        try {
            Catalog now = Catalog.read(root);
            runs.keySet().retainAll(now.runs().keySet());
            now.runs().forEach((id, place) -> runs.computeIfAbsent(id, k -> new FollowedRun(place)));
            catalog = now;
            for (String id : now.runs().keySet()) {
                FollowedRun.News news = runs.get(id).poll();
                if (!news.none()) {
                    subscribers.forEach(s -> s.news(id, news));
                }
            }
            String changed = Json.line(described(now));
            if (!changed.equals(overview)) {
                overview = changed;
                subscribers.forEach(s -> s.overview(changed));
            }
        } catch (UserError e) {
            // What is half written now is whole at the next look.
            LOG.debug("a look at the runs failed", e);
        } catch (RuntimeException e) {
            // An exception would end the looks. Said once: they come twice a second.
            if (!failed) {
                LOG.warn("the dashboard could not look at its runs", e);
            }
            failed = true;
        } finally {
            looked.countDown();
        }
    }

    private Map<String, Object> described(Catalog now) {
        List<Map<String, Object>> list = new ArrayList<>();
        now.runs().values().forEach(place -> list.add(described(place)));
        List<Map<String, Object>> comparisons = new ArrayList<>();
        now.comparisons().forEach((id, registered) -> {
            Map<String, Object> comparison = new LinkedHashMap<>();
            comparison.put("id", id);
            comparison.put("criterion", registered.config().comparison().criterion());
            comparison.put("finished", ComparisonView.finished(registered));
            comparison.put("running", running(registered.folder()));
            comparisons.add(comparison);
        });
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("folder", root.toString());
        all.put("more", now.more());
        all.put("runs", list);
        all.put("comparisons", comparisons);
        return all;
    }

    private Map<String, Object> described(RunPlace place) {
        FollowedRun run = runs.get(place.id());
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("id", place.id());
        object.put("name", place.name());
        object.put("colour", place.colour());
        object.put("comparison", place.comparison());
        object.put("status", run.status());
        object.put("metrics", run.metrics());
        object.put("alarms", run.alarms().stream().map(LiveRuns::described).toList());
        return object;
    }

    private static Map<String, Object> described(Alarm alarm) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("level", alarm.level().key());
        object.put("name", alarm.name().replace('_', ' '));
        object.put("metric", alarm.metric());
        object.put("step", alarm.firstStep());
        object.put("value", alarm.value());
        object.put("threshold", alarm.threshold());
        object.put("meaning", alarm.meaning());
        return object;
    }

    /** Whether the process that writes a folder is there. */
    static boolean running(Path folder) {
        return RunProcess.of(folder).filter(RunProcess::alive).isPresent();
    }

    @Override
    public void close() {
        looker.shutdownNow();
    }
}
