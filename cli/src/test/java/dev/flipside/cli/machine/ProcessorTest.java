package dev.flipside.cli.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessorTest {
    @TempDir
    Path folder;

    @Test
    void modelInstructionsAndCachesAreThoseOfTheFirstCore() throws IOException {
        cache("index0", "1", "Data", "32K");
        cache("index1", "1", "Instruction", "64K");
        cache("index2", "2", "Unified", "512K");
        cache("index3", "3", "Unified", "8M");
        cache("index4", "4", "Unified", "");
        Files.delete(folder.resolve("index4/size"));

        Processor processor = Processor.of(
                """
                processor\t: 0
                cpu family\t: 23
                model\t\t: 1
                model name\t: AMD EPYC
                flags\t\t: fpu avx avx2 avx512f sse

                processor\t: 1
                model name\t: another
                """,
                folder);

        assertThat(processor.text()).isEqualTo("AMD EPYC (23.1), avx2 avx512f, L1d 32 KB, L2 512 KB, L3 8192 KB");
        assertThat(processor.object())
                .containsEntry("family", "23.1")
                .containsEntry("caches_kb", Map.of("L1d", 32, "L2", 512, "L3", 8192));
    }

    @Test
    void whatIsNotSaidIsLeftOut() throws IOException {
        Processor processor = Processor.of("processor : 0\nFeatures : fp asimd bf16\n", folder.resolve("nothing"));

        assertThat(processor.text()).isEqualTo(System.getProperty("os.arch") + ", asimd bf16");
    }

    private void cache(String name, String level, String type, String size) throws IOException {
        Path cache = Files.createDirectories(folder.resolve(name));
        Files.writeString(cache.resolve("level"), level + "\n");
        Files.writeString(cache.resolve("type"), type + "\n");
        Files.writeString(cache.resolve("size"), size + "\n");
    }
}
