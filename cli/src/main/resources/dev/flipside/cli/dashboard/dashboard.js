(function () {
  "use strict";
  const { colour, dash, text, axes, spread } = flipsideCharts;
  const MOST_CHOSEN_AT_FIRST = 24;
  const FIRST_CHARTS = 6;
  const byId = (id) => document.getElementById(id);
  const chosen = new Set();
  let known = { runs: [], comparisons: [] };
  let titles = {};
  let metrics = [];
  let series = {}; // by run and metric: x and y
  let charts = {}; // by metric
  let listening = null;
  let next = "";
  let begun = false;

  // The token stands in the part of the address that browsers do not send, and is kept for this tab alone.
  const given = /[#&]token=([^&]+)/.exec(location.hash);
  if (given) {
    sessionStorage.setItem("token", given[1]);
    history.replaceState(null, "", location.pathname);
  }

  function el(tag, attributes, ...children) {
    const e = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === true) {
        e.setAttribute(name, "");
      } else if (value !== false) {
        e.setAttribute(name, value);
      }
    }
    e.append(...children.filter((child) => child !== ""));
    return e;
  }

  function ask(path, options) {
    const token = sessionStorage.getItem("token");
    const headers = token ? { Authorization: "Bearer " + token } : {};
    return fetch(path, Object.assign({ headers: headers }, options));
  }

  async function json(path, options) {
    const response = await ask(path, options);
    const body = await response.json();
    if (!response.ok) {
      byId("unlock").hidden = response.status !== 401;
      throw new Error(body.error);
    }
    return body;
  }

  function problem(what) {
    byId("problem").hidden = !what;
    byId("problem").textContent = what || "";
  }

  function query(entries) {
    return "?" + new URLSearchParams(entries).toString();
  }

  function duration(seconds) {
    const s = Math.round(seconds);
    const two = (n) => String(n).padStart(2, "0");
    return s >= 3600
      ? Math.floor(s / 3600) + ":" + two(Math.floor(s / 60) % 60) + ":" + two(s % 60)
      : Math.floor(s / 60) + ":" + two(s % 60);
  }

  function rate(seconds) {
    return seconds > 60 ? text(seconds / 60) + " min a step" : text(seconds) + " s a step";
  }

  function key(run) {
    return el("span", { class: "key k" + run.colour, "aria-hidden": "true" });
  }

  // Runs.

  function stopButton(id, name) {
    const button = el("button", { type: "button", class: "stop", "aria-label": "Stop " + name }, "Stop");
    button.addEventListener("click", async () => {
      if (!confirm("Stop " + name + "? It finishes its step and writes a checkpoint; --resume continues it.")) {
        return;
      }
      button.disabled = true;
      try {
        await json("api/stop" + query([["id", id]]), { method: "POST" });
        button.textContent = "Stopping";
        problem("");
      } catch (e) {
        problem(e.message);
        button.disabled = false;
      }
    });
    return button;
  }

  function worst(alarms) {
    return ["alarm", "warn", "info"].map((level) => [level, alarms.filter((a) => a.level === level).length])
      .filter(([, n]) => n > 0);
  }

  function runRow(run) {
    const s = run.status;
    const box = el("input", { type: "checkbox", value: run.id, "aria-label": "Show " + run.name });
    box.checked = chosen.has(run.id);
    box.addEventListener("change", () => {
      if (box.checked) {
        chosen.add(run.id);
      } else {
        chosen.delete(run.id);
      }
      choose();
    });
    const far = s.total > 0 ? "step " + s.step + " of " + s.total : "step " + s.step;
    const left = s.seconds_left == null ? "" : ", " + duration(s.seconds_left) + " left";
    const row = el("li", { "data-run": run.id },
      el("label", { class: "name" }, box, " ", key(run), run.name),
      el("span", { class: "state " + s.state }, s.state),
      el("span", { class: "far" }, far + left,
        s.total > 0 ? el("progress", { max: s.total, value: Math.min(s.step, s.total), "aria-label": far }) : ""),
      el("span", { class: "time" }, s.seconds_per_step == null ? "" : rate(s.seconds_per_step)),
      el("span", { class: "fired" }, ...worst(run.alarms).map(([level, n]) =>
        el("span", { class: "level " + level }, n + " " + level))),
      el("span", { class: "button" }, s.state === "running" && !run.comparison ? stopButton(run.id, run.name) : ""));
    if (s.damaged > 0) {
      row.append(el("small", { class: "far" }, s.damaged + " lines of metrics.jsonl cannot be read"));
    }
    return row;
  }

  function showRuns() {
    const list = byId("runs");
    const rows = new Map([...list.children].map((row) => [row.dataset.run, row]));
    known.runs.forEach((run, i) => {
      const state = JSON.stringify([run, chosen.has(run.id)]);
      let row = rows.get(run.id);
      rows.delete(run.id);
      if (!row || row.state !== state) {
        const focused = row && row.contains(document.activeElement) ? document.activeElement.tagName : "";
        const fresh = runRow(run);
        const stopping = row && row.querySelector("button.stop:disabled");
        if (stopping && fresh.querySelector("button.stop")) {
          fresh.querySelector("button.stop").replaceWith(stopping);
        }
        fresh.state = state;
        if (row) {
          row.replaceWith(fresh);
        }
        row = fresh;
        if (focused && row.querySelector(focused)) {
          row.querySelector(focused).focus();
        }
      }
      if (list.children[i] !== row) {
        list.insertBefore(row, list.children[i] || null);
      }
    });
    rows.forEach((row) => row.remove());
    byId("none").hidden = known.runs.length > 0;
    byId("more").hidden = !known.more;
    list.hidden = known.runs.length === 0;
    const folder = known.folder || "";
    byId("folder").textContent = folder;
    byId("title").textContent = folder.replace(/\/+$/, "").split("/").pop() || "Runs";
    const running = known.runs.filter((run) => run.status.state === "running").length;
    document.title = (running ? running + " running – " : "") + byId("title").textContent + " – Flipside dashboard";
  }

  function chosenRuns() {
    return known.runs.filter((run) => chosen.has(run.id));
  }

  function showAlarms() {
    const fired = chosenRuns().flatMap((run) => run.alarms.map((alarm) => ({ run: run, alarm: alarm })));
    const order = ["alarm", "warn", "info"];
    fired.sort((a, b) => order.indexOf(a.alarm.level) - order.indexOf(b.alarm.level));
    byId("calm").hidden = fired.length > 0;
    byId("alarms").replaceChildren(...fired.map(({ run, alarm }) => el("li", {},
      el("span", { class: "level " + alarm.level }, alarm.level), key(run),
      el("b", {}, run.name + ", step " + alarm.step + ": " + alarm.name), " ",
      el("small", {}, alarm.metric + " " + text(alarm.value) + ", threshold " + text(alarm.threshold)), alarm.meaning)));
  }

  // Comparisons.

  function armCell(arm) {
    const difference = arm.difference == null ? "" : el("span", { class: "diff" },
      (arm.difference >= 0 ? "+" : "") + text(arm.difference) +
      (arm.low == null ? "" : " [" + text(arm.low) + ", " + text(arm.high) + "]"));
    return el("td", { class: "num" }, el("span", { class: "mean" }, text(arm.mean)), difference,
      el("span", { class: "test" }, arm.seeds + (arm.seeds === 1 ? " seed" : " seeds")),
      arm.verdict ? el("span", { class: "test" }, arm.verdict) : "");
  }

  async function showComparison(comparison, section) {
    const view = await json("api/comparison" + query([["id", comparison.id]]));
    const table = el("table", { class: "summary" },
      el("caption", { class: "hidden" }, "Outcomes of every arm"),
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Arm"), ...view.outcomes.map((o) =>
        el("th", { scope: "col", class: "num" }, o.title, o.primary ? " " : "",
          o.primary ? el("span", { class: "tag" }, "primary") : "", el("small", {}, o.metric))))),
      el("tbody", {}, ...(view.outcomes.length ? view.outcomes[0].arms : []).map((arm, i) =>
        el("tr", {}, el("th", { scope: "row" }, key(arm), arm.name),
          ...view.outcomes.map((o) => armCell(o.arms[i]))))));
    section.replaceChildren(
      el("h3", {}, "Comparison " + (comparison.id === "." ? "" : comparison.id)),
      el("div", { class: "comparison-head" },
        el("p", { class: "criterion" }, view.criterion),
        comparison.running ? stopButton(comparison.id, "the whole comparison") : ""),
      el("p", { class: "note" }, view.finished + " of " + view.runs + " runs have finished. " +
        (view.verdict ? "Verdict: " + view.verdict + "."
          : "Means and differences are of those; tests and verdict come with the last.")),
      el("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": "Arms" }, table));
  }

  async function showComparisons() {
    const place = byId("comparisons");
    const old = new Map([...place.children].map((section) => [section.dataset.id, section]));
    for (const comparison of known.comparisons) {
      const state = JSON.stringify(comparison);
      let section = old.get(comparison.id);
      old.delete(comparison.id);
      if (!section) {
        section = el("div", { "data-id": comparison.id });
        place.append(section);
      }
      if (section.dataset.state !== state) {
        section.dataset.state = state;
        await showComparison(comparison, section);
      }
    }
    old.forEach((section) => section.remove());
  }

  // Curves.

  function columns(metric) {
    const tables = chosenRuns().map((run) => {
      const points = (series[run.id] || {})[metric];
      return points && points.x.length ? [points.x, points.y] : [[], []];
    });
    return tables.length ? uPlot.join(tables) : [[]];
  }

  // Until a cursor asks for another step, the legend shows the last one.
  function showLast(plot) {
    if (plot.data[0].length) {
      plot.setLegend({ idx: plot.data[0].length - 1 });
    }
  }

  function build(metric) {
    const place = charts[metric].place;
    const runs = chosenRuns();
    const plot = new uPlot({
      width: Math.max(200, place.clientWidth), height: 220,
      scales: { x: { time: false }, y: { range: (u, low, high) => spread(low == null ? 0 : low, high == null ? 0 : high) } },
      series: [{ label: "step", value: (u, v) => (v == null ? "–" : String(v)) }].concat(runs.map((run) => ({
        label: run.name, stroke: colour(run.colour), dash: dash(run.colour), width: run.comparison ? 1.25 : 2,
        spanGaps: true, points: { show: false }, value: (u, v) => text(v),
      }))),
      axes: axes(),
      cursor: { points: { size: 7 }, drag: { x: false, y: false } },
      legend: { show: runs.length <= 8, live: true },
    }, columns(metric), place);
    plot.over.addEventListener("mouseleave", () => showLast(plot));
    requestAnimationFrame(() => showLast(plot));
    return plot;
  }

  function drawCharts() {
    for (const metric of Object.keys(charts)) {
      if (!metrics.includes(metric)) {
        charts[metric].figure.remove();
        if (charts[metric].plot) {
          charts[metric].plot.destroy();
        }
        delete charts[metric];
      }
    }
    for (const metric of metrics) {
      if (!charts[metric]) {
        const place = el("div", { class: "canvas", role: "img", "aria-label": (titles[metric] || metric) + " over the steps" });
        const close = el("button", { type: "button", class: "close", "aria-label": "Remove " + metric }, "×");
        close.addEventListener("click", () => {
          metrics = metrics.filter((m) => m !== metric);
          drawCharts();
          listen();
        });
        const figure = el("figure", { class: "chart", "data-metric": metric },
          el("figcaption", {}, titles[metric] || metric, el("small", {}, titles[metric] ? metric : "")), close, place);
        byId("charts").append(figure);
        charts[metric] = { figure: figure, place: place, plot: null };
      }
      if (charts[metric].plot) {
        charts[metric].plot.destroy();
      }
      charts[metric].plot = build(metric);
    }
    byId("legend").replaceChildren(...chosenRuns().map((run) => el("li", {}, key(run), run.name)));
    showMetrics();
  }

  function showMetrics() {
    const measured = new Set(chosenRuns().flatMap((run) => run.metrics));
    const options = [...measured].filter((m) => !metrics.includes(m)).sort();
    byId("metric").replaceChildren(el("option", { value: "" }, "choose"), ...options.map((m) => el("option", {}, m)));
  }

  function firstMetrics() {
    const measured = new Set(chosenRuns().flatMap((run) => run.metrics));
    return Object.keys(titles).concat(["loss"]).filter((m) => measured.has(m)).slice(0, FIRST_CHARTS);
  }

  async function loadSeries(runs) {
    if (!runs.length || !metrics.length) {
      return;
    }
    const entries = runs.map((id) => ["run", id]).concat(metrics.map((m) => ["metric", m]));
    Object.assign(series, await json("api/series" + query(entries)));
  }

  const dirty = new Set();
  let waiting = 0;
  // At most two drawings a second, however many lines come.
  function redraw(metric) {
    dirty.add(metric);
    if (!waiting) {
      waiting = setTimeout(() => {
        waiting = 0;
        for (const m of dirty) {
          if (charts[m]) {
            const plot = charts[m].plot;
            plot.setData(columns(m));
            if (plot.cursor.idx == null) {
              showLast(plot);
            }
          }
        }
        dirty.clear();
      }, 500);
    }
  }

  const MOST_POINTS = 4000;
  async function lines(message) {
    const own = series[message.run] || (series[message.run] = {});
    let long = false;
    for (const line of message.lines) {
      for (const [metric, value] of Object.entries(line.values)) {
        const points = own[metric] || (own[metric] = { x: [], y: [] });
        if (!points.x.length || points.x[points.x.length - 1] < line.step) {
          points.x.push(line.step);
          points.y.push(value);
          long = long || points.x.length > MOST_POINTS;
          redraw(metric);
        }
      }
    }
    if (long) {
      await again([message.run]);
    }
  }

  async function again(runs) {
    runs.forEach((run) => delete series[run]);
    await loadSeries(runs);
    metrics.forEach(redraw);
  }

  // Samples.

  function figure(name, value) {
    return value == null ? "" : el("span", {}, name + " ", el("b", {}, typeof value === "number" ? text(value) : value));
  }

  function showSample(sample) {
    return el("article", { class: "sample", "data-label": sample.label },
      el("p", { class: "prompt" }, el("span", { class: "step" }, "step " + sample.step), sample.prompt),
      el("p", { class: "figures" },
        sample.label ? el("span", { class: "label " + sample.label }, sample.label) : "",
        figure("advantage", sample.advantage), figure("anchor", sample.anchor), figure("reward", sample.reward),
        figure("gold", sample.gold), figure("trained", sample.trains === "policy" ? "policy" : "reward model")),
      el("p", { class: "text" }, sample.completion));
  }

  function showSampleRuns() {
    const select = byId("sample-run");
    const ids = known.runs.map((run) => run.id).join("\n");
    if (select.dataset.ids !== ids) {
      const before = select.value;
      select.replaceChildren(...known.runs.map((run) => el("option", { value: run.id }, run.name)));
      select.dataset.ids = ids;
      const first = chosenRuns()[0];
      select.value = known.runs.some((run) => run.id === before) ? before : first ? first.id : "";
    }
  }

  async function samples(older) {
    const entries = [...new FormData(byId("filter"))].filter(([, value]) => value !== "");
    if (!entries.some(([name]) => name === "run")) {
      return;
    }
    if (older) {
      entries.push(["before", next]);
    }
    try {
      const page = await json("api/samples" + query(entries));
      next = page.next;
      if (!older) {
        byId("samples").replaceChildren();
      }
      byId("samples").append(...page.samples.map(showSample));
      const shown = byId("samples").children.length;
      byId("sample-note").textContent = shown
        ? shown + " samples, the newest first." + (page.searched ? " There may be more: go on searching." : "")
        : next ? "None in the newest part of the files: go on searching." : "No sample is like that.";
      byId("older").hidden = !next;
      byId("older").textContent = page.searched ? "Go on searching" : "Older samples";
      problem("");
    } catch (e) {
      problem(e.message);
    }
  }

  // Configurations.

  async function showConfig() {
    const runs = chosenRuns();
    const place = byId("config");
    if (!runs.length) {
      place.replaceChildren();
      return;
    }
    const table = await json("api/config" + query(runs.map((run) => ["run", run.id])));
    const names = table.runs.map((id) => runs.find((run) => run.id === id));
    const only = byId("differing").checked;
    place.replaceChildren(el("table", {},
      el("caption", { class: "hidden" }, "Configurations of the chosen runs"),
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Key"),
        ...names.map((run) => el("th", { scope: "col" }, key(run), run.name)))),
      el("tbody", {}, ...table.rows.filter((row) => row.differs || !only).map((row) =>
        el("tr", row.differs ? { class: "differs" } : {}, el("th", { scope: "row" }, row.key),
          ...row.values.map((value) => el("td", {}, value)))))));
  }

  // What comes from the server.

  async function choose() {
    metrics = metrics.length ? metrics : firstMetrics();
    showRuns();
    await loadSeries([...chosen]);
    drawCharts();
    showAlarms();
    listen();
    await showConfig();
  }

  async function overview(now) {
    const before = new Set(known.runs.map((run) => run.id));
    known = now;
    const fresh = known.runs.filter((run) => !before.has(run.id));
    fresh.filter(() => chosen.size < MOST_CHOSEN_AT_FIRST).forEach((run) => chosen.add(run.id));
    [...chosen].filter((id) => !known.runs.some((run) => run.id === id)).forEach((id) => chosen.delete(id));
    showRuns();
    showAlarms();
    showSampleRuns();
    await showComparisons();
    const firstLook = !metrics.length && firstMetrics().length > 0;
    if (fresh.length || firstLook) {
      await choose();
    }
    if (!byId("samples").children.length && !next) {
      await samples(false);
    }
    document.documentElement.dataset.ready = String(known.runs.length);
  }

  async function listen() {
    if (listening) {
      listening.abort();
    }
    const mine = new AbortController();
    listening = mine;
    while (listening === mine) {
      try {
        const entries = [...chosen].map((id) => ["run", id]).concat(metrics.map((m) => ["metric", m]));
        const response = await ask("api/events" + query(entries), { signal: mine.signal });
        if (!response.ok) {
          throw new Error((await response.json()).error);
        }
        live(true);
        if (begun) {
          await again([...chosen]);
        }
        begun = true;
        await follow(response.body.getReader());
      } catch (e) {
        if (mine.signal.aborted) {
          return;
        }
      }
      live(false);
      await new Promise((done) => setTimeout(done, 2000));
    }
  }

  async function follow(reader) {
    const decoder = new TextDecoder();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) {
        return;
      }
      rest += decoder.decode(value, { stream: true });
      const events = rest.split("\n\n");
      rest = events.pop();
      for (const event of events) {
        const parts = /^event: (\w+)\ndata: (.*)$/.exec(event);
        if (parts) {
          await take(parts[1], JSON.parse(parts[2]));
        }
      }
    }
  }

  async function take(kind, message) {
    if (kind === "runs") {
      await overview(message);
    } else if (kind === "lines") {
      await lines(message);
    } else if (kind === "again") {
      await again([message.run]);
    } else {
      await again([...chosen]);
    }
  }

  function live(on) {
    byId("live").textContent = on ? "live" : "not connected; trying again";
    byId("live").className = "live " + (on ? "on" : "off");
  }

  async function start() {
    try {
      titles = await json("api/titles");
      byId("unlock").hidden = true;
      problem("");
      await overview(await json("api/runs"));
      if (!listening) {
        listen();
      }
    } catch (e) {
      live(false);
      problem(e.message);
    }
  }

  byId("metric").addEventListener("change", async (event) => {
    if (event.target.value) {
      metrics = metrics.concat(event.target.value);
      await loadSeries([...chosen]);
      drawCharts();
      listen();
    }
  });
  byId("filter").addEventListener("submit", (event) => {
    event.preventDefault();
    samples(false);
  });
  byId("older").addEventListener("click", () => samples(true));
  byId("differing").addEventListener("change", showConfig);
  byId("unlock").addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem("token", byId("token").value);
    start();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawCharts);
  let resizing = 0;
  addEventListener("resize", () => {
    clearTimeout(resizing);
    resizing = setTimeout(() => Object.values(charts).forEach((c) =>
      c.plot.setSize({ width: Math.max(200, c.place.clientWidth), height: 220 })), 100);
  });
  start();
})();
