#!/usr/bin/env python3
"""Draws the curves of both worlds from a finished demo as one SVG, the picture of README.md. It needs Python alone.

    python3 bench/demo_curves.py runs/demo docs/demo.svg

Thick lines are means over the seeds, thin ones the seeds.
"""

import json
import sys
from collections import defaultdict
from html import escape
from pathlib import Path

WORLDS = {
    "W": ("World W: samples differ in quality", {"frozen": "frozen", "save": "SAVE", "gold": "true labels"}),
    "N": ("World N: samples differ in length", {"frozen": "frozen", "save": "SAVE", "guarded": "guarded SAVE"}),
}
ROWS = {"eval_gold": "true reward of the policy", "eval_rm/accuracy": "reward model's accuracy"}
# Left, top, width and height of the first panel; distances from one panel to the next.
LEFT, TOP, WIDTH, HEIGHT, ACROSS, DOWN = 58, 66, 250, 150, 414, 212


def curves(folder, arm, metric):
    """{seed: [(step, value)]} of an arm's evaluations."""
    found = defaultdict(list)
    for file in sorted(folder.glob(f"seed-*/{arm}/metrics.jsonl")):
        for line in file.read_text().splitlines():
            measured = json.loads(line)
            if metric in measured:
                found[file.parts[-3]].append((measured["step"], measured[metric]))
    if not found:
        sys.exit(f"{folder}: no seed of arm {arm} has {metric}; run ./flipside demo to its end first")
    return dict(found)


def mean(by_seed):
    at = defaultdict(list)
    for points in by_seed.values():
        for step, value in points:
            at[step].append(value)
    return [(step, sum(values) / len(values)) for step, values in sorted(at.items())]


def panel(folder, arms, metric, label, left, top):
    data = {arm: curves(folder, arm, metric) for arm in arms}
    values = [value for by_seed in data.values() for points in by_seed.values() for _, value in points]
    last = max(step for by_seed in data.values() for points in by_seed.values() for step, _ in points)
    low, high = min(values) - 0.01, max(values) + 0.01

    def x(step):
        return left + WIDTH * step / last

    def y(value):
        return top + HEIGHT * (high - value) / (high - low)

    def line(points, style):
        path = " ".join(f"{x(step):.1f},{y(value):.1f}" for step, value in points)
        return f'<polyline class="{style}" points="{path}"/>'

    out = [f'<text class="label" x="{left}" y="{top - 10}">{escape(label)}</text>']
    for tenth in range(0, 11):
        if low <= tenth / 10 <= high:
            at = f"{y(tenth / 10):.1f}"
            out.append(f'<line class="grid" x1="{left}" x2="{left + WIDTH}" y1="{at}" y2="{at}"/>')
            out.append(f'<text class="tick" text-anchor="end" x="{left - 8}" y="{at}" dy="4">{tenth / 10:.1f}</text>')
    for step in range(0, last + 1, 10):
        out.append(f'<text class="tick" text-anchor="middle" x="{x(step):.1f}" y="{top + HEIGHT + 18}">{step}</text>')
    ends = []
    for arm, name in arms.items():
        out += [line(points, f"seed {arm}") for points in data[arm].values()]
        ends.append((y(mean(data[arm])[-1][1]), arm, name))
    out += [line(mean(data[arm]), f"mean {arm}") for arm in arms]
    # The names stand at the lines' ends, apart from each other.
    below = float("-inf")
    for end, arm, name in sorted(ends):
        below = max(end, below + 16)
        out.append(f'<text class="name {arm}" x="{left + WIDTH + 8}" y="{below:.1f}" dy="4">{escape(name)}</text>')
    return out


def picture(demo):
    out = []
    seeds = 0
    for column, (world, (title, arms)) in enumerate(WORLDS.items()):
        left = LEFT + column * ACROSS
        out.append(f'<text class="title" x="{left}" y="30">{escape(title)}</text>')
        for row, (metric, label) in enumerate(ROWS.items()):
            out += panel(demo / world, arms, metric, label, left, TOP + row * DOWN)
        seeds = len(curves(demo / world, "frozen", "eval_gold"))
    height = TOP + DOWN + HEIGHT + 52
    out.append(
        f'<text class="tick" x="{LEFT}" y="{height - 14}">Steps of training. '
        f"Thick: the mean of {seeds} seeds, thin: each seed.</text>"
    )
    width = 2 * ACROSS + 24
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">
<title>Curves of the demo: in world W the true reward and the reward model's accuracy rise above those with a frozen reward model, in world N they fall below them.</title>
<style>
svg {{ --paper: #ffffff; --ink: #1f2328; --soft: #59636e; --line: #d8dee4; --frozen: #6e7781; --save: #0969da; --gold: #1a7f37; --guarded: #bc4c00; }}
@media (prefers-color-scheme: dark) {{
  svg {{ --paper: #0d1117; --ink: #e6edf3; --soft: #9198a1; --line: #2b3138; --frozen: #9198a1; --save: #58a6ff; --gold: #3fb950; --guarded: #f0883e; }}
}}
.paper {{ fill: var(--paper); }}
text {{ font: 13px system-ui, sans-serif; fill: var(--ink); }}
.title {{ font-size: 16px; font-weight: 600; }}
.label, .tick {{ fill: var(--soft); }}
.tick {{ font-size: 12px; }}
.grid {{ stroke: var(--line); }}
polyline {{ fill: none; stroke-linejoin: round; }}
.mean {{ stroke-width: 2.5; }}
.seed {{ stroke-width: 1; opacity: .3; }}
polyline.frozen {{ stroke: var(--frozen); }}
polyline.save {{ stroke: var(--save); }}
polyline.gold {{ stroke: var(--gold); }}
polyline.guarded {{ stroke: var(--guarded); }}
.mean.frozen {{ stroke-dasharray: 6 4; }}
.name {{ font-weight: 600; }}
.name.frozen {{ fill: var(--frozen); }}
.name.save {{ fill: var(--save); }}
.name.gold {{ fill: var(--gold); }}
.name.guarded {{ fill: var(--guarded); }}
</style>
<rect class="paper" width="100%" height="100%" rx="8"/>
{chr(10).join(out)}
</svg>
"""


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    Path(sys.argv[2]).write_text(picture(Path(sys.argv[1])))
