package dev.flipside.cli.report;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Properties;

/** What the report and the live page are made of beside their own: style sheets and scripts, which hold no data. */
public final class PageParts {
    private PageParts() {}

    /** The style sheets of both pages: uPlot's and ours. */
    public static String style() {
        return webJar("uPlot.min.css") + text(PageParts.class, "report.css");
    }

    /** What draws curves: uPlot, and how ours look. */
    public static String charts() {
        return webJar("uPlot.iife.min.js") + "\n" + text(PageParts.class, "charts.js") + "\n";
    }

    /** A text that lies beside a class. */
    public static String text(Class<?> beside, String name) {
        return text(beside.getResourceAsStream(name), name);
    }

    private static String webJar(String name) {
        Properties build = new Properties();
        try (InputStream in = PageParts.class.getResourceAsStream("/dev/flipside/cli/build.properties")) {
            build.load(in);
        } catch (IOException e) {
            throw new IllegalStateException("build.properties cannot be read from the class path", e);
        }
        String path = "/META-INF/resources/webjars/uplot/" + build.getProperty("uplot") + "/dist/" + name;
        return text(PageParts.class.getResourceAsStream(path), path);
    }

    private static String text(InputStream stream, String name) {
        try (InputStream in = stream) {
            if (in == null) {
                throw new IllegalStateException(name + " is not on the class path");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException(name + " cannot be read from the class path", e);
        }
    }
}
