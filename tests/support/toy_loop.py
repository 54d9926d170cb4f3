"""A search loop over the toy space, with everything but what a test is about."""

from __future__ import annotations

from collections.abc import Callable

from micronas.config import StrategyConfig
from micronas.search.affordable import SearchOrNot
from micronas.search.evaluation.task import Evaluate
from micronas.search.loop import Loop, failure_limit
from micronas.search.machine_speed import MachineSpeed
from micronas.search.parts import SearchParts
from micronas.search.predicted_latency.gate import LatencyGate
from micronas.search.proposals import Proposals
from micronas.search.termination import Termination, TrialTermination
from micronas.search.workers.executor import Executor, InlineExecutor
from micronas.store import Store
from micronas.strategy import Strategy, make_strategy
from tests.support.loops import loop_of
from tests.support.search_fakes import Silent, ToyArch, ToyGate, ToySpace, toy_evaluate

SPACE = ToySpace()


def make_loop(
    store: Store,
    *,
    trials: int = 30,
    evaluate: Evaluate = toy_evaluate,
    executor: Executor | None = None,
    termination: Termination | None = None,
    gate: ToyGate | None = None,
    strategy: str = "aging_evolution",
    workers: int = 1,
    first: tuple[ToyArch, ...] = (),
    max_equal_failures: int = 5,
    observer: Silent | None = None,
    latency_gate: LatencyGate | None = None,
    ceiling: Callable[[ToyArch], float] | None = None,
    search: SearchOrNot | None = None,
    proposer: Callable[[Proposals], Strategy] | None = None,
    speed: MachineSpeed | None = None,
) -> Loop:
    """``proposer`` makes the strategy; without it, that is the one of the name ``strategy``."""
    proposals = Proposals(SPACE, gate or ToyGate(limit=15), ceiling=ceiling)
    config = StrategyConfig(name=strategy, population=6, sample=3)
    parts = SearchParts(
        SPACE,
        proposals,
        store,
        termination or TrialTermination(trials),
        observer or Silent([]),
        workers,
        search=search,
    )
    return loop_of(
        parts,
        proposer(proposals) if proposer else make_strategy(config, SPACE, 11, proposals.accept),
        executor or InlineExecutor(evaluate),
        first=first,
        latency_gate=latency_gate,
        speed=speed,
        limit=failure_limit(max_equal_failures),
    )
