"""A long training run watched from outside: memory, open files, threads, the size of its logs and the time of a step, at the beginning and at the end.

    python3 bench/soak.py CONFIG.yaml [key=value ...] [--every 5] [--output-dir DIR] [--resume]

Runs `flipside train CONFIG --quiet`, reads /proc of its process every few seconds, and prints one table row per tenth of the run. The first tenth holds the
warm-up of the Java machine, so growth is counted from the second on.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOGS = ("metrics.jsonl", "samples", "tensorboard")


def status(pid):
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return {
        "rss_mb": int(fields["VmRSS"].split()[0]) / 1024,
        "threads": int(fields["Threads"]),
        "files": len(os.listdir(f"/proc/{pid}/fd")),
    }


def size_mb(path):
    """Of a file, or of all files below a folder."""
    return sum(f.stat().st_size for f in [path, *path.rglob("*")] if f.is_file()) / 1e6 if path.exists() else 0.0


def logs_mb(run):
    return {log: sum(size_mb(path) for path in run.glob(log + "*")) for log in LOGS}


def steps(run):
    """The lines of steps that have been written whole."""
    path = run / "metrics.jsonl"
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    return [row for row in map(json.loads, lines) if "step_time" in row]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config")
    parser.add_argument("overrides", nargs="*")
    parser.add_argument("--output-dir", default=ROOT / "runs" / "soak", type=Path)
    parser.add_argument("--resume", action="store_true", help="go on with the run in --output-dir")
    parser.add_argument("--every", type=float, default=5, help="seconds between two looks")
    options = parser.parse_args()
    run = options.output_dir.resolve()
    command = [ROOT / "flipside", "train", options.config, f"run.output_dir={run}", *options.overrides, "--quiet"]
    command += ["--resume"] if options.resume else []
    process = subprocess.Popen(command, cwd=ROOT)
    looks = []
    began = time.time()
    while process.poll() is None:
        time.sleep(options.every)
        try:
            looks.append(status(process.pid) | logs_mb(run) | {"step": max((row["step"] for row in steps(run)), default=0), "disk_mb": size_mb(run)})
        except (FileNotFoundError, ProcessLookupError, KeyError):
            continue
    if process.returncode:
        sys.exit(f"the run ended with exit code {process.returncode}")
    seen_from = looks[0]["step"]
    rows = [row for row in steps(run) if row["step"] > seen_from]
    if not rows:
        sys.exit("no step was finished")
    tenth = max(1, len(rows) // 10)
    print(f"{len(rows)} steps, {time.time() - began:.0f} s, {options.config}")
    print("| steps | step s, median | resident MB | open files | threads | metrics MB | samples MB | tensorboard MB | folder MB |")
    print("|---|---|---|---|---|---|---|---|---|")
    for first in range(0, len(rows), tenth):
        last = min(first + tenth, len(rows))
        low, high = rows[first]["step"], rows[last - 1]["step"]
        seen = [look for look in looks if low <= look["step"] <= high]
        if not seen:
            continue
        median = statistics.median(row["step_time"] for row in rows[first:last])
        most = {key: max(look[key] for look in seen) for key in seen[0]}
        print(
            f"| {low:.0f}-{high:.0f} | {median:.3f} | {most['rss_mb']:.0f} | {most['files']} | {most['threads']} "
            f"| {most['metrics.jsonl']:.2f} | {most['samples']:.2f} | {most['tensorboard']:.2f} | {most['disk_mb']:.1f} |"
        )


if __name__ == "__main__":
    main()
