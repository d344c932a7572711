(function () {
  "use strict";
  const charts = JSON.parse(document.getElementById("curves").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const COLOURS = 8;
  const DASHES = [[], [6, 4], [2, 3]];
  const shown = {}; // per section: "band", or "seeds" where asked for or where there are too few for a band
  let plots = [];

  function css(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function colour(index) {
    return css("--k" + (index < COLOURS ? index : 1 + (index - 1) % (COLOURS - 1)));
  }

  function faded(hex, alpha) {
    const n = parseInt(hex.slice(1), 16);
    return "rgba(" + (n >> 16) + "," + ((n >> 8) & 255) + "," + (n & 255) + "," + alpha + ")";
  }

  function text(value) {
    if (value == null) {
      return "–";
    }
    const size = Math.abs(value);
    const digits = size !== 0 && size < 0.001 ? value.toExponential(1) : value.toFixed(size >= 100 ? 1 : 3);
    return digits.replace("-", "−");
  }

  // Columns and series of one chart: for each arm its mean, then the edges of its band, then its seeds.
  function build(chart, mode) {
    const columns = [chart.x];
    const series = [{ label: "step", value: (u, v) => (v == null ? "–" : String(v)) }];
    const bands = [];
    for (const arm of chart.arms) {
      const stroke = colour(arm.colour);
      const dash = DASHES[Math.floor(Math.max(0, arm.colour - 1) / (COLOURS - 1)) % DASHES.length];
      columns.push(arm.mean);
      series.push({
        label: arm.name, stroke: stroke, width: 2, dash: dash, spanGaps: true, points: { show: false },
        value: (u, v) => text(v),
      });
      if (mode === "band" && arm.low.length) {
        const at = series.length;
        for (const edge of [arm.high, arm.low]) {
          columns.push(edge);
          series.push({ label: "", stroke: "transparent", width: 0, spanGaps: true, points: { show: false }, extra: true });
        }
        bands.push({ series: [at, at + 1], fill: faded(stroke, 0.16) });
      }
      if (mode === "seeds") {
        for (const seed of arm.seeds) {
          columns.push(seed);
          series.push({ label: "", stroke: faded(stroke, 0.45), width: 1, dash: dash, spanGaps: true, points: { show: false }, extra: true });
        }
      }
    }
    return { columns: columns, series: series, bands: bands };
  }

  // From the runs themselves: the band of two seeds is far wider than they are, and may leave the plot.
  function range(chart) {
    let low = Infinity;
    let high = -Infinity;
    for (const arm of chart.arms) {
      for (const column of arm.seeds.length ? arm.seeds : [arm.mean]) {
        for (const value of column) {
          if (value != null) {
            low = Math.min(low, value);
            high = Math.max(high, value);
          }
        }
      }
    }
    const margin = high > low ? 0.08 * (high - low) : Math.abs(high) * 0.1 || 1;
    return [low - margin, high + margin];
  }

  function draw(chart) {
    const place = document.getElementById(chart.id);
    const mode = shown[chart.id.split("-")[0]];
    const parts = build(chart, mode);
    const axis = {
      stroke: css("--soft"), font: "12px system-ui, sans-serif",
      grid: { stroke: css("--line"), width: 1 }, ticks: { stroke: css("--line"), width: 1, size: 5 },
    };
    const plot = new uPlot({
      width: Math.max(200, place.clientWidth), height: 220,
      scales: { x: { time: false }, y: { range: range(chart) } },
      series: parts.series, bands: parts.bands,
      axes: [
        Object.assign({}, axis, { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000] }),
        Object.assign({}, axis, { size: 58, values: (u, ticks, a, b, step) => {
          let decimals = 0;
          while (decimals < 8 && Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) > 1e-6) {
            decimals++;
          }
          return ticks.map((t) => t.toFixed(decimals).replace("-", "−"));
        } }),
      ],
      cursor: { points: { size: 7 }, drag: { x: false, y: false }, focus: { prox: -1 } },
      legend: { live: true },
    }, parts.columns, place);
    plot.root.querySelectorAll(".u-series").forEach((row, i) => {
      if (parts.series[i].extra) {
        row.classList.add("u-hidden");
      }
    });
    // Until a cursor asks for another step, the legend shows the last one.
    requestAnimationFrame(() => plot.setLegend({ idx: chart.x.length - 1 }));
    plot.over.addEventListener("mouseleave", () => plot.setLegend({ idx: chart.x.length - 1 }));
    return { plot: plot, place: place };
  }

  function drawAll() {
    plots.forEach((p) => p.plot.destroy());
    plots = charts.map(draw);
    document.documentElement.dataset.drawn = String(plots.length);
  }

  function show(section, mode) {
    shown[section.id] = mode;
    section.querySelectorAll(".switch button").forEach((b) =>
      b.setAttribute("aria-pressed", String(b.dataset.show === mode)));
  }

  document.querySelectorAll("section.subject").forEach((section) => {
    const own = charts.filter((chart) => chart.id.startsWith(section.id + "-"));
    const banded = own.some((chart) => chart.arms.some((arm) => arm.low.length));
    show(section, banded ? "band" : "seeds");
    section.querySelectorAll(".switch button").forEach((button) =>
      button.addEventListener("click", () => {
        show(section, button.dataset.show);
        drawAll();
      }));
  });
  dark.addEventListener("change", drawAll);
  let waiting = 0;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => plots.forEach((p) =>
      p.plot.setSize({ width: Math.max(200, p.place.clientWidth), height: 220 })), 100);
  });
  drawAll();
})();
