package dev.flipside.cli.console;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.flipside.config.ChatTemplateConfig;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.hub.Hub;
import dev.flipside.hub.HubInputs;
import dev.flipside.hub.HubSettings;
import dev.flipside.model.ModelFiles;
import dev.flipside.text.Renderer;
import dev.flipside.train.Renderers;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A command with the shared options, a console and, on demand, the native libraries. */
public abstract class FlipsideCommand implements Callable<Integer> {
    @Spec
    private CommandSpec command;

    @Mixin
    private CommonOptions common;

    /**
     * Does the work.
     *
     * @return the exit code
     */
    protected abstract int run(Console console) throws Exception;

    @Override
    public final Integer call() throws Exception {
        Level level = common.debug() ? Level.DEBUG : common.quiet() ? Level.ERROR : Level.INFO;
        ((Logger) LoggerFactory.getLogger("dev.flipside")).setLevel(level);
        return run(new Console(streams(), common.json(), common.quiet()));
    }

    public CommonOptions common() {
        return common;
    }

    protected Streams streams() {
        return streams(command);
    }

    /** The streams and environment of the run that a command, or a group of its options, belongs to. */
    public static Streams streams(CommandSpec command) {
        return ((CommandRoot) command.root().userObject()).streams();
    }

    /** Where names of the Hub are looked up, beside paths. */
    protected final HubInputs inputs(Console console) {
        return new HubInputs(() -> hub(console));
    }

    /** The Hub of this process's environment. */
    protected final Hub hub(Console console) {
        return new Hub(HubSettings.of(streams().environment()), new TransferProgress(console));
    }

    /** The tokenizer and chat template in a model's own directory. */
    public static Renderer renderer(ModelFiles files) {
        return Renderers.load(files.tokenizerDirectory(), ChatTemplateConfig.defaults(), files);
    }

    /** The tokenizer in a model's directory, with its chat template or another, which is told. */
    public static Renderer renderer(Console console, ModelFiles files, ChatTemplateConfig template) {
        Renderers.departure(files.tokenizerDirectory(), template).ifPresent(console::warn);
        return Renderers.load(files.tokenizerDirectory(), template, files);
    }

    /** As {@link #loadLibraries(Console)}, after a look at the model's directory: a wrong path is told without them. */
    public static void loadLibraries(Console console, Path model) {
        ModelFiles.open(model);
        loadLibraries(console);
    }

    /** Loads libtorch; says so where that means unpacking it first, which takes a while. */
    public static void loadLibraries(Console console) {
        if (!NativeLibrary.unpacked()) {
            String size = NativeLibrary.foreign() ? "0.1 GB" : "1.0 GB";
            console.info("unpacking native libraries, once: " + size + " to " + NativeLibrary.cacheFolder());
        }
        NativeLibrary.load();
    }
}
