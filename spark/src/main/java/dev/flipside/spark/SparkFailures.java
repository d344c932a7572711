package dev.flipside.spark;

import dev.flipside.config.UserError;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What is told of a job that failed: the executor's own sentence where it had one. */
final class SparkFailures {
    /** How a task's exception stands in the message of a job, when it could not be sent as an object. */
    private static final Pattern USER_ERROR = Pattern.compile("dev\\.flipside\\.config\\.UserError: (.*)");

    private static final int MOST_CAUSES = 20;

    private SparkFailures() {}

    /** Runs a job, so that an executor's {@link UserError} is thrown here. */
    static <T> T told(Supplier<T> job) {
        try {
            return job.get();
        } catch (RuntimeException e) {
            throw translated(e);
        } catch (Exception e) {
            // Scala throws what Java must declare.
            throw translated(new IllegalStateException(e));
        }
    }

    /** The failure as a user should see it. */
    static RuntimeException translated(RuntimeException failure) {
        Throwable cause = failure;
        String last = String.valueOf(failure.getMessage());
        for (int i = 0; cause != null && i < MOST_CAUSES; i++, cause = cause.getCause()) {
            if (cause instanceof UserError user) {
                return user;
            }
            Matcher matcher = USER_ERROR.matcher(String.valueOf(cause.getMessage()));
            if (matcher.find()) {
                return new UserError(matcher.group(1), failure);
            }
            if (cause.getMessage() != null) {
                last = cause.getMessage();
            }
        }
        String first = last.lines().findFirst().orElse("");
        return new UserError("Spark: " + first + (first.endsWith(".") ? "" : "."), failure);
    }
}
