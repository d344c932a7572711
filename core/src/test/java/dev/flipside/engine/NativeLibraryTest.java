package dev.flipside.engine;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.UserError;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class NativeLibraryTest {
    @Test
    void aDiskWithoutRoomForTheLibrariesIsToldBeforeTheyAreUnpacked() {
        Path folder = Path.of("cache");
        assertThatThrownBy(() -> NativeLibrary.requireRoom(folder, 900_000_000, 12_345_678))
                .isInstanceOf(UserError.class)
                .hasMessage(
                        "cache has 12 MB free, and the native libraries that are unpacked there, once, take 900 MB more; make room, or name another folder with FLIPSIDE_JAVA_OPTS=-Dorg.bytedeco.javacpp.cachedir=DIR.");
        assertThatCode(() -> NativeLibrary.requireRoom(folder, 900_000_000, 900_000_000))
                .doesNotThrowAnyException();
    }
}
