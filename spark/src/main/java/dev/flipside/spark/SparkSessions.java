package dev.flipside.spark;

import dev.flipside.cli.cluster.ClusterSettings;
import dev.flipside.config.UserError;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/** The one place where a session is made: which settings Flipside needs, below those that the user gives. */
final class SparkSessions {
    private static final Pattern LOCAL_CLUSTER =
            Pattern.compile("local-cluster\\[\\s*\\d+\\s*,\\s*(\\d+)\\s*,\\s*\\d+\\s*]");
    private static final Pattern MASTER = Pattern.compile("local(\\[.*])?|local-cluster\\[.*]|yarn|(spark|k8s)://.+");

    /** What the launcher sets for its own process: figures depend on some of it, memory and speed on the rest. */
    private static final List<String> ENVIRONMENT = List.of(
            "MKL_CBWR",
            "MKL_DYNAMIC",
            "MKL_THREADING_LAYER",
            "OPENBLAS_NUM_THREADS",
            "GLIBC_TUNABLES",
            "OPT_OUT_TRACKING",
            "DJL_OFFLINE");

    private static final Map<String, String> DEFAULTS = Map.of(
            "spark.ui.enabled", "false",
            "spark.ui.showConsoleProgress", "false",
            "spark.speculation", "false",
            "spark.sql.session.timeZone", "UTC");

    private SparkSessions() {}

    /** A session that is stopped at the end. */
    record Open(SparkSession session) implements AutoCloseable {
        JavaSparkContext context() {
            return JavaSparkContext.fromSparkContext(session.sparkContext());
        }

        @Override
        public void close() {
            session.stop();
        }
    }

    /**
     * Begins a session.
     *
     * @param name of the application, as a cluster shows it
     * @throws UserError when the master is none, or cannot be reached
     */
    static Open open(ClusterSettings settings, String name) {
        SparkConf conf = conf(settings, name);
        DriverMessages.quieten();
        try {
            SparkSession session = SparkSession.builder().config(conf).getOrCreate();
            session.sparkContext().addSparkListener(new DriverMessages());
            return new Open(session);
        } catch (RuntimeException e) {
            throw new UserError(
                    "--master " + settings.master() + ": Spark does not start: "
                            + String.valueOf(e.getMessage()).lines().findFirst().orElse("") + ".",
                    e);
        }
    }

    static SparkConf conf(ClusterSettings settings, String name) {
        String master = settings.master();
        if (!MASTER.matcher(master).matches()) {
            throw new UserError(
                    "--master: '" + master
                            + "' is no master of Spark; use local[N], local-cluster[2,1,2048], spark://HOST:PORT, k8s://... or yarn.");
        }
        SparkConf conf = new SparkConf();
        conf.setMaster(master);
        conf.setIfMissing("spark.app.name", name);
        settings.conf().forEach(conf::set);
        DEFAULTS.forEach(conf::setIfMissing);
        ENVIRONMENT.forEach(variable -> {
            String value = System.getenv(variable);
            if (value != null) {
                conf.setIfMissing("spark.executorEnv." + variable, value);
            }
        });
        Matcher cluster = LOCAL_CLUSTER.matcher(master);
        if (settings.threads() > 0) {
            conf.setIfMissing("spark.executorEnv.OMP_NUM_THREADS", Integer.toString(settings.threads()));
            conf.setIfMissing("spark.executorEnv.MKL_NUM_THREADS", Integer.toString(settings.threads()));
        } else if (cluster.matches()) {
            // Executors of this machine: each with its own cores.
            conf.setIfMissing("spark.executorEnv.OMP_NUM_THREADS", cluster.group(1));
            conf.setIfMissing("spark.executorEnv.MKL_NUM_THREADS", cluster.group(1));
        }
        carry(conf, master);
        return conf;
    }

    /**
     * How executors come to this program: on the same machine from the same files, elsewhere from the assembled jar.
     */
    private static void carry(SparkConf conf, String master) {
        String assembly = System.getProperty("flipside.assembly", "");
        if (master.startsWith("local-cluster")) {
            conf.setIfMissing("spark.executor.extraClassPath", System.getProperty("java.class.path"));
        } else if (!master.startsWith("local") && !assembly.isEmpty()) {
            conf.setIfMissing("spark.jars", assembly);
        }
    }
}
