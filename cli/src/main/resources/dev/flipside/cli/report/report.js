(function () {
  "use strict";
  const charts = JSON.parse(document.getElementById("curves").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const { colour, dash, faded, text, axes, spread } = flipsideCharts;
  const shown = {}; // per section: "band", or "seeds" where asked for or where there are too few for a band
  let plots = [];

  // Columns and series of one chart: for each arm its mean, then the edges of its band, then its seeds.
  function build(chart, mode) {
    const columns = [chart.x];
    const series = [{ label: "step", value: (u, v) => (v == null ? "–" : String(v)) }];
    const bands = [];
    for (const arm of chart.arms) {
      const stroke = colour(arm.colour);
      const dashes = dash(arm.colour);
      columns.push(arm.mean);
      series.push({
        label: arm.name, stroke: stroke, width: 2, dash: dashes, spanGaps: true, points: { show: false },
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
          series.push({ label: "", stroke: faded(stroke, 0.45), width: 1, dash: dashes, spanGaps: true, points: { show: false }, extra: true });
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
    return spread(low, high);
  }

  function draw(chart) {
    const place = document.getElementById(chart.id);
    const mode = shown[chart.id.split("-")[0]];
    const parts = build(chart, mode);
    const plot = new uPlot({
      width: Math.max(200, place.clientWidth), height: 220,
      scales: { x: { time: false }, y: { range: range(chart) } },
      series: parts.series, bands: parts.bands,
      axes: axes(),
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
