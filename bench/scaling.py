"""What a step would take on W ranks: predicted from the phases of a run on one, the size of its models, and what the network and the disk do.

    python3 bench/scaling.py RUN_DIR [--ranks 1,2,4,8,...] [--weak] [--bandwidth 1.25] [--latency 50] [--disk 1.0] [--decode-floor 0.5]
    python3 bench/scaling.py RUN_DIR --measured RUN_DIR_OF_W_RANKS --ranks W

RUN_DIR is the folder of `flipside train` on one rank: config.yaml, metrics.jsonl, samples.jsonl and the final models in it are read.
Strong scaling (the default) divides the step's prompts by the ranks, so there are at most as many ranks as prompts; --weak gives every rank as many
prompts as RUN_DIR had. The model is docs/scaling.md's; nothing but Python's standard library is needed.
"""

import argparse
import json
import math
import random
import re
import statistics
import struct
import sys
from pathlib import Path

PHASES = ("generate", "score", "rm_update", "policy_update")
BYTES = 4
# Numbers of a batch that ranks tell each other in a step (rewards, lengths, sums of gradients' products): small, so each costs its latency only.
SMALL_EXCHANGES = 12


def parameters(folder):
    """Weights of a model directory, counted in the headers of its safetensors files."""
    count = 0
    for file in sorted(Path(folder).glob("*.safetensors")):
        with open(file, "rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            header = json.loads(stream.read(length))
        count += sum(math.prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")
    return count


def number(text, key):
    """A whole number of a configuration that Flipside has written: each key stands once.

    >>> number("rollout:\\n  num_generations: 8\\n", "num_generations")
    8
    """
    found = re.search(rf"^\s*{key}: (\d+)\s*$", text, re.M)
    return int(found.group(1)) if found else 0


class Run:
    """A run on one rank, or on several: its phases in seconds a step (medians), its completions' lengths and its models' sizes."""

    def __init__(self, folder):
        folder = Path(folder)
        rows = [json.loads(line) for line in open(folder / "metrics.jsonl")]
        steps = [row for row in rows if "step_time" in row]
        if not steps:
            sys.exit(f"{folder}/metrics.jsonl has no step with a time; name the folder of a run that has trained.")
        # The first step pays for what later ones find ready.
        steps = steps[1:] or steps
        self.phases = {p: statistics.median(row.get(f"timing_s/{p}", 0) for row in steps) for p in PHASES}
        self.step = statistics.median(row["step_time"] for row in steps)
        self.other = max(0, self.step - sum(self.phases.values()))
        self.policy_steps = statistics.median(row.get("policy/optimiser_steps", 1) for row in steps)
        self.reward_steps = statistics.median(row.get("save/rm_steps", 0) for row in steps)
        config = open(folder / "config.yaml").read()
        self.group = number(config, "num_generations")
        self.prompts = number(config, "generation_batch_size") // self.group
        self.save_steps = number(config, "save_steps")
        self.lengths = [len(json.loads(line)["token_ids"]) for line in open(folder / "samples.jsonl")]
        self.policy = parameters(folder / "policy")
        self.reward_model = parameters(folder / "reward_model")


def decoding(lengths, floor):
    """Time of decoding these completions side by side, in units of a token of one row beside none.

    A decoding step costs `floor` whatever the rows are (weights are read once), and the rest for each row that is not finished.

    >>> decoding([3], 0.5)
    3.0
    >>> decoding([3, 1], 0.5)
    3.5
    """
    return floor * max(lengths) + (1 - floor) * sum(lengths)


def share(prompts, ranks, rank):
    """Prompts of a rank: as equal as whole prompts allow.

    >>> [share(5, 2, r) for r in range(2)]
    [3, 2]
    """
    return prompts // ranks + (1 if rank < prompts % ranks else 0)


def exchange(parameters, ranks, bandwidth, latency):
    """Reduce-scatter of gradients and all-gather of weights, by a ring or a tree, whichever has the smaller latency."""
    if ranks == 1:
        return 0.0
    hops = min(2 * (ranks - 1), 2 * math.ceil(math.log2(ranks)))
    return 2 * (ranks - 1) / ranks * parameters * BYTES / bandwidth + hops * latency


def predict(run, ranks, weak, bandwidth, latency, disk, floor, draws=40, seed=1):
    """Seconds of a step by phase; `wait` is what ranks wait for the one with the longest completions."""
    rng = random.Random(seed)
    prompts = run.prompts * ranks if weak else run.prompts
    slowest = mean = tokens = whole = 0.0
    for _ in range(draws):
        # One rank with all prompts of the measured run: what the measured seconds are seconds of.
        alone = [rng.choice(run.lengths) for _ in range(run.prompts * run.group)]
        unit = decoding(alone, floor)
        work = [[rng.choice(run.lengths) for _ in range(share(prompts, ranks, r) * run.group)] for r in range(ranks)]
        times = [decoding(lengths, floor) / unit for lengths in work if lengths]
        slowest += max(times) / draws
        mean += statistics.mean(times) / draws
        tokens += max(sum(lengths) for lengths in work) / sum(alone) / draws
        whole += 1 / draws
    seconds = {
        "generate": run.phases["generate"] * mean,
        "wait": run.phases["generate"] * (slowest - mean),
        "score": run.phases["score"] * tokens,
        "rm_update": run.phases["rm_update"] * tokens,
        "policy_update": run.phases["policy_update"] * tokens,
        "other": run.other,
    }
    gradients = run.policy_steps * exchange(run.policy, ranks, bandwidth, latency)
    gradients += run.reward_steps * exchange(run.reward_model, ranks, bandwidth, latency)
    seconds["exchange"] = gradients + (SMALL_EXCHANGES * math.ceil(math.log2(ranks)) * latency if ranks > 1 else 0)
    # Weights and two moments of both models, written by one rank; moments come to it over the network.
    state = BYTES * (run.policy + run.reward_model)
    seconds["checkpoint"] = (3 * state / disk + 2 * state * (ranks - 1) / ranks / bandwidth) / run.save_steps if run.save_steps else 0.0
    return seconds


def table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths)) for row in rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--ranks", default="1,2,4,8,16,32,64,128,256,512,1000")
    parser.add_argument("--weak", action="store_true", help="as many prompts for every rank as the run had")
    parser.add_argument("--bandwidth", type=float, default=1.25, help="GB/s between ranks (default: 1.25, a network of 10 Gbit/s)")
    parser.add_argument("--latency", type=float, default=50, help="microseconds of a message (default: 50)")
    parser.add_argument("--disk", type=float, default=1.0, help="GB/s of the checkpoints' disk (default: 1)")
    parser.add_argument("--decode-floor", type=float, default=0.5, help="cost of a decoding step without rows, as a share of one with one row (default: 0.5)")
    parser.add_argument("--speed-up", type=float, default=1.0, help="all computing so many times as fast, as on another device (default: 1)")
    parser.add_argument("--measured", help="folder of the same run on W ranks: what was predicted for it beside what it took")
    arguments = parser.parse_args()
    run = Run(arguments.run)
    run.phases = {phase: seconds / arguments.speed_up for phase, seconds in run.phases.items()}
    run.other /= arguments.speed_up
    ranks = [int(word) for word in arguments.ranks.split(",")]
    if not arguments.weak:
        ranks = [w for w in ranks if w <= run.prompts]
    settings = (arguments.weak, arguments.bandwidth * 1e9, arguments.latency * 1e-6, arguments.disk * 1e9, arguments.decode_floor)
    names = ["generate", "wait", "score", "rm_update", "policy_update", "other", "exchange", "checkpoint"]
    print(f"{run.prompts} prompts x {run.group}, {run.policy:,} + {run.reward_model:,} weights, {run.policy_steps:g} + {run.reward_steps:g} updates a step")
    print(f"measured on one rank: {run.step * arguments.speed_up:.3f} s a step")
    rows = [["ranks", *names, "step, s", "efficiency", "most"]]
    alone = sum(predict(run, 1, *settings).values())
    for w in ranks:
        seconds = predict(run, w, *settings)
        step = sum(seconds.values())
        efficiency = alone / step / (1 if arguments.weak else w)
        rows.append([str(w), *(f"{seconds[name]:.3f}" for name in names), f"{step:.3f}", f"{efficiency:.2f}", max(seconds, key=seconds.get)])
    print(table(rows))
    if arguments.measured:
        there = Run(arguments.measured)
        seconds = predict(run, ranks[0], *settings)
        rows = [["phase", "predicted, s", "measured, s", "ratio"]]
        # Ranks wait for each other at the end of sampling and exchange gradients inside the updates.
        seconds["generate"] += seconds.pop("wait")
        for phase in PHASES:
            took = there.phases[phase]
            rows.append([phase, f"{seconds[phase]:.3f}", f"{took:.3f}", f"{seconds[phase] / took:.2f}" if took else ""])
        step = sum(seconds.values())
        rows.append(["step", f"{step:.3f}", f"{there.step:.3f}", f"{step / there.step:.2f}"])
        print("\n" + table(rows))


if __name__ == "__main__":
    main()
