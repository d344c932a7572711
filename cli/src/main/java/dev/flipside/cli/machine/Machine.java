package dev.flipside.cli.machine;

import com.sun.management.OperatingSystemMXBean;
import dev.flipside.cli.console.Numbers;
import dev.flipside.config.IoReason;
import dev.flipside.engine.NativeLibrary;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What the process runs on.
 *
 * @param facts name and value, in the order to show them
 * @param problems sentences that each name a fault and its remedy
 * @param notes sentences about what is as it should be and may still surprise
 */
record Machine(Map<String, Object> facts, List<String> problems, List<String> notes) {
    private static final double GIB = 1 << 30;
    private static final double MIN_FREE_DISK_GIB = 2;

    /** Needs the native libraries to be loaded. */
    static Machine inspect() {
        Machine machine = new Machine(new LinkedHashMap<>(), new ArrayList<>(), new ArrayList<>());
        machine.addLibrary();
        machine.addThreads();
        machine.addDevices();
        machine.addJava();
        machine.addFlags();
        return machine;
    }

    private void addLibrary() {
        facts.put(
                "libtorch",
                NativeLibrary.version() + (NativeLibrary.foreign() ? " (FLIPSIDE_LIBTORCH)" : " (built in)"));
        facts.put("library", NativeLibrary.path());
        facts.put("BLAS", NativeLibrary.blas());
        facts.put("CPU capability", NativeLibrary.cpuCapability());
        if (NativeLibrary.blas().equals("OpenBLAS")) {
            notes.add(
                    "matrix products go to OpenBLAS, two to four times slower than MKL for language models; unset FLIPSIDE_BLAS to use MKL.");
        }
        Optional<String> wanted = variable("FLIPSIDE_LIBTORCH");
        if (wanted.isPresent() && !NativeLibrary.foreign()) {
            problems.add(
                    "FLIPSIDE_LIBTORCH is set to " + wanted.get()
                            + ", but the built-in library was loaded; start Flipside with the launcher `flipside`, which sets the search paths.");
        }
    }

    private void addThreads() {
        int processors = Runtime.getRuntime().availableProcessors();
        facts.put(
                "threads",
                "torch " + NativeLibrary.threads() + ", OMP_NUM_THREADS "
                        + variable("OMP_NUM_THREADS").orElse("unset") + ", MKL_NUM_THREADS "
                        + variable("MKL_NUM_THREADS").orElse("unset") + ", processors " + processors);
        for (String name : List.of("OMP_NUM_THREADS", "MKL_NUM_THREADS")) {
            if (variable(name).isEmpty()) {
                problems.add(name
                        + " is unset; start Flipside with the launcher `flipside` or set it to the number of cores.");
            }
        }
        if (NativeLibrary.threads() > processors) {
            problems.add("libtorch uses " + NativeLibrary.threads() + " threads on " + processors
                    + " processors, which slows it down; lower --threads or OMP_NUM_THREADS.");
        }
        double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
        if (load > processors + 1) {
            notes.add(String.format(
                    Locale.ROOT,
                    "other programs keep this machine busy (load %.1f on %d processors): the speed shown is not its best.",
                    load,
                    processors));
        }
    }

    private void addDevices() {
        int gpus = NativeLibrary.cudaDevices();
        facts.put("CUDA build", NativeLibrary.cudaVersion().orElse("no"));
        facts.put("devices", gpus == 0 ? "cpu" : "cpu, " + gpus + " CUDA (an allocation on cuda:0 succeeded)");
        if (gpus == 0 && NativeLibrary.cudaVersion().isPresent()) {
            notes.add("the library is a CUDA build, but no GPU can be used: "
                    + NativeLibrary.cudaFault().orElse("libtorch sees none")
                    + "; runs go to the CPU.");
        }
    }

    private void addJava() {
        OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        facts.put(
                "Java",
                Runtime.version() + ", " + System.getProperty("java.vendor") + ", " + System.getProperty("java.home"));
        facts.put(
                "memory",
                Numbers.gibibytes(system.getTotalMemorySize()) + ", " + Numbers.gibibytes(system.getFreeMemorySize())
                        + " unused; Java heap at most "
                        + Numbers.gibibytes(Runtime.getRuntime().maxMemory()));
        Path cache = NativeLibrary.cacheFolder();
        try {
            double free = Files.getFileStore(cache).getUsableSpace() / GIB;
            facts.put("native cache", String.format(Locale.ROOT, "%s, %.0f GiB free", cache, free));
            if (free < MIN_FREE_DISK_GIB) {
                problems.add(String.format(
                        Locale.ROOT,
                        "only %.1f GiB are free where native libraries are unpacked (%s); make room, or name another folder with FLIPSIDE_JAVA_OPTS=-Dorg.bytedeco.javacpp.cachedir=DIR.",
                        free,
                        cache));
            }
        } catch (IOException e) {
            problems.add("the folder of the native libraries cannot be read: " + IoReason.of(e) + ".");
        }
    }

    private void addFlags() {
        List<String> missing = new ArrayList<>();
        check(
                missing,
                "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
                property("org.bytedeco.javacpp.maxPhysicalBytes"),
                "0");
        check(missing, "-Dorg.bytedeco.javacpp.nopointergc=true", property("org.bytedeco.javacpp.nopointergc"), "true");
        if (!NativeLibrary.foreign() && !variable("FLIPSIDE_BLAS").equals(Optional.of("openblas"))) {
            check(missing, "-Dorg.bytedeco.openblas.load=mkl", property("org.bytedeco.openblas.load"), "mkl");
            if (variable("MKL_THREADING_LAYER").isEmpty()) {
                missing.add("MKL_THREADING_LAYER=GNU");
            }
        }
        check(missing, "MKL_DYNAMIC=FALSE", variable("MKL_DYNAMIC"), "FALSE");
        if (variable("MKL_CBWR").isEmpty()) {
            missing.add("MKL_CBWR=AUTO");
        }
        check(missing, "OPT_OUT_TRACKING=true", variable("OPT_OUT_TRACKING"), "true");
        check(missing, "DJL_OFFLINE=true", variable("DJL_OFFLINE"), "true");
        facts.put("flags", missing.isEmpty() ? "all set" : "missing " + String.join(" ", missing));
        if (!missing.isEmpty()) {
            problems.add("flags are missing: " + String.join(" ", missing)
                    + "; start Flipside with the launcher `flipside`, which sets them.");
        }
    }

    private static void check(List<String> missing, String flag, Optional<String> value, String wanted) {
        if (!value.equals(Optional.of(wanted))) {
            missing.add(flag);
        }
    }

    private static Optional<String> variable(String name) {
        return Optional.ofNullable(System.getenv(name)).filter(value -> !value.isBlank());
    }

    private static Optional<String> property(String name) {
        return Optional.ofNullable(System.getProperty(name));
    }
}
