package dev.flipside.spark;

import java.net.InetAddress;
import java.net.UnknownHostException;
import org.apache.spark.SparkEnv;

/** Which process this is. */
final class Executors {
    private Executors() {}

    /** Such as {@code 3 on node7}, for errors. */
    static String here() {
        SparkEnv env = SparkEnv.get();
        String host;
        try {
            host = InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            host = "a host without a name";
        }
        return (env == null ? "" : env.executorId() + " on ") + host;
    }
}
