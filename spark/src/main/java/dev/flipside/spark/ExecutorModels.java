package dev.flipside.spark;

import dev.flipside.cli.rows.RowCommand;
import dev.flipside.cli.rows.RowModel;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.hub.Hub;
import dev.flipside.hub.HubInputs;
import dev.flipside.hub.HubSettings;
import dev.flipside.hub.TransferListener;
import dev.flipside.model.ModelFiles;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models of an executor process: loaded by the first task that needs one, used by all, closed when another model is
 * asked for or the process ends.
 *
 * <p>A process has nothing that lives from task to task and is shared by them but statics, so there is one here.
 */
final class ExecutorModels {
    private static final Logger LOG = LoggerFactory.getLogger(ExecutorModels.class);
    private static final ExecutorModels OF_THIS_PROCESS = new ExecutorModels();
    private static final long SECONDS_TO_CLOSE = 10;

    private final Map<Key, Shared> models = new HashMap<>();

    private ExecutorModels() {
        Runtime.getRuntime().addShutdownHook(new Thread(this::closeAll));
    }

    private record Key(RowProgram program, String device) {}

    /** Work on a model that is loaded. */
    interface ModelWork<T> {
        T of(RowModel<?, ?> model) throws Exception;
    }

    /** A model as a task has it. */
    static final class Lease implements AutoCloseable {
        private final Shared shared;

        private Lease(Shared shared) {
            this.shared = shared;
        }

        /** Does something on the model's own thread; tasks of a process take turns. */
        <T> T run(ModelWork<T> work) throws Exception {
            return shared.run(work);
        }

        @Override
        public void close() {
            OF_THIS_PROCESS.release(shared);
        }
    }

    /** The model of a program, for the calling task. */
    static Lease lease(RowProgram program) {
        return new Lease(OF_THIS_PROCESS.acquire(new Key(program, device(program.parse()))));
    }

    /** The card that Spark has given to the task; else what the command says. */
    private static String device(RowCommand<?, ?> command) {
        String device = command.common().device();
        TaskContext task = TaskContext.get();
        return device.equals("auto") && task != null && task.resourcesJMap().containsKey("gpu")
                ? "cuda:" + task.resourcesJMap().get("gpu").addresses()[0]
                : device;
    }

    private synchronized Shared acquire(Key key) {
        Shared shared = models.get(key);
        if (shared == null) {
            models.values().removeIf(Shared::closeIfIdle);
            shared = new Shared(key);
            models.put(key, shared);
        }
        shared.uses++;
        return shared;
    }

    private synchronized void release(Shared shared) {
        shared.uses--;
        if (shared.failed() && shared.uses == 0) {
            models.values().remove(shared);
            shared.closeIfIdle();
        }
    }

    private synchronized void closeAll() {
        models.values().forEach(Shared::close);
        models.clear();
    }

    /** One model and the thread that everything of it is done on, as libtorch's threads belong to the one that asks. */
    private static final class Shared {
        private final ExecutorService thread;
        private final Future<RowModel<?, ?>> model;
        private int uses;

        Shared(Key key) {
            thread = java.util.concurrent.Executors.newSingleThreadExecutor(work -> {
                Thread made = new Thread(work, "flipside-model");
                made.setDaemon(true);
                return made;
            });
            model = thread.submit(() -> load(key));
        }

        <T> T run(ModelWork<T> work) throws Exception {
            return result(thread.submit(() -> work.of(result(model))));
        }

        boolean failed() {
            try {
                return model.isDone() && model.get() == null;
            } catch (ExecutionException e) {
                return true;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }

        boolean closeIfIdle() {
            if (uses == 0) {
                close();
            }
            return uses == 0;
        }

        /** Waits for what is being computed: native memory must not go while it is used. */
        void close() {
            thread.submit((Callable<Void>) () -> {
                if (!failed()) {
                    result(model).close();
                }
                return null;
            });
            thread.shutdown();
            try {
                if (!thread.awaitTermination(SECONDS_TO_CLOSE, TimeUnit.SECONDS)) {
                    LOG.warn("a model is still in use after {} seconds and is left to the system", SECONDS_TO_CLOSE);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static <T> T result(Future<T> future) throws Exception {
        try {
            return future.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception cause) {
                throw cause;
            }
            throw (Error) e.getCause();
        }
    }

    private static RowModel<?, ?> load(Key key) throws Exception {
        RowCommand<?, ?> command = key.program().parse();
        try {
            Path directory = new HubInputs(() -> new Hub(HubSettings.of(System.getenv()), TransferListener.NONE))
                    .model("--model", command.model());
            ModelFiles.open(directory);
            NativeSettings.apply();
            int threads = threads(command);
            if (threads > 0) {
                NativeLibrary.useThreads(threads);
            } else {
                NativeLibrary.load();
            }
            LOG.info("loading {} on {}, {} thread(s)", directory, key.device(), NativeLibrary.threads());
            return command.open(directory, Device.parse(key.device()));
        } catch (UserError e) {
            throw new UserError("executor " + Executors.here() + ": " + e.getMessage(), e);
        }
    }

    /** As the command says, else the process's environment, else the executor's cores; 0 for libtorch's own default. */
    private static int threads(RowCommand<?, ?> command) {
        int given = command.common().threads();
        if (given > 0 || System.getenv("OMP_NUM_THREADS") != null) {
            return given;
        }
        SparkEnv env = SparkEnv.get();
        return env == null ? 0 : env.conf().getInt("spark.executor.cores", 0);
    }
}
