"""A search that a test kills: ``python killable_search.py STRATEGY FOLDER``.

Real spaces, gate, loop and store; trainings are replaced by a figure of the network, and so is what the
supernets of the differentiable strategies would learn.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from micronas.board import load_board
from micronas.codegen.lowering import Target
from micronas.config import DataConfig, PrefilterConfig, SpaceConfig, StrategyConfig
from micronas.estimate.proxies import ProxyScores
from micronas.memory.ledger import Budget
from micronas.search.evaluation.task import TrialResult, TrialTask
from micronas.search.gate import LedgerGate
from micronas.search.loop import failure_limit
from micronas.search.parts import SearchParts
from micronas.search.prefilter import Prefiltered
from micronas.search.proposals import Proposals
from micronas.search.termination import TrialTermination
from micronas.search.workers.executor import InlineExecutor
from micronas.space import make_space
from micronas.space.base import Arch, Space
from micronas.store import DATABASE, Store
from micronas.strategy import Accept, Strategy, make_strategy
from micronas.strategy.darts.discretise import cell_of
from micronas.strategy.darts.edges import OPS, CellEdges, EdgeWeights
from micronas.strategy.darts.search import FoundCells
from micronas.strategy.darts.strategy import Darts
from micronas.strategy.dnas.backbone import ChoiceBackbone
from micronas.strategy.dnas.cost_tables import MS, CostTables
from micronas.strategy.dnas.limits import CostConstraints
from micronas.strategy.dnas.search import Learned
from micronas.strategy.dnas.strategy import Dnas
from micronas.strategy.problem import Problem
from micronas.strategy.supernet_series import SupernetStore
from micronas.trial import Latency, Outcome, Scores, Source, Trial
from tests.support.loops import loop_of
from tests.support.search_fakes import Silent

TRIALS = 14
HAND_MADE = 2
WORKERS = 2
DRAWS = 3
BOARD = load_board("nucleo_f446re")
BUDGET = Budget(60_000, 30_000)
PREFILTERED = "prefiltered"
SPACE_OF = {"darts": "cell", "dnas": "micronets", "reinforce": "micronets"}


def guessed(backbone: ChoiceBackbone, tables: CostTables, aims: CostConstraints, seed: int) -> Learned:
    """Depends on the predicted latencies too, as training does."""
    rng = np.random.default_rng([seed, round(1e6 * float(tables.head[-1, MS]))])
    return Learned(
        tuple(rng.dirichlet(np.ones(n)).astype(np.float32) for n in backbone.decision_sizes), 1, (), (), 0.0
    )


def guessed_cells(nodes: int, seed: int) -> FoundCells:
    rng, edges = np.random.default_rng(seed), CellEdges(nodes)
    weights = tuple(
        EdgeWeights(
            rng.dirichlet(np.ones(len(OPS)), len(edges.all)).astype(np.float32),
            np.concatenate([rng.dirichlet(np.ones(len(edges.into(n)))) for n in range(nodes)]).astype(
                np.float32
            ),
        )
        for _ in range(2)
    )
    cells = (cell_of(w, nodes, reduces=r) for w, r in zip(weights, (False, True), strict=True))
    return FoundCells(*cells, weights, (), "", 0.0)  # type: ignore[arg-type]


class OpCounts:
    """A scorer of untrained networks without TensorFlow."""

    def scores(self, nets):  # type: ignore[no-untyped-def]
        return [ProxyScores(float(net.macs), float(net.parameters), float(net.parameters)) for net in nets]


def strategy_of(name: str, space: Space, accept: Accept, gate: LedgerGate, folder: Path) -> Strategy:
    problem = Problem(
        DataConfig(),
        Target(BOARD.core),
        BUDGET,
        gate.ledger,
        latency_ms=1.0,
        first_ask=HAND_MADE,
        workers=WORKERS,
        supernets=SupernetStore(folder),
    )
    config = StrategyConfig(name="random" if name == PREFILTERED else name, population=4, sample=2)
    match name:
        case "dnas":
            return Dnas(space, 3, accept, problem, guessed, DRAWS)  # type: ignore[arg-type]
        case "darts":
            return Darts(space, 3, accept, problem, guessed_cells, DRAWS)  # type: ignore[arg-type]
        case "prefiltered":

            def plain(collect: Accept) -> Strategy:
                return make_strategy(config, space, 3, collect)

            return Prefiltered(plain, space, accept, OpCounts(), PrefilterConfig())
    return make_strategy(config, space, 3, accept, problem)


def evaluator(space: Space):  # type: ignore[no-untyped-def]
    def evaluate(task: TrialTask) -> TrialResult:
        time.sleep(0.05)
        arch: Arch = space.from_json(task.arch)
        net = space.net(arch)
        accuracy = 1.0 - 1.0 / (1.0 + net.parameters / 1000)
        scores = Scores(
            accuracy,
            accuracy,
            net.parameters,
            net.parameters,
            net.macs,
            net.parameters,
            Latency((net.macs + 40 * net.parameters) / 5e5, Source.EMULATED),
            accuracy,
            1,
            0.0,
        )
        return TrialResult(Outcome.COMPLETE, scores, tflite=task.key.encode())

    return evaluate


def run(name: str, folder: Path) -> None:
    space = make_space(
        SpaceConfig(name=SPACE_OF.get(name, "layerwise"), max_blocks=3, max_width=16), (16, 16, 1), 4
    )
    gate = LedgerGate(space, BOARD, "micronas", BUDGET)
    proposals = Proposals(space, gate)
    begun = (folder / DATABASE).exists()
    with Store.resume(folder) if begun else Store.create(folder, {}) as store:
        store.begin_session()
        parts = SearchParts(space, proposals, store, TrialTermination(TRIALS), Silent([]), WORKERS)
        loop_of(
            parts,
            strategy_of(name, space, proposals.accept, gate, folder),
            InlineExecutor(evaluator(space)),
            first=tuple(space.baselines()[-HAND_MADE:]),
            limit=failure_limit(TRIALS),
        ).run()


if __name__ == "__main__":
    run(sys.argv[1], Path(sys.argv[2]))


def trials_of(folder: Path) -> list[Trial]:
    if not (folder / "run.sqlite").exists():
        return []
    with Store.read(folder) as store:
        return [record.trial for record in store.records()]
