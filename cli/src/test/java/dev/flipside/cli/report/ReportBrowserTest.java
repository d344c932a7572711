package dev.flipside.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.openqa.selenium.By;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;

/**
 * The page in a headless Chromium, opened from disk. Skipped where there is no chromium with its chromedriver (Debian:
 * apt install chromium chromium-driver).
 */
class ReportBrowserTest {
    @TempDir
    static Path temp;

    private static ChromeDriver browser;
    private static Path page;

    @BeforeAll
    static void open() throws IOException {
        browser = Chromium.openOrSkip();
        page = temp.resolve("report.html");
        ReportPage.read(
                        SyntheticRuns.comparison(temp.resolve("comparison")),
                        List.of(SyntheticRuns.rewardModelBenchmarks(temp.resolve("rm"))))
                .write(page);
    }

    @AfterAll
    static void close() {
        if (browser != null) {
            browser.quit();
        }
    }

    private void load(Path file, int width) {
        Chromium.screen(browser, width, "light");
        // What earlier pages logged is not this one's.
        browser.manage().logs().get(LogType.BROWSER);
        browser.manage().logs().get(LogType.PERFORMANCE);
        browser.get(file.toUri().toString());
    }

    @SuppressWarnings("unchecked")
    private static <T> T ask(String script) {
        return (T) browser.executeScript(script);
    }

    @Test
    void opensFromDiskWithoutAnErrorAndWithoutTheNetwork() {
        load(page, 1280);
        assertThat(browser.getTitle()).isEqualTo("World W – Flipside report");
        assertThat(browser.manage().logs().get(LogType.BROWSER).getAll())
                .extracting(LogEntry::getMessage)
                .isEmpty();
        List<String> requests = browser.manage().logs().get(LogType.PERFORMANCE).getAll().stream()
                .map(LogEntry::getMessage)
                .filter(m -> m.contains("\"Network.requestWillBeSent\""))
                .map(m -> m.replaceAll(".*\"documentURL\":\"[^\"]*\".*\"url\":\"([^\"]*)\".*", "$1"))
                .toList();
        assertThat(requests)
                .allMatch(url -> url.startsWith("file:"), "only the page itself")
                .hasSize(1);
    }

    /** Every canvas shows every arm's colour, the baseline's among them. */
    @Test
    void everyCurveIsDrawn() {
        load(page, 1280);
        List<List<Object>> canvases = ask(
                """
                const colours = [...Array(4).keys()].map(i => {
                  const hex = getComputedStyle(document.documentElement).getPropertyValue('--k' + i).trim();
                  const n = parseInt(hex.slice(1), 16);
                  return [n >> 16, (n >> 8) & 255, n & 255];
                });
                return [...document.querySelectorAll('.chart canvas')].map(canvas => {
                  const d = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
                  const found = colours.map(() => 0);
                  for (let i = 0; i < d.length; i += 4) {
                    colours.forEach((c, k) => {
                      if (d[i + 3] > 200 && Math.abs(d[i] - c[0]) + Math.abs(d[i + 1] - c[1]) + Math.abs(d[i + 2] - c[2]) < 30) found[k]++;
                    });
                  }
                  return [canvas.closest('figure').querySelector('small').textContent, ...found];
                });
                """);
        assertThat(canvases).hasSize(6);
        for (List<Object> canvas : canvases) {
            boolean ofSaveAlone = canvas.get(0).equals("save/kept_frac");
            for (int arm = ofSaveAlone ? 3 : 0; arm < 4; arm++) {
                assertThat((Long) canvas.get(1 + arm))
                        .as(canvas.get(0) + ", arm " + arm)
                        .isGreaterThan(20L);
            }
        }
    }

    @Test
    void everySeedIsShownOnDemand() {
        load(page, 1280);
        String before = ask("return document.querySelector('.chart canvas').toDataURL()");
        browser.findElement(By.cssSelector("button[data-show=seeds]")).click();
        String after = ask("return document.querySelector('.chart canvas').toDataURL()");
        assertThat(after).isNotEqualTo(before);
        assertThat(browser.findElement(By.cssSelector("button[data-show=seeds]"))
                        .getDomAttribute("aria-pressed"))
                .isEqualTo("true");
        Long charts = ask("return document.querySelectorAll('.chart canvas').length");
        assertThat(charts).isEqualTo(6);
    }

    @Test
    void theForestHasARowPerArmAndOutcome() {
        load(page, 1280);
        List<String> rows = ask(
                "return [...document.querySelectorAll('svg.plot[data-arm]')].map(s => s.dataset.arm + ' ' + s.dataset.outcome)");
        assertThat(rows)
                .hasSize((SyntheticRuns.ARMS.size() - 1) * SyntheticRuns.OUTCOMES.size())
                .doesNotHaveDuplicates();
        // Interval and mean lie within the plot, and have a size.
        List<Object> outside = ask(
                """
                return [...document.querySelectorAll('svg.plot[data-arm]')].filter(svg => {
                  const plot = svg.getBoundingClientRect();
                  return [...svg.querySelectorAll('.interval, .point, .seed')].some(part => {
                    const box = part.getBoundingClientRect();
                    return box.width < 1 || box.left < plot.left - 8 || box.right > plot.right + 8;
                  });
                }).map(svg => svg.dataset.arm);
                """);
        assertThat(outside).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {1280, 390})
    void nothingOverflows(int width) throws IOException {
        load(page, width);
        List<String> wide =
                ask("document.querySelectorAll('details').forEach(d => d.open = true);" + Chromium.OVERFLOWING);
        assertThat(wide).isEmpty();
        Path run = SyntheticRuns.run(Files.createDirectories(temp.resolve("run-" + width)), 1, 1);
        ReportPage.read(run, List.of()).write(run.resolve("report.html"));
        load(run.resolve("report.html"), width);
        assertThat(ReportBrowserTest.<List<String>>ask(Chromium.OVERFLOWING)).isEmpty();
    }

    @Test
    void tablesAndPlotsSayWhatTheyAre() {
        load(page, 1280);
        List<String> unnamed = ask(
                """
                return [...document.querySelectorAll('table:not(.u-legend)')].filter(t => !t.caption || !t.querySelector('thead th[scope=col]')).map(t => t.className)
                  .concat([...document.querySelectorAll('svg[role=img]')].filter(s => !s.getAttribute('aria-label')).map(s => 'svg'))
                  .concat([...document.querySelectorAll('h2, h3')].filter(h => !h.textContent.trim()).map(h => h.tagName));
                """);
        assertThat(unnamed).isEmpty();
        // A light and a dark page, both with text that stands out from its ground (WCAG AA, 4.5 to 1).
        for (String scheme : List.of("light", "dark")) {
            browser.executeCdpCommand(
                    "Emulation.setEmulatedMedia",
                    Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
            List<Object> contrasts = ask(
                    """
                    const channel = c => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
                    const light = hex => { const n = parseInt(hex.slice(1), 16);
                      return 0.2126 * channel(n >> 16) + 0.7152 * channel((n >> 8) & 255) + 0.0722 * channel(n & 255); };
                    const value = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
                    const contrast = (a, b) => { const [x, y] = [light(value(a)), light(value(b))].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
                    return ['--ink', '--soft', '--accent', '--met', '--not-met', '--open'].flatMap(ink => ['--card', '--paper', '--wash'].map(ground => [ink + ' on ' + ground, contrast(ink, ground)]))
                      .filter(([, c]) => c < 4.5);
                    """);
            assertThat(contrasts).as(scheme).isEmpty();
        }
    }
}
