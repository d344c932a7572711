package dev.flipside.spark;

import dev.flipside.config.IoReason;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.LongWritable;
import org.apache.hadoop.io.Text;
import org.apache.hadoop.mapreduce.lib.input.TextInputFormat;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;

/**
 * The files of a command over rows: JSON Lines or Parquet, one file or a folder of part files in the order of names.
 */
final class RowFiles {
    private final SparkSession session;
    private final String input;
    private final List<FileStatus> files;

    /** @throws UserError when there is no such file, or the folder has none */
    RowFiles(SparkSession session, String input) {
        this.session = session;
        this.input = input;
        this.files = files(input);
    }

    private List<FileStatus> files(String name) {
        Path path = new Path(name);
        try {
            FileSystem system = path.getFileSystem(session.sparkContext().hadoopConfiguration());
            if (!system.exists(path)) {
                throw new UserError("--input: there is no file or folder " + name + "; check the path.");
            }
            FileStatus status = system.getFileStatus(path);
            List<FileStatus> found = new ArrayList<>();
            for (FileStatus file : status.isDirectory() ? system.listStatus(path) : new FileStatus[] {status}) {
                String own = file.getPath().getName();
                // As Spark and Hadoop have it: what begins so is not data.
                if (file.isFile() && !own.startsWith("_") && !own.startsWith(".")) {
                    found.add(file);
                }
            }
            if (found.isEmpty()) {
                throw new UserError(
                        "--input: the folder " + name + " has no files; name one of JSON Lines or Parquet.");
            }
            found.sort(Comparator.comparing(FileStatus::getPath));
            return found;
        } catch (IOException e) {
            throw new UserError("--input: " + name + " cannot be read: " + IoReason.of(e) + ".", e);
        }
    }

    /** @throws UserError when some are Parquet and others are not */
    boolean isParquet() {
        long parquet = files.stream()
                .filter(file -> file.getPath().getName().endsWith(".parquet"))
                .count();
        if (parquet > 0 && parquet < files.size()) {
            throw new UserError("--input: " + input
                    + " holds files of Parquet beside others; put rows of one kind into a folder of their own.");
        }
        return parquet > 0;
    }

    /** Lines as they stand in the files, in the order of the files. */
    JavaRDD<String> lines() {
        String paths = files.stream()
                .map(file -> file.getPath().toString().replace("\\", "\\\\").replace(",", "\\,"))
                .collect(Collectors.joining(","));
        String name = input;
        return JavaSparkContext.fromSparkContext(session.sparkContext())
                .newAPIHadoopFile(
                        paths,
                        TextInputFormat.class,
                        LongWritable.class,
                        Text.class,
                        session.sparkContext().hadoopConfiguration())
                .map(line -> decoded(name, line._2()));
    }

    private static String decoded(String name, Text line) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(line.getBytes(), 0, line.getLength()))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new UserError(name + " has a line that is not UTF-8 text; save the file as UTF-8.", e);
        }
    }

    /** Rows as they stand in the files, in the order of the files; Spark reads the largest first. */
    Dataset<Row> parquet() {
        String[] paths = files.stream().map(file -> file.getPath().toString()).toArray(String[]::new);
        Dataset<Row> rows = session.read().parquet(paths);
        return paths.length == 1
                ? rows
                : rows.orderBy(functions.col("_metadata.file_path"), functions.col("_metadata.row_index"));
    }

    /**
     * Refuses a folder of results that is there, before models run.
     *
     * @throws UserError when there is something, or it cannot be looked at
     */
    void requireNew(String output) {
        Path path = new Path(output);
        try {
            if (path.getFileSystem(session.sparkContext().hadoopConfiguration()).exists(path)) {
                throw new UserError("--output: " + output + " is there already; name a new folder.");
            }
        } catch (IOException e) {
            throw new UserError("--output: " + output + " cannot be written: " + IoReason.of(e) + ".", e);
        }
    }

    /** For messages and logs. */
    @Override
    public String toString() {
        return input + " "
                + Arrays.toString(files.stream().map(FileStatus::getPath).toArray());
    }
}
