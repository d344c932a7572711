package dev.flipside.cli.dashboard;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.cli.report.Chromium;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.openqa.selenium.By;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;

/** The live page in a headless Chromium, where there is one. */
class DashboardBrowserTest {
    @TempDir
    static Path folder;

    private static ChromeDriver browser;
    private static DashboardServer server;
    private static Path going;

    @BeforeAll
    static void open() throws IOException {
        browser = Chromium.openOrSkip();
        going = RunFiles.begin(folder.resolve("going-with-a-rather-long-name-for-a-run"), 40, 1e-6);
        RunFiles.ownedBy(going, ProcessHandle.current());
        RunFiles.steps(going, 0, 10);
        Path done = RunFiles.begin(folder.resolve("done"), 20, 2e-6);
        RunFiles.append(done, RunFiles.line(0, 0).replace("0.7", "0.51"));
        RunFiles.steps(done, 1, 20);
        RunFiles.samples(done, 1, 20);
        RunFiles.finish(done);
        Path comparison = RunFiles.comparison(folder.resolve("question"));
        Path run = RunFiles.begin(comparison.resolve("seed-1/save"), 4, 1e-6);
        RunFiles.steps(run, 0, 4);
        RunFiles.finish(run);
        server = DashboardServer.start(folder, 0, Optional.empty(), Map.of());
    }

    @AfterAll
    static void close() {
        if (server != null) {
            server.close();
        }
        if (browser != null) {
            browser.quit();
        }
    }

    private static void load(int width, String scheme) {
        browser.get("about:blank");
        Chromium.screen(browser, width, scheme);
        browser.manage().logs().get(LogType.BROWSER);
        browser.get(server.address());
        until("return document.querySelectorAll('.chart canvas').length >= 2"
                + " && document.querySelectorAll('.sample').length > 0"
                + " && document.querySelector('#config tbody tr') !== null");
    }

    private static void until(String script) {
        until(script, () -> Boolean.TRUE.equals(browser.executeScript(script)));
    }

    private static void until(String what, BooleanSupplier so) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!so.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what).isLessThan(end);
        }
    }

    private static void select(String selector, String value) {
        browser.findElement(By.cssSelector(selector + " option[value='" + value + "']"))
                .click();
    }

    private static String text(String selector) {
        return browser.findElement(By.cssSelector(selector)).getText();
    }

    @ParameterizedTest
    @CsvSource({"1280, light", "1280, dark", "390, light", "390, dark"})
    void showsEverythingWithoutAnErrorAndWithoutRunningOver(int width, String scheme) {
        load(width, scheme);
        assertThat(browser.getTitle()).startsWith("1 running").endsWith("Flipside dashboard");
        assertThat(text("[data-run=done]")).contains("finished", "step 20 of 20", "1 warn");
        assertThat(text("#alarms")).contains("initial accuracy low");
        assertThat(text("#comparisons")).contains("1 of 6 runs", "SAVE raises the reward");
        assertThat(browser.executeScript(Chromium.OVERFLOWING)).isEqualTo(List.of());
        assertThat(browser.manage().logs().get(LogType.BROWSER).getAll())
                .extracting(LogEntry::getMessage)
                .isEmpty();
    }

    @Test
    void aNewStepMovesTheCurves() throws IOException {
        load(1280, "light");
        until("return document.getElementById('live').textContent === 'live'");
        String script = "return document.querySelector('[data-metric=reward] canvas').toDataURL()";
        String before = (String) browser.executeScript(script);
        RunFiles.append(going, RunFiles.line(11, 0.9) + RunFiles.line(12, 1.0));
        until("return document.querySelector('[data-run^=going]').textContent.includes('step 12 of 40')");
        until("the curve is another one", () -> !before.equals(browser.executeScript(script)));
        assertThat(text("[data-run^=going]")).contains("running", "left");
    }

    @Test
    void samplesAreFilteredAndGoOn() {
        load(1280, "light");
        select("#sample-run", "done");
        select("#filter [name=label]", "");
        browser.findElement(By.cssSelector("#filter button")).click();
        until("return document.querySelectorAll('.sample').length === 32");
        browser.findElement(By.id("older")).click();
        until("return document.querySelectorAll('.sample').length === 64");
        select("#filter [name=label]", "positive");
        browser.findElement(By.cssSelector("#filter button")).click();
        until("return document.querySelectorAll('.sample').length === 20");
        assertThat(text(".sample")).contains("positive", "advantage 0.350", "anchor 0.400", RunFiles.HOSTILE);
        assertThat(browser.getTitle()).doesNotContain("broken");
    }

    @Test
    void onlyDifferencesOfTheConfigurationsOnDemand() {
        load(1280, "light");
        browser.findElement(By.id("differing")).click();
        until("return document.querySelectorAll('#config tbody tr').length === 2");
        assertThat(text("#config tbody")).contains("run.max_steps", "policy.learning_rate");
    }
}
