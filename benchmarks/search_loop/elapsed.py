"""What a second worker gains: the same small search with 1 and 2 workers, one after the other, by the clock.

    python benchmarks/search_loop/elapsed.py benchmarks/configs/har_st.yaml --trials 12 --repeats 3

Run it on an idle machine: it warns if other processes wait for a core before it begins. The search with one
worker alternates with that with two, so that both see the same machine. A figure is the median of the
repetitions, with its range. CPU seconds are those of `micronas search --profile`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

BUSY = 0.5
"""Processes that wait or run before the first search; above it, elapsed times are the machine's."""


def main() -> None:
    options = parse()
    load = os.getloadavg()[0]
    if load > BUSY:
        text = f"warning: load {load:.1f} before the first search: elapsed times will be too long"
        print(text, file=sys.stderr)
    found: dict[int, list[Any]] = {workers: [] for workers in options.workers}
    for _ in range(options.repeats):
        for workers, profiles in found.items():
            profiles.append(profile_of(options, workers))
    print(markdown(found, options.trials))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", type=Path)
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    return parser.parse_args()


def profile_of(options: argparse.Namespace, workers: int) -> Any:
    """The profile of one whole search; its folder is removed."""
    settings = ("final_fit.epochs=4", "final_fit.candidates=1")
    with tempfile.TemporaryDirectory() as folder:
        words = ["search", options.config, "--trials", options.trials, "--workers", workers, "--runs", folder]
        words += [word for setting in settings for word in ("--set", setting)]
        command = [sys.executable, "-m", "micronas", *map(str, words), "--profile", "--json"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)["profile"]


def markdown(found: dict[int, list[Any]], trials: int) -> str:
    """One row per number of workers; the gain is that of the medians."""
    titles = ("workers", "elapsed s", "networks / min", "CPU s", "CPU s but training", "elapsed, gain")
    lines = ["| " + " | ".join(titles) + " |", "|" + " --- |" * len(titles)]
    first = statistics.median(one["wall_s"] for one in next(iter(found.values())))
    for workers, profiles in found.items():
        elapsed = [one["wall_s"] for one in profiles]
        median = statistics.median(elapsed)
        cells = (
            str(workers),
            with_range(elapsed),
            f"{60 * (trials + 1) / median:.1f}",
            with_range([one["cpu_s"] for one in profiles]),
            with_range([one["cpu_s"] - training_s(one) for one in profiles]),
            f"{first / median:.2f}",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def training_s(profile: Any) -> float:
    """CPU seconds of the stage ``training``."""
    stages = [one for one in profile["stages"] if one["stage"] == "training"]
    return float(sum(one["workers_cpu_s"] + one["leader_cpu_s"] for one in stages))


def with_range(values: Sequence[float]) -> str:
    """``23.1 (22.8-24.0)``."""
    return f"{statistics.median(values):.1f} ({min(values):.1f}-{max(values):.1f})"


if __name__ == "__main__":
    main()
