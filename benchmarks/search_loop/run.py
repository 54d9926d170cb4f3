"""Where the CPU seconds of a search's trials go: the same networks through every stage, one after another.

    python -m benchmarks.search_loop.run benchmarks/configs/har_st.yaml --networks 8 --json after.json
    python benchmarks/search_loop/table.py before.json after.json

Networks are drawn at random and kept if they fit the budgets, equal for equal --networks. Everything runs in
this process, as in a worker; compilers and emulators are counted as its children. To measure another commit,
put a checkout of it on PYTHONPATH: what is measured is found by name, and left out where it does not exist.
The first network warms up (kernels are compiled, TensorFlow makes its first graph) and is not counted.

CPU seconds are not wall clock, but a busy machine stretches them too (shared cores, caches): run what is to
be compared at the same time.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.search_loop.stage_clock import StageClock, cpu_s

SEED = 7


def main() -> None:
    options = parse()
    clock = StageClock()
    with clock.stage("start: check and load"):
        from micronas.config import load_config
        from micronas.search.setup import prepare

        config = load_config(options.config)
        setup = prepare(config)
    with clock.stage("propose"):
        archs, proposed = fitting(setup, options.networks + 1)
    with clock.stage("start: TensorFlow"):
        from micronas.search.evaluation.stages import make_evaluator

        evaluate = make_evaluator(config, setup.board)
    watch(clock)
    trials = [trial(evaluate, setup, number, arch, clock) for number, arch in enumerate(archs)]
    result = {
        "config": options.config.name,
        "device": config.device,
        "proposed": proposed,
        "once_cpu_s": {name: s for name, s in clock.seconds.items() if name.startswith(("start", "propose"))},
        "trials": trials[1:],
    }
    text = json.dumps(result, indent=1)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")
    else:
        print(text)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", type=Path)
    parser.add_argument("--networks", type=int, default=8)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


def fitting(setup: Any, count: int) -> tuple[list[Any], int]:
    """The first ``count`` random networks that fit, and how many were drawn for them."""
    found: dict[str, Any] = {}
    for number in range(100_000):
        if len(found) == count:
            return list(found.values()), number
        arch = setup.space.sample(np.random.default_rng([SEED, number]))
        if setup.gate.verdict(arch).fits:
            found[setup.space.key(arch)] = arch
    raise SystemExit(f"only {len(found)} of 100,000 random networks fit the budgets")


def watch(clock: StageClock) -> None:
    """Charge what happens below these functions to stages; the rest of a trial is ``other``."""
    for name, stage in {
        "micronas.train.train:train": "train: other",
        "micronas.train.loop:TrainLoop._steps": "train: trace",
        "micronas.train.loop:TrainLoop.steps": "train: steps",
        "micronas.train.evaluate:Evaluator.score": "train: validate",
        "micronas.train.evaluate:SplitEvaluator.score": "train: validate",  # its name since then
        "micronas.quantize:quantize": "quantize",
        "micronas.estimate.full:_int8_quality": "score int8",
        "micronas.deploy.deployment:build_firmware": "build",
        "micronas.deploy.deployment:use_device": "emulate",
    }.items():
        clock.watch(name, stage)


def trial(evaluate: Any, setup: Any, number: int, arch: Any, clock: StageClock) -> dict[str, Any]:
    """One trial's seconds by stage, and what must not change: the file and its accuracy."""
    from micronas.search.evaluation.task import TrialTask

    before, start = dict(clock.seconds), cpu_s()
    with clock.stage("other"):
        result = evaluate(TrialTask(number, setup.space.to_json(arch), setup.space.key(arch)))
    if result.scores is None or result.tflite is None:
        raise SystemExit(f"network {number} failed in {result.stage}: {result.reason}")
    return {
        "cpu_s": cpu_s() - start,
        "stages": {name: s - before.get(name, 0.0) for name, s in clock.seconds.items()},
        "macs": result.scores.macs,
        "epochs": result.scores.epochs,
        "quality_int8": result.scores.quality_int8,
        "file": hashlib.sha256(result.tflite).hexdigest()[:16],
    }


if __name__ == "__main__":
    main()
