package dev.flipside.cli.report;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/** A headless Chromium for the tests of pages. */
public final class Chromium {
    /** Elements whose text is cut or runs out of them, and the whole page when it is wider than the window. */
    public static final String OVERFLOWING =
            """
            const wide = [];
            if (document.documentElement.scrollWidth > window.innerWidth) {
              wide.push('page: ' + document.documentElement.scrollWidth);
            }
            for (const e of document.querySelectorAll('body *')) {
              if (e.closest('.hidden, .skip, svg, .uplot, .scroll, pre, script, style, noscript')) continue;
              const box = e.getBoundingClientRect();
              if (box.width === 0) continue;
              if (e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline') {
                wide.push(e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 40));
              }
              if (box.right > window.innerWidth + 1) {
                wide.push('beyond the edge: ' + e.tagName + '.' + e.className);
              }
            }
            return wide;
            """;

    /** Selenium warns of every Chromium that is newer than itself; held here, or the setting is garbage. */
    private static final Logger SELENIUM = Logger.getLogger("org.openqa.selenium");

    private Chromium() {}

    /** A browser to be quit by the caller; the test is skipped where there is none. */
    public static ChromeDriver openOrSkip() {
        Optional<Path> chromium = onPath("chromium", "google-chrome", "chromium-browser");
        Optional<Path> driver = onPath("chromedriver");
        Assumptions.assumeTrue(
                chromium.isPresent() && driver.isPresent(),
                "skipped: no chromium and chromedriver on the PATH (Debian: apt install chromium chromium-driver)");
        SELENIUM.setLevel(Level.SEVERE);
        ChromeOptions options = new ChromeOptions();
        options.setBinary(chromium.get().toFile());
        options.addArguments("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage");
        LoggingPreferences logs = new LoggingPreferences();
        logs.enable(LogType.BROWSER, Level.ALL);
        logs.enable(LogType.PERFORMANCE, Level.ALL);
        options.setCapability("goog:loggingPrefs", logs);
        return new ChromeDriver(
                new ChromeDriverService.Builder()
                        .usingDriverExecutable(driver.get().toFile())
                        .withTimeout(Duration.ofSeconds(60))
                        .build(),
                options);
    }

    /** @param scheme light or dark */
    public static void screen(ChromeDriver browser, int width, String scheme) {
        browser.executeCdpCommand(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", 900, "deviceScaleFactor", 1, "mobile", width < 500));
        browser.executeCdpCommand(
                "Emulation.setEmulatedMedia",
                Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
    }

    private static Optional<Path> onPath(String... names) {
        String path = Optional.ofNullable(System.getenv("PATH")).orElse("");
        return Stream.of(names)
                .flatMap(name -> Stream.of(path.split(":")).map(folder -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }
}
