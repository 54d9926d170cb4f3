"""The loop of a search from its setup: strategy, gates, budget and workers are assembled here."""

from __future__ import annotations

from collections.abc import Sequence

from micronas.estimate.proxies import ZeroCostScorer
from micronas.latency.core_model import is_modelled
from micronas.latency.op_model import board_latency
from micronas.model.net import shape_graph
from micronas.search.boards.in_turn import BoardGates, BoardsInTurn
from micronas.search.cpu_clock import CpuClock
from micronas.search.final.epochs import final_epochs
from micronas.search.final.plan import FinalPlan
from micronas.search.inheritance import Donors
from micronas.search.loop import Loop, failure_limit, trials_to
from micronas.search.machine_speed import MachineSpeed
from micronas.search.observer import Observer
from micronas.search.one_network import search_or_not
from micronas.search.parts import SearchParts
from micronas.search.past import Past, history_for
from micronas.search.predicted_latency.gate import LatencyGate
from micronas.search.predicted_latency.modelled import modelled_by_ledger
from micronas.search.predicted_latency.prediction import PredictedLatency, predict_untrained_latency
from micronas.search.proposals import Proposals
from micronas.search.proposer import make_proposer
from micronas.search.setup import Setup
from micronas.search.termination import Termination
from micronas.search.trial_start import TrialStart
from micronas.search.workers.executor import Executor
from micronas.space import Arch
from micronas.store import Store
from micronas.strategy import Strategy
from micronas.trial import Json


def make_loop(
    setup: Setup,
    store: Store,
    scorer: ZeroCostScorer,
    executor: Executor,
    termination: Termination,
    clock: CpuClock,
    observer: Observer,
) -> Loop:
    """The loop of ``setup`` on ``store``; ``clock`` is that of its budget."""
    config, boards = setup.config, setup.boards
    gates = BoardGates({name: one.gate for name, one in boards.items()}) if setup.others else None
    parts = SearchParts(
        space=setup.space,
        proposals=Proposals(setup.space, gates or setup.gate, ceiling=setup.ceiling),
        store=store,
        termination=termination,
        observer=observer,
        workers=config.workers,
        past=Past(history_for(config)),
        boards=gates,
        search=search_or_not(setup),
    )

    def strategy_of(name: str, checked: Proposals) -> Strategy:
        return make_proposer(boards[name], store, checked, scorer, termination, observer)

    in_turn = BoardsInTurn(parts.proposals, gates.gates, strategy_of) if gates else None
    strategy = in_turn or strategy_of(setup.board.name, parts.proposals)
    epochs = final_epochs(config, setup.dataset.task) * config.training.fits_per_finalist
    donors = Donors(setup.space) if config.estimator.warm_epochs is not None else None
    speed = MachineSpeed(setup.space, len(setup.dataset.train)) if config.budget.is_timed else None
    learners = (
        in_turn.tell_record if in_turn else trials_to(strategy),
        FinalPlan(termination, epochs).add,
        *(part.add for part in (donors, speed) if part is not None),
    )
    start = TrialStart(
        parts, strategy, setup.first, latency_gate=_latency_gate(setup), donors=donors, speed=speed
    )
    limit = failure_limit(
        config.max_equal_failures, stop_without_board=config.on_board_failure == "stop", boards=gates
    )
    return Loop(parts, start, executor, learners=learners, limit=limit, cpu_s=clock.spent_s)


def _latency_gate(setup: Setup) -> LatencyGate | None:
    """The gate if latencies are predicted and limited, otherwise None."""
    config, limit_ms = setup.config, setup.config.constraints.latency_ms
    if not config.latency.model or limit_ms is None:
        return None

    model = board_latency(setup.board) if is_modelled(setup.board) else None

    def predict(arch: Arch, observed: Sequence[Json]) -> PredictedLatency | None:
        graph = shape_graph(setup.space.net(arch))
        ledger = setup.gate.deployed(arch)
        modelled_ms = None if model is None else modelled_by_ledger(model, graph, ledger).ms
        return predict_untrained_latency(graph, ledger.lowered, observed, modelled_ms)

    return LatencyGate(predict, config.latency, limit_ms)
