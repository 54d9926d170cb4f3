"""Does the curve of a short training predict what a longer one reaches?

    export MICRONAS_DATA=FOLDER
    python -m benchmarks.search.lengths motion anomalies > lengths.json
    python -m benchmarks.search.lengths --only-table  # of the committed file

The initial baseline networks are trained as in a trial, and then finally with several numbers of epochs. The
power law a + b n^-c of the validation error, fitted to the curve of the trial, is compared with what the
final trainings reach. Both schedules fall to zero at their own end.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import UTC, datetime
from statistics import fmean

import numpy as np

from benchmarks.search.by_hand import prepared
from benchmarks.search.cells import HERE, TASKS, Cell
from benchmarks.search.run_cell import commit
from micronas import __version__
from micronas.trial import Json

RESULT = HERE / "lengths.json"

LENGTHS = (15, 30, 60, 120)
"""Epochs of the final trainings."""

EXPONENTS = np.linspace(0.05, 3.0, 119)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=", ".join(TASKS))
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--only-table", action="store_true", help="that of the committed file")
    options = parser.parse_args()
    if options.only_table:
        print(markdown(committed()))
        return
    trainings = [one for task in options.tasks for one in measured(task, options.seeds)]
    about = {"version": __version__, "commit": commit(), "date": datetime.now(UTC).date().isoformat()}
    lines = ",\n".join(f"  {json.dumps(one)}" for one in trainings)
    print(f'{json.dumps(about)[:-1]}, "trainings": [\n{lines}\n]}}')


def committed() -> list[dict[str, Json]]:
    """The trainings of ``lengths.json``."""
    found: list[dict[str, Json]] = json.loads(RESULT.read_text(encoding="utf-8"))["trainings"]
    return found


def measured(task: str, seeds: int) -> list[dict[str, Json]]:
    """One entry per network and seed: the trial's curve, and the final quality by number of epochs."""
    from micronas.estimate.final_fit import FinalSettings, final_fit
    from micronas.estimate.full import estimate
    from micronas.search.evaluation.training import trial_seed
    from micronas.train.settings import TrainSettings

    cell, found = Cell(task, "default", 0), list[dict[str, Json]]()
    setup = prepared(cell)
    config = setup.config
    for number, arch in enumerate(setup.first):
        net = setup.space.net(arch)
        for seed in range(seeds):
            started_s, its_seed = time.process_time(), trial_seed(seed, number)
            trial = estimate(net, config.data, TrainSettings.from_config(config.estimator), its_seed)
            finals: dict[str, Json] = {}
            for epochs in LENGTHS:
                final = final_fit(net, config.data, FinalSettings(epochs=epochs), its_seed)
                finals[str(epochs)] = round(final.quality_float, 4)
            found.append(
                {
                    "task": task,
                    "network": number,
                    "seed": seed,
                    "curve": [round(quality, 4) for quality in trial.curve],
                    "finals": finals,
                }
            )
            took_s = time.process_time() - started_s
            print(f"{task} {number} {seed}: {took_s:.0f} CPU s", file=sys.stderr, flush=True)
    return found


def extrapolated(curve: list[float], epochs: float) -> float:
    """The quality after ``epochs`` by the power law that is nearest to the errors of ``curve``."""
    errors, numbers = 1.0 - np.array(curve), np.arange(1, len(curve) + 1)
    best = (np.inf, float(errors[-1]))
    for exponent in EXPONENTS:
        powers = np.stack([np.ones(len(errors)), numbers**-exponent], axis=1)
        (a, b), *_ = np.linalg.lstsq(powers, errors, rcond=None)
        a = max(float(a), 0.0)
        b = max(float(((errors - a) * powers[:, 1]).sum() / (powers[:, 1] ** 2).sum()), 0.0)
        residual = float(((a + b * powers[:, 1] - errors) ** 2).sum())
        best = min(best, (residual, a + b * epochs**-exponent))
    return 1.0 - best[1]


def markdown(trainings: list[dict[str, Json]]) -> str:
    """Means over networks and seeds, and the mean absolute error of both predictions at every length."""
    lines = ["| task | epochs | final training | power law of the trial | its error | error of no change |"]
    lines.append("|---|---|---|---|---|---|")
    for task in dict.fromkeys(str(one["task"]) for one in trainings):
        own = [one for one in trainings if one["task"] == task]
        for epochs in LENGTHS:
            rows = [(_final(one, epochs), extrapolated(_curve(one), epochs), max(_curve(one))) for one in own]
            real, law = fmean(row[0] for row in rows), fmean(row[1] for row in rows)
            off, none = (fmean(abs(row[i] - row[0]) for row in rows) for i in (1, 2))
            lines.append(f"| {task} | {epochs} | {real:.4f} | {law:.4f} | {off:.4f} | {none:.4f} |")
    return "\n".join(lines)


def _curve(one: dict[str, Json]) -> list[float]:
    curve = one["curve"]
    assert isinstance(curve, list)
    return [float(str(q)) for q in curve]


def _final(one: dict[str, Json], epochs: int) -> float:
    finals = one["finals"]
    assert isinstance(finals, dict)
    return float(str(finals[str(epochs)]))


if __name__ == "__main__":
    main()
