"""Search for keyword spotting in 8 KB of SRAM, op by op and row by row.

    export MICRONAS_DATA=FOLDER                  # with gsc12_logmel49x40.npz
    python -m benchmarks.rows_task.keywords --out FOLDER
    python -m benchmarks.rows_task.keywords --only-table

Equal CPU minutes, seeds, space, recipe and limits; only the memory plans differ. A search that has ended in
FOLDER is not repeated. Writes ``keywords.json`` and prints its table.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import fmean, stdev

from micronas.trial import Json

HERE = Path(__file__).resolve().parent
RESULTS, CONFIG = HERE / "keywords.json", HERE.parent / "configs" / "kws_gsc12.yaml"
SEEDS, CPU_MINUTES, SRAM_KB = 3, 2.0, 8
PLANS = {"auto": "op by op", "rows": "row by row"}
"""``prefer`` of a search -> its name in the table; ``auto`` of a search plans op by op."""

SHARED: dict[str, Json] = {
    "constraints.sram_kb": SRAM_KB,
    "constraints.latency_ms": None,
    "reward.target_ms": None,
    "budget.cpu_minutes": CPU_MINUTES,
    "final_fit.epochs": 120,
    "device": "none",
    "workers": 1,
}
KEPT = ("flash_bytes", "sram_bytes", "latency_ms", "note", "selection")
"""Fields of ``best`` in the result of a search."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("runs/rows_task"), help="folder of the searches")
    parser.add_argument("--only-table", action="store_true", help="search nothing")
    options = parser.parse_args()
    if not options.only_table:
        options.out.mkdir(parents=True, exist_ok=True)
        found = [searched(prefer, seed, options.out) for seed in range(SEEDS) for prefer in PLANS]
        RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(table(json.loads(RESULTS.read_text(encoding="utf-8"))))


def searched(prefer: str, seed: int, out: Path) -> dict[str, Json]:
    """The figures of one search, which runs unless it has ended."""
    path = out / f"{prefer}-{seed}.json"
    if not path.exists():
        values = {**SHARED, "prefer": prefer, "seed": seed}
        words = [word for key, value in values.items() for word in ("--set", f"{key}={json.dumps(value)}")]
        command = [sys.executable, "-m", "micronas", "search", str(CONFIG), "--json", *words]
        done = subprocess.run(
            [*command, "--runs", str(out), "--run", path.stem], stdout=subprocess.PIPE, text=True, check=True
        )
        path.write_text(done.stdout, encoding="utf-8")
    result = json.loads(path.read_text(encoding="utf-8"))
    best = result["best"]
    return {
        "prefer": prefer,
        "seed": seed,
        "test": best["quality"]["test_int8"],
        "validation": best["quality"]["validation_int8"],
        "trials": result["trials"]["complete"],
        **{key: best.get(key) for key in KEPT},
    }


def table(results: list[dict[str, Json]]) -> str:
    """Markdown: a row per plan, mean and standard deviation over the seeds."""
    lines = ["| plan | test, int8 | validation, int8 | SRAM, bytes | flash, bytes |", f"|{'---|' * 5}"]
    for prefer, name in PLANS.items():
        own = [one for one in results if one["prefer"] == prefer]
        figures = [_spread([100 * float(one[key]) for one in own]) for key in ("test", "validation")]  # type: ignore[arg-type]
        sizes = [_range([int(one[key]) for one in own]) for key in ("sram_bytes", "flash_bytes")]  # type: ignore[arg-type]
        lines.append(f"| {' | '.join([name, *figures, *sizes])} |")
    return "\n".join(lines)


def _spread(values: list[float]) -> str:
    return f"{fmean(values):.1f} +- {stdev(values):.1f} %"


def _range(values: list[int]) -> str:
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


if __name__ == "__main__":
    main()
