"""The files of run.py side by side: CPU seconds per trial by stage, networks per CPU minute, what changed.

python benchmarks/search_loop/table.py before.json after.json
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

COLUMNS = (
    "train: trace",
    "train: steps",
    "train: validate",
    "train: other",
    "quantize",
    "score int8",
    "build",
    "emulate",
    "other",
)


def main() -> None:
    print(markdown([(path.stem, json.loads(path.read_text("utf-8"))) for path in map(Path, sys.argv[1:])]))


def markdown(runs: Sequence[tuple[str, Any]]) -> str:
    """One row per run: means over its networks, whose number and configuration must agree."""
    titles = ("run", "networks", *COLUMNS, "CPU s per network (range)", "networks / CPU-min", "accuracy")
    lines = ["| " + " | ".join(titles) + " |", "|" + " --- |" * len(titles)]
    lines += ["| " + " | ".join(_row(name, run)) + " |" for name, run in runs]
    lines += [text for _, run in runs[1:] if (text := _changes(runs[0][1], run))]
    return "\n".join(lines)


def _row(name: str, run: Any) -> list[str]:
    trials = run["trials"]
    seconds = [trial["cpu_s"] for trial in trials]
    stages = [statistics.mean(trial["stages"].get(stage, 0.0) for trial in trials) for stage in COLUMNS]
    mean = statistics.mean(seconds)
    return [
        name,
        str(len(trials)),
        *(f"{s:.3f}" for s in stages),
        f"{mean:.2f} ({min(seconds):.2f}-{max(seconds):.2f})",
        f"{60 / mean:.1f}",
        f"{statistics.mean(trial['quality_int8'] for trial in trials):.4f}",
    ]


def _changes(first: Any, run: Any) -> str:
    """How many files are the same to the bit, and the mean difference in accuracy of the others."""
    pairs = list(zip(first["trials"], run["trials"], strict=True))
    same = sum(a["file"] == b["file"] for a, b in pairs)
    if same == len(pairs):
        return f"\nAll {same} files are the same to the bit."
    by = [b["quality_int8"] - a["quality_int8"] for a, b in pairs]
    error = statistics.stdev(by) / len(by) ** 0.5 if len(by) > 1 else float("nan")
    return (
        f"\n{same} of {len(pairs)} files are the same to the bit; int8 accuracy differs by "
        f"{statistics.mean(by):+.4f} on the mean (standard error {error:.4f})."
    )


if __name__ == "__main__":
    main()
