package dev.flipside.spark;

import java.util.Map;

/** What the launcher tells Java about native libraries, for processes that others start. */
final class NativeSettings {
    private static final Map<String, String> DEFAULTS = Map.of(
            "org.bytedeco.javacpp.maxPhysicalBytes", "0",
            "org.bytedeco.javacpp.nopointergc", "true",
            "org.bytedeco.javacpp.logger", "slf4j",
            "org.bytedeco.javacpp.platform.extension", "");

    private NativeSettings() {}

    /** Sets what is not set; before the first class of the bindings is touched. */
    static void apply() {
        DEFAULTS.forEach((name, value) -> {
            if (System.getProperty(name) == null) {
                System.setProperty(name, value);
            }
        });
        boolean mkl = NativeSettings.class.getResource("/org/bytedeco/mkl/linux-x86_64/libmkl_rt.so.2") != null;
        if (mkl && System.getProperty("org.bytedeco.openblas.load") == null) {
            System.setProperty("org.bytedeco.openblas.load", "mkl");
        }
    }
}
