"""Flipside against transformers and TRL on one machine: both run in turn, round after round, and the ratio of their medians is printed.

    PYTHON=/path/to/venv/bin/python python3 bench/compare.py MODEL_DIR policy-step [--rounds 5] [any option of `flipside bench`]
    PYTHON=/path/to/venv/bin/python python3 bench/compare.py TINY_DIR all [--larger SMOLLM2_DIR] [--rounds 5]

The second form measures every shape of docs/performance.md and prints its table, with the processor's name. `bench/make_tiny.py` makes TINY_DIR.

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


SHAPES = {
    "S1": "--prompts 4 --group 8 --prompt-len 64 --new 64",
    "S2": "--prompts 2 --group 8 --prompt-len 512 --new 64",
    "S3": "--prompts 8 --group 8 --prompt-len 32 --new 128",
    "M1": "--prompts 2 --group 4 --prompt-len 64 --new 64",
    "M2": "--prompts 1 --group 8 --prompt-len 512 --new 64",
}
ROWS = [("generate", "S1"), ("generate", "S2"), ("generate", "S3"), ("policy-step", "S1"), ("policy-step", "S2"), ("policy-step", "S3"),
        ("train", "S1"), ("forward", "S1"),
        ("generate", "M1"), ("generate", "M2"), ("policy-step", "M1"), ("policy-step", "M2"), ("train", "M1"), ("forward", "M1")]


def check_peer():
    """TRL imports what it does not install; an hour of rounds must not end for that."""
    python = os.environ.get("PYTHON", sys.executable)
    probe = "import torch, transformers, requests; from trl import GRPOTrainer, RewardTrainer"
    done = subprocess.run([python, "-c", probe], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{python} cannot import the peer ({(done.stderr.strip().splitlines() or ['no reason given'])[-1]}); "
                 "install torch, transformers, trl and requests there, or name another interpreter in PYTHON.")


def rounds(model, phase, shape, options):
    """Both sides in turn: their results, round by round."""
    common = [*shape, "--steps", options.steps, "--threads", options.threads]
    distinct = ["--distinct-prompts"] if phase in ("forward", "train") else []
    ours = [ROOT / "flipside", "bench", phase, "--model", model, "--json", "--quiet", "--device", "cpu", *distinct, *common]
    theirs = [os.environ.get("PYTHON", sys.executable), ROOT / "bench" / "peer.py", phase, model, *common]
    pairs = []
    for number in range(options.rounds):
        pairs.append((last_line(ours), last_line(theirs)))
        print(f"{phase}, round {number + 1}: flipside {pairs[-1][0]['seconds_median']:.3f} s, peer {pairs[-1][1]['seconds_median']:.3f} s",
              file=sys.stderr)
    return pairs


def ratio(pairs):
    ours, theirs = (statistics.median([pair[side]["seconds_median"] for pair in pairs]) for side in (0, 1))
    return theirs / ours


def table(options):
    """The table of docs/performance.md, in Markdown, row by row as they are measured."""
    machine = None
    for phase, name in ROWS:
        model = options.larger if name.startswith("M") else options.model
        if not model:
            continue
        pairs = rounds(model, phase, SHAPES[name].split(), options)
        if machine is None:
            first = pairs[0][0]
            processor = first["processor"]
            machine = f"{processor['name']} ({processor['family']}), {' '.join(processor['instructions'])}"
            print(f"{machine}, {first['threads']} threads, product {first['matrix_product_gflops']:.0f} GFLOP/s, "
                  f"copy {first['memory_copy_gbps']:.1f} GB/s, {options.rounds} rounds\n")
            print("| | Flipside, s | peer, s | times as fast | peak MB, Flipside / peer | page faults |\n|---|---|---|---|---|---|")
        seconds = [spread([pair[side]["seconds_median"] for pair in pairs], ".3f") for side in (0, 1)]
        peaks = [statistics.median([pair[side]["peak_rss_mb"] for pair in pairs]) for side in (0, 1)]
        faults = statistics.median([pair[0]["page_faults"] for pair in pairs])
        shared = ", nothing shared" if phase in ("forward", "train") else ""
        print(f"| {phase} {name}{shared} | {seconds[0]} | {seconds[1]} | {ratio(pairs):.1f} | {peaks[0]:.0f} / {peaks[1]:.0f} | {faults:.0f} |",
              flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("phase", choices=["generate", "forward", "train", "policy-step", "all"])
    parser.add_argument("--larger", help="SmolLM2's folder, for the shapes M1 and M2 of `all`")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", default="3")
    parser.add_argument("--threads", default="2")
    options, shape = parser.parse_known_args()
    options.model = str(Path(options.model).resolve())
    check_peer()
    if options.phase == "all":
        if shape:
            sys.exit(f"`all` has its own shapes; {' '.join(shape)} has no effect on it.")
        table(options)
        return
    pairs = rounds(options.model, options.phase, shape, options)
    for name, side in (("flipside", 0), ("peer", 1)):
        print(f"{name:9} seconds {spread([p[side]['seconds_median'] for p in pairs], '.3f')}  "
              f"tokens/s {spread([p[side]['tokens_per_s'] for p in pairs], '.0f')}  "
              f"peak MB {spread([p[side]['peak_rss_mb'] for p in pairs], '.0f')}")
    ratios = [theirs["seconds_median"] / ours["seconds_median"] for ours, theirs in pairs]
    print(f"flipside is {ratio(pairs):.2f} times as fast (round by round {spread(ratios, '.2f')})")


if __name__ == "__main__":
    main()
