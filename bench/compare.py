"""Flipside against transformers and TRL on one machine: both run in turn, round after round, and the ratio of their medians is printed.

    PYTHON=/path/to/venv/bin/python python3 bench/compare.py MODEL_DIR policy-step [--rounds 5] [any option of `flipside bench`]

PYTHON is the interpreter that has torch, transformers and trl (default: the one that runs this script). Needs a quiet machine: whatever else computes
falls on one side or the other.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def last_line(command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def spread(values, pattern):
    return f"{statistics.median(values):{pattern}} ({min(values):{pattern}}-{max(values):{pattern}})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("phase", choices=["generate", "forward", "train", "policy-step"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", default="3")
    parser.add_argument("--threads", default="2")
    options, shape = parser.parse_known_args()
    model = str(Path(options.model).resolve())
    common = shape + ["--steps", options.steps, "--threads", options.threads]
    distinct = ["--distinct-prompts"] if options.phase in ("forward", "train") else []
    ours = [ROOT / "flipside", "bench", options.phase, "--model", model, "--json", "--quiet", "--device", "cpu", *distinct, *common]
    theirs = [os.environ.get("PYTHON", sys.executable), ROOT / "bench" / "peer.py", options.phase, model, *common]
    pairs = []
    for number in range(options.rounds):
        pairs.append((last_line(ours), last_line(theirs)))
        print(f"round {number + 1}: flipside {pairs[-1][0]['seconds_median']:.3f} s, peer {pairs[-1][1]['seconds_median']:.3f} s",
              file=sys.stderr)
    for name, side in (("flipside", 0), ("peer", 1)):
        print(f"{name:9} seconds {spread([p[side]['seconds_median'] for p in pairs], '.3f')}  "
              f"tokens/s {spread([p[side]['tokens_per_s'] for p in pairs], '.0f')}  "
              f"peak MB {spread([p[side]['peak_rss_mb'] for p in pairs], '.0f')}")
    ratios = [theirs["seconds_median"] / ours["seconds_median"] for ours, theirs in pairs]
    medians = [statistics.median([p[side]["seconds_median"] for p in pairs]) for side in (0, 1)]
    print(f"flipside is {medians[1] / medians[0]:.2f} times as fast (round by round {spread(ratios, '.2f')})")


if __name__ == "__main__":
    main()
