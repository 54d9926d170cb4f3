"""A search with real gate, ledger, latencies and loop; weights are random, nothing is trained."""

from __future__ import annotations

import hashlib
from pathlib import Path

from micronas.estimate.full import Estimate
from micronas.model.net import shape_graph
from micronas.model.tflite.writer import write
from micronas.search.evaluation.evaluator import Stages, TrialEvaluator
from micronas.search.evaluation.placement import place
from micronas.search.evaluation.task import TrialTask
from micronas.search.parts import SearchParts
from micronas.search.proposals import Proposals
from micronas.search.run import new_run
from micronas.search.setup import Setup
from micronas.search.termination import TrialTermination
from micronas.search.workers.executor import InlineExecutor
from micronas.space.reference.random_weights import random_weights
from micronas.store import Record
from micronas.strategy import make_strategy
from tests.support.loops import loop_of
from tests.support.search_fakes import Silent


def share_of(text: str) -> float:
    """A number in 0..1 that only depends on ``text``."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) / 0xFFFFFFFF


def run_untrained_search(setup: Setup, folder: Path, trials: int) -> list[Record]:
    """``trials`` trials, whose accuracy is made up from the key of the architecture."""
    proposals = Proposals(setup.space, setup.gate)

    def estimate(task: TrialTask) -> Estimate:
        net = setup.space.net(setup.space.from_json(task.arch))
        graph = random_weights(shape_graph(net), seed=task.number)
        quality = 0.5 + 0.4 * share_of(task.key)
        return Estimate(write(graph), quality, quality, 1, 0.0, net.parameters, net.macs)

    def placed(tflite: bytes, task: TrialTask) -> object:
        return place(tflite, task, setup.config, setup.board, setup.dataset)

    evaluate = TrialEvaluator(setup.config, Stages(estimate, placed))  # type: ignore[arg-type]
    with new_run(setup, folder) as store:
        parts = SearchParts(setup.space, proposals, store, TrialTermination(trials), Silent([]), workers=1)
        strategy = make_strategy(setup.config.strategy, setup.space, setup.config.seed, proposals.accept)
        return loop_of(parts, strategy, InlineExecutor(evaluate)).run()
