"""``python -m tests.support.ray_whole WORDS``: the command line, with trainings that take no time.

Everything but the training is real: configuration, cluster, builds, uploads, comparison with the reference,
measurement, pool, store and final build. ``search_and_kill`` is a whole search whose driver is killed.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from micronas.board import Board
from micronas.config import SearchConfig
from micronas.estimate.full import Estimate, cached_dataset
from micronas.model.net import shape_graph
from micronas.model.tflite.writer import write
from micronas.search.evaluation.evaluator import Stages, TrialEvaluator
from micronas.search.evaluation.placement import place
from micronas.search.evaluation.task import Evaluate, TrialTask
from micronas.space import make_space
from micronas.space.reference.random_weights import random_weights
from micronas.store import DATABASE, Record, Store
from micronas.store.pool import MEASURED_ON
from micronas.trial import latency_to_json
from tests.support.attached_boards import AttachedBoards
from tests.support.paths import REPOSITORY

CONFIG = """
data: {name: digits}
space: {min_blocks: 1, max_blocks: 1, max_width: 8}
strategy: {name: random}
estimator: {epochs: 1}
final_fit: {epochs: 1, candidates: 1}
budget: {trials: 2}
workers: 1
device: serial
latency: {model: false}
"""
_DEADLINE_S = 240.0


def make_evaluator(config: SearchConfig, board: Board, others: object = ()) -> Evaluate:
    """In place of ``stages.make_evaluator``: random weights, and a quality that grows with the network."""
    dataset = cached_dataset(config.data)
    space = make_space(config.space, dataset.input_shape, dataset.n_outputs)

    def estimate(task: TrialTask) -> Estimate:
        net = space.net(space.from_json(task.arch))
        tflite = write(random_weights(shape_graph(net), seed=task.number))
        quality = 1 - 1 / (1 + net.macs / 100_000)
        return Estimate(tflite, quality, quality, 1, 0.0, net.parameters, net.macs)

    deploy = functools.partial(place, config=config, board=board, dataset=dataset)
    return TrialEvaluator(config, Stages(estimate=estimate, place=deploy))


def search_and_kill(
    folder: Path, address: str, boards: AttachedBoards, module: str = __name__
) -> dict[str, Any]:
    """A search by ``module`` on the cluster; its driver is killed after the first trial, then resumed."""
    folder.mkdir()
    (folder / "whole.yaml").write_text(CONFIG, encoding="utf-8")
    words = ["search", "whole.yaml", "--board", str(boards.profile), "--run", "whole", "--ray", address]
    run = folder / "runs" / "whole"
    with start(module, words, folder) as driver:
        before = first_trial(run, driver)
        driver.kill()
    resumed = start(module, ["search", "--resume", "runs/whole", "--ray", address], folder)
    said, errors = resumed.communicate(timeout=_DEADLINE_S)
    assert resumed.returncode == 0, said + errors
    with Store.read(run) as store:
        records, final = store.records(), store.final()
    assert final is not None
    return {
        "kept": same(records[0], before),
        "outcomes": [record.trial.outcome.value for record in records],
        "measured_on": [record.details[MEASURED_ON] for record in records],
        "sources": sorted({latency_of(record)["source"] for record in records}),
        "parity": final.result["deployment"]["parity"],  # type: ignore[index,call-overload]
        "files": sorted(path.name for path in (run / "best").iterdir()),
        "uploads": boards.uploads(),
        "said": said,
    }


def start(module: str, words: list[str], folder: Path) -> subprocess.Popen[str]:
    """A driver in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def first_trial(run: Path, driver: subprocess.Popen[str]) -> Record:
    """The first trial, as soon as it is stored."""
    deadline = time.monotonic() + _DEADLINE_S
    while time.monotonic() < deadline and driver.poll() is None:
        if (run / DATABASE).exists():
            with Store.read(run) as store:
                if store.numbers():
                    return store.record(0)
        time.sleep(0.05)
    driver.kill()
    raise AssertionError("no trial was stored: " + "".join(driver.communicate()))


def same(one: Record, other: Record) -> bool:
    """Whether nothing of a trial changed, its measurement included."""
    return (one.trial, one.details) == (other.trial, other.details)


def latency_of(record: Record) -> dict[str, Any]:
    """The latency of a trial."""
    assert record.trial.scores is not None
    assert record.trial.scores.latency is not None
    return latency_to_json(record.trial.scores.latency)


if __name__ == "__main__":
    from micronas.cli import main
    from micronas.search.workers import search_executor as workers
    from tests.support import ray_whole

    workers.make_evaluator = ray_whole.make_evaluator  # type: ignore[assignment]
    main()
