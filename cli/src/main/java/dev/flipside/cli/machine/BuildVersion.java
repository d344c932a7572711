package dev.flipside.cli.machine;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** The version of this build, as Maven wrote it. */
public final class BuildVersion implements IVersionProvider {
    @Override
    public String[] getVersion() {
        return new String[] {"flipside " + number() + ", Java " + Runtime.version()};
    }

    static String number() {
        Properties properties = new Properties();
        try (InputStream in = BuildVersion.class.getResourceAsStream("/dev/flipside/cli/build.properties")) {
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties.getProperty("version");
    }
}
