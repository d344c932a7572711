// How the curves of the report and of the live page look.
const flipsideCharts = (function () {
  "use strict";
  const COLOURS = 8;
  const DASHES = [[], [6, 4], [2, 3]];

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

  function dash(index) {
    return DASHES[Math.floor(Math.max(0, index - 1) / (COLOURS - 1)) % DASHES.length];
  }

  // A range with some air around what is drawn.
  function spread(low, high) {
    const margin = high > low ? 0.08 * (high - low) : Math.abs(high) * 0.1 || 1;
    return [low - margin, high + margin];
  }

  function axes() {
    const axis = {
      stroke: css("--soft"), font: "12px system-ui, sans-serif",
      grid: { stroke: css("--line"), width: 1 }, ticks: { stroke: css("--line"), width: 1, size: 5 },
    };
    return [
      Object.assign({}, axis, { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000] }),
      Object.assign({}, axis, { size: 58, values: (u, ticks, a, b, step) => {
        let decimals = 0;
        while (decimals < 8 && Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) > 1e-6) {
          decimals++;
        }
        return ticks.map((t) => t.toFixed(decimals).replace("-", "−"));
      } }),
    ];
  }

  return { colour: colour, dash: dash, faded: faded, text: text, axes: axes, spread: spread };
})();
