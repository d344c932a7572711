package dev.flipside.engine;

import dev.flipside.config.UserError;
import java.io.IOException;
import java.net.URL;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The libtorch in use: Flipside's own CPU build, or the one that {@code FLIPSIDE_LIBTORCH} names. */
public final class NativeLibrary {
    /** Versions of libtorch whose binary interface the bindings were seen to fit. */
    public static final List<String> SUPPORTED_VERSIONS = List.of("2.10", "2.11");

    /** What {@link #blas()} says when MKL stands where the bindings would load OpenBLAS. */
    static final String SWAPPED_MKL = "MKL (in place of OpenBLAS)";

    /** What is unpacked, in bytes. */
    private static final long BYTES_WITH_MKL = 900_000_000;

    private static final long BYTES_WITH_OPENBLAS = 480_000_000;

    private NativeLibrary() {}

    /**
     * Loads the libraries (the first start on a machine unpacks about 1.0 GB) and checks their version.
     *
     * @throws UserError when they cannot be loaded or do not fit
     */
    public static synchronized void load() {
        try {
            if (Loader.getLoadedLibraries().isEmpty()) {
                requireRoom();
                UnpackedFiles unpacked = UnpackedFiles.open(cacheFolder(), NativeLibrary::inJar);
                Loader.load(torch.class);
                unpacked.note();
            } else {
                Loader.load(torch.class);
            }
        } catch (UnsatisfiedLinkError | NoClassDefFoundError | IOException e) {
            throw new UserError("libtorch could not be loaded: " + e.getMessage() + "; " + remedy(), e);
        }
        String version = version();
        if (SUPPORTED_VERSIONS.stream().noneMatch(version::startsWith)) {
            throw new UserError("FLIPSIDE_LIBTORCH: libtorch " + version + " does not fit these bindings, which need "
                    + String.join(" or ", SUPPORTED_VERSIONS)
                    + "; install torch==2.10.0 or unset FLIPSIDE_LIBTORCH.");
        }
    }

    /** Half unpacked, the libraries would be missed one by one, in the linker's words. */
    private static void requireRoom() throws IOException {
        if (foreign() || unpacked()) {
            return;
        }
        Path folder = cacheFolder();
        FileStore store = Files.getFileStore(folder);
        boolean known = store.getTotalSpace() > 0; // Some network file systems do not know it.
        boolean mkl = System.getProperty("org.bytedeco.openblas.load", "").startsWith("mkl");
        long needed = (mkl ? BYTES_WITH_MKL : BYTES_WITH_OPENBLAS) - present(folder);
        requireRoom(folder, needed, known ? store.getUsableSpace() : Long.MAX_VALUE);
    }

    static void requireRoom(Path folder, long needed, long free) {
        if (free < needed) {
            throw new UserError(String.format(
                    Locale.ROOT,
                    "%s has %.0f MB free, and the native libraries that are unpacked there, once, take %.0f MB more; make room, or name another folder with FLIPSIDE_JAVA_OPTS=-Dorg.bytedeco.javacpp.cachedir=DIR.",
                    folder,
                    free / 1e6,
                    needed / 1e6));
        }
    }

    /** The bytes that earlier starts have unpacked of the jars on the class path, each to a folder of its name. */
    private static long present(Path folder) throws IOException {
        String jars = System.getProperty("java.class.path");
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> jars.contains("/" + folder.relativize(file).getName(0)))
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        }
    }

    private static String remedy() {
        return foreign()
                ? "install torch==2.10.0 again, or unset FLIPSIDE_LIBTORCH to use the built-in CPU library."
                : "check that " + cacheFolder()
                        + " can be written and has 1.0 GB of space, and delete it: the next start unpacks the libraries again.";
    }

    /** Where JavaCPP has unpacked a file from: below a folder with its jar's name, in the jar's own folders. */
    private static Optional<URL> inJar(String name) {
        int folder = name.indexOf('/');
        return Optional.ofNullable(NativeLibrary.class.getClassLoader().getResource(name.substring(folder + 1)))
                .filter(url -> folder > 0 && url.getPath().contains("/" + name.substring(0, folder) + "!/"));
    }

    /** The version that the loaded library reports about itself. */
    public static String version() {
        return find("TORCH_VERSION=([0-9.]+)").orElse("unknown");
    }

    /** The BLAS that matrix products go to. */
    public static String blas() {
        if (find("BLAS_INFO=([a-z]+)").filter("mkl"::equals).isPresent()) {
            return "MKL (linked into libtorch)";
        }
        boolean swapped = Loader.getLoadedLibraries().keySet().stream().anyMatch(name -> name.startsWith("mkl_rt"));
        return swapped ? SWAPPED_MKL : "OpenBLAS";
    }

    /** The instruction set that libtorch's own kernels use, such as AVX512. */
    public static String cpuCapability() {
        return find("CPU capability usage: (\\S+)").orElse("unknown");
    }

    public static int threads() {
        return torch.get_num_threads();
    }

    /**
     * Sets how many threads work for what the calling thread computes: runs side by side share the cores instead of
     * contending for them. Java threads that come to libtorch later begin with the same number.
     */
    public static void useThreads(int count) {
        load();
        torch.set_num_threads(count);
    }

    /**
     * The number of CUDA devices on which a tensor can really be allocated; {@code hasCUDA} of the bindings says false
     * even on a CUDA build.
     */
    public static int cudaDevices() {
        if (!torch.cuda_is_available()) {
            return 0;
        }
        return cudaFault().isEmpty() ? torch.cuda_device_count() : 0;
    }

    /** The CUDA version that the library was built for; empty for a CPU build. */
    public static Optional<String> cudaVersion() {
        return find("CUDA_VERSION=([0-9.]+)");
    }

    /** Why a tensor cannot be allocated on the first GPU, in libtorch's first sentence; empty when it can. */
    public static Optional<String> cudaFault() {
        try (PointerScope scope = new PointerScope()) {
            Tensor probe = torch.zeros(new long[] {1}, new Device("cuda:0").options(ScalarType.Float));
            return probe.defined() ? Optional.empty() : Optional.of("the allocated tensor is undefined");
        } catch (RuntimeException e) {
            return Optional.of(String.valueOf(e.getMessage()).split("\\.\\s|\n", 2)[0]);
        }
    }

    /**
     * Whether the process runs on a libtorch of the user's, named by {@code FLIPSIDE_LIBTORCH}, and not on the built-in
     * one.
     */
    public static boolean foreign() {
        return Boolean.getBoolean("org.bytedeco.javacpp.pathsFirst");
    }

    /** The file of the library that was loaded. */
    public static String path() {
        return Loader.getLoadedLibraries().getOrDefault("torch_cpu", "unknown");
    }

    /** Where native libraries are unpacked on the first start. */
    public static Path cacheFolder() {
        try {
            return Loader.getCacheDir().toPath();
        } catch (IOException e) {
            throw new UserError(
                    "no folder to unpack native libraries to: " + e.getMessage()
                            + "; name one that can be written, FLIPSIDE_JAVA_OPTS=-Dorg.bytedeco.javacpp.cachedir=DIR.",
                    e);
        }
    }

    /** Whether the native libraries are already in {@link #cacheFolder()}. */
    public static boolean unpacked() {
        String version;
        try {
            version = Loader.getVersion("org.bytedeco", "pytorch");
        } catch (IOException e) {
            return false;
        }
        // The binding itself is unpacked last, after everything that it needs.
        String platform = Loader.getPlatform();
        return Files.exists(cacheFolder()
                .resolve("pytorch-" + version + "-" + platform + ".jar")
                .resolve("org/bytedeco/pytorch/" + platform + "/libjnitorch.so"));
    }

    private static Optional<String> find(String pattern) {
        Matcher matcher = Pattern.compile(pattern).matcher(torch.show_config().getString());
        return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
    }
}
