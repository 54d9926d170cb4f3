"""Write each comparison's results.html again from its results.json: python -m benchmarks.compare.pages

For a change of the page; the figures are those of results.json, and nothing is run.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from micronas.compare.budget import parse_budget
from micronas.compare.curve import Curve
from micronas.compare.entry import Entry
from micronas.compare.front_volume import ReferencePoint
from micronas.compare.history import History
from micronas.compare.page import page
from micronas.compare.plan import ComparisonPlan, PlannedRun
from micronas.compare.progress_point import ProgressPoint, Reported
from micronas.compare.results import ComparedRun, Results, RunResult
from micronas.config import SearchConfig, parse_config
from micronas.memory.ledger import Budget
from micronas.trial import Source, scores_from_json

HERE = Path(__file__).resolve().parent


def main() -> None:
    for path in sorted(HERE.glob("*/results.json")):
        text = page(results_of(json.loads(path.read_text(encoding="utf-8"))))
        path.with_suffix(".html").write_text(text, encoding="utf-8")
        print(path.with_suffix(".html").relative_to(HERE))


def results_of(stored: dict[str, Any]) -> Results:
    """What the page shows of ``results.json``; of a task for one board."""
    plan, reference = stored["plan"], stored["reference"]
    config = task_of(plan["config"])
    entries = tuple(Entry(one["strategy"], one["estimator"]) for one in plan["entries"])
    by_name = {entry.name: entry for entry in entries}
    budget = Budget(reference["flash_bytes"], reference["sram_bytes"])
    source = reference["latency_source"]
    return Results(
        ComparisonPlan(config, entries, plan["seeds"], parse_budget(plan["budget"])),
        ReferencePoint(
            reference["error"],
            reference["flash_bytes"],
            reference["sram_bytes"],
            reference["latency_ms"],
            Source(source) if source else None,
        ),
        tuple(
            ComparedRun(
                by_name[row["name"]],
                tuple(run_of(run, by_name[row["name"]], config, budget) for run in row["runs"]),
            )
            for row in stored["entries"]
        ),
        stored["test_samples"],
        tuple(stored["unfinished"]),
    )


def task_of(config: dict[str, Any]) -> SearchConfig:
    """The names that the page shows; other keys may be those of an earlier version."""
    return parse_config(
        {
            "board": config["board"],
            "data": {"name": config["data"]["name"], "path": config["data"].get("path")},
            "space": {"name": config["space"]["name"]},
        }
    )


def run_of(stored: dict[str, Any], entry: Entry, config: SearchConfig, budget: Budget) -> RunResult:
    """A run with its curves; the end of its search stands for its trials."""
    scores = scores_from_json(stored["scores"]) if stored["scores"] else None
    cpu_s = 60 * stored["cpu_minutes"]
    end = ProgressPoint(
        stored["trials"] - 1, 0.0, cpu_s, None, trained=True, to_the_end=True, refused=0, repeated=False
    )
    reported = Reported(stored["validation_int8"], stored["test_int8"], 0, scores) if scores else None
    history = History(
        PlannedRun(entry, stored["seed"], config), (end,), reported, budget, 0.0, stored["failure"]
    )
    return RunResult(
        history=history,
        reward_curve=curve_of(stored["reward_curve"]),
        volume_curve=curve_of(stored["hypervolume_curve"]),
        best_reward=stored["best_reward"],
        hypervolume=stored["hypervolume"],
        trials=stored["trials"],
        complete=stored["complete"],
        to_the_end=stored.get("trained_to_the_end", stored["complete"]),
        repeated=stored.get("repeated", 0),
        refused=stored["refused_before_training"],
        trained=stored["trained"],
        wasted=stored["wasted"],
        wasted_cpu_share=stored["wasted_cpu_share"],
    )


def curve_of(points: list[list[float]]) -> Curve:
    """A curve from its corners."""
    return Curve(tuple(x for x, _ in points), tuple(y for _, y in points))


if __name__ == "__main__":
    main()
