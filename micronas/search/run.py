"""A search from its configuration to its result: everything is assembled here."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from micronas.data.front_end_file import front_end_file
from micronas.device.flash import BOARD_DEADLINE_S
from micronas.errors import MicronasError, StoreError
from micronas.estimate.proxies import ZeroCostScorer
from micronas.host.machine_fault import machine_fault
from micronas.host.plugin import contents
from micronas.latency.core_model import is_modelled
from micronas.latency.op_model import board_latency
from micronas.model.front_end import to_json
from micronas.model.net import shape_graph
from micronas.report import write_report
from micronas.search.board_winners import board_winners
from micronas.search.boards import BoardGates, BoardsInTurn
from micronas.search.cpu_clock import CpuClock
from micronas.search.data_place import DATA_PLACE, place_of
from micronas.search.executor import GRACE_S, Executor, ProcessExecutor
from micronas.search.final import HANG_TIMEOUT_FACTOR
from micronas.search.inheritance import Donors
from micronas.search.loop import Loop
from micronas.search.machine_speed import MachineSpeed
from micronas.search.machine_stop import stopped_by
from micronas.search.observer import Observer
from micronas.search.once import Once
from micronas.search.one_network import final_training, search_or_not, stored_alone
from micronas.search.outcome import conclude
from micronas.search.past import RUN_CPU_S, Past, TrialHistory, history_for
from micronas.search.pool.cluster import cluster_members
from micronas.search.pool.executor import OpenExecutor, PoolExecutor
from micronas.search.pool.members import members_here
from micronas.search.pool.state import BoardPool
from micronas.search.predicted_latency.check import check_predictions, check_text
from micronas.search.predicted_latency.gate import LatencyGate
from micronas.search.predicted_latency.modelled import modelled_by_ledger
from micronas.search.predicted_latency.prediction import PredictedLatency, predict_untrained_latency
from micronas.search.profile import PROFILE_FACT, SearchProfile
from micronas.search.proposals import Proposals
from micronas.search.proposer import make_proposer
from micronas.search.rank_agreement import agreement_text, rank_agreements
from micronas.search.ray_executor import RayExecutor, SharedData, with_plug_ins
from micronas.search.result_json import write_summary
from micronas.search.resume import CONFIG_FILE, config_text
from micronas.search.setup import Setup, plug_ins
from micronas.search.stages import make_evaluator
from micronas.search.subnets.search import stage_cpu_s
from micronas.search.termination import Termination, make_termination
from micronas.space import Arch
from micronas.store import Final, Record, Store
from micronas.store.changes import DATA_DIGEST
from micronas.store.other_boards import OTHER_BOARDS
from micronas.store.pool import earlier_failures, keep_pool
from micronas.store.stored_setup import FRONT_END_FACT
from micronas.strategy import DIFFERENTIABLE, Strategy
from micronas.strategy.supernet_series import supernets_cpu_s
from micronas.trial import Json

WORKER_IMAGE = "micronas.search.worker_image"
"""The module that workers on this machine have imported when they start."""


def new_run(setup: Setup, folder: Path) -> Store:
    """Create the run folder: the store, and the resolved configuration as a readable file."""
    config = setup.config
    others: list[Json] = [one.board.model_dump(mode="json") for one in setup.others]
    store = Store.create(
        folder,
        {
            "config": config.model_dump(mode="json"),
            "board": setup.board.model_dump(mode="json"),
            "seed": config.seed,
            "class_names": list(setup.dataset.class_names),
            "majority_baseline": setup.dataset.majority_baseline,
            DATA_DIGEST: setup.dataset.digest,
            FRONT_END_FACT: to_json(front_end_file(setup.dataset)),
            DATA_PLACE: place_of(config.data.path, folder),
            **({OTHER_BOARDS: others} if others else {}),
        },
    )
    (folder / CONFIG_FILE).write_text(config_text(config), encoding="utf-8")
    return store


def free_run_name(runs: Path, stem: str) -> str:
    """``STEM-1``, or the first number that no run in ``runs`` has."""
    return next(name for n in itertools.count(1) if not (runs / (name := f"{stem}-{n}")).exists())


def search(
    setup: Setup,
    store: Store,
    observer: Observer,
    *,
    finish_now: bool = False,
    profile: bool = False,
    start_cpu_s: float | None = None,
) -> Final:
    """Run or resume the search of ``store`` to its result; a finished search returns the stored result.

    A budget in CPU time counts from ``start_cpu_s`` of ``cpu_clock.tree_cpu_s``, or from now.

    ``finish_now`` starts no further trial: the best stored trial is trained and reported. ``profile`` stores
    where the time of this session went (``search.profile``).
    """
    if (final := store.final()) is not None:
        return final
    if not profile:
        return _search(setup, store, observer, finish_now, None, start_cpu_s)
    with SearchProfile(setup.config.workers) as times:
        return _search(setup, store, observer, finish_now, times, start_cpu_s)


def _search(
    setup: Setup,
    store: Store,
    observer: Observer,
    finish_now: bool,
    profile: SearchProfile | None,
    start_cpu_s: float | None,
) -> Final:
    store.begin_session()
    config = setup.config
    clock = CpuClock(cpu_before(store), start_cpu_s)
    termination = make_termination(config, store.wall_s, spent_cpu_s=clock.spent_s)
    with (
        ZeroCostScorer(config.data, config.seed) as scorer,
        search_executor(setup, store, observer.phase, profile=profile) as workers,
    ):
        executor = Once(_profiled(workers, profile), final_training, stored_alone(store))
        if finish_now:
            records = _told(store, observer)
        else:
            observer.phase("training the first network")
            records = _loop(setup, store, scorer, executor, termination, clock, observer).run()
        winners = board_winners(setup, records, executor, store, termination, observer.phase)
        agreement = rank_agreements(config, setup.space, scorer, store, records)
        executor.close()
    observer.phase("final build, measurement and test")
    try:
        final = conclude(setup, winners, store, agreement)
    except (MicronasError, OSError) as error:
        fault = machine_fault(error)
        if fault is None or isinstance(error, StoreError):
            raise
        raise stopped_by(fault, "the final build") from error
    if config.latency.model:
        observer.phase(check_text(check_predictions(records)))
    for one in agreement:
        observer.phase(agreement_text(one))
    if profile is not None:
        store.amend({PROFILE_FACT: profile.to_json()})
    write_summary(store, final)
    write_report(store)
    return final


def _told(store: Store, observer: Observer) -> list[Record]:
    """Show the stored trials in the same way as those of a resumed run."""
    past = Past(TrialHistory.NOTHING)
    for number in store.numbers():
        record = store.record(number)
        past.add(record)
        observer.trial(record, True, past.feasible_share, "nothing")
    return past.records


def _profiled(workers: OpenExecutor, profile: SearchProfile | None) -> Executor:
    """``workers``, whose results give their times to ``profile``."""
    if profile is None:
        return workers
    if not isinstance(workers, PoolExecutor):
        return profile.around(workers)
    workers.inside = profile.around(workers.inside)
    return workers


def search_executor(
    setup: Setup,
    store: Store,
    say: Callable[[str], object] = lambda text: None,
    *,
    profile: SearchProfile | None = None,
) -> OpenExecutor:
    """The workers of a search, on this machine or in a cluster; enter it to start them.

    With a ``profile``, their results say how long their stages took. A pool of boards says what happens to
    its boards, and keeps that in ``store``.
    """
    config = setup.config
    if not config.has_pool:
        return _workers(setup, profile, {})
    attached = cluster_members(config, setup.board.name) if config.executor == "ray" else {}
    names = members_here(config) or tuple(attached)
    pool = BoardPool(names, config.pool.quarantine_after, earlier_failures(store))
    keep = functools.partial(keep_pool, store)
    workers = _workers(setup, profile, attached)
    return PoolExecutor(workers, pool, tolerance=config.pool.tolerance, say=say, keep=keep)


def _workers(
    setup: Setup, profile: SearchProfile | None, boards: Mapping[str, str]
) -> ProcessExecutor | RayExecutor:
    """``boards`` are those of a pool that are attached to nodes: id -> custom resource."""
    config = setup.config
    others = tuple((one.config, one.board) for one in setup.others)
    factory = functools.partial(make_evaluator, config, setup.board, *([others] if others else []))
    if profile is not None:
        factory = functools.partial(factory, profile=True)
    grace_s = GRACE_S + (BOARD_DEADLINE_S if config.device == "serial" else 0.0)
    if config.executor == "ray":
        return RayExecutor(
            functools.partial(with_plug_ins, contents(plug_ins(config)), factory),
            address=config.ray_address,
            task_deadline_s=HANG_TIMEOUT_FACTOR * config.estimator.trial_deadline_s,
            data=SharedData.of(config.data, setup.dataset),
            gpus=config.gpus_per_trial,
            boards=boards,
            grace_s=grace_s,
        )
    return ProcessExecutor(
        factory,
        workers=config.workers,
        task_deadline_s=HANG_TIMEOUT_FACTOR * config.estimator.trial_deadline_s,
        grace_s=grace_s,
        memory_bytes=None if config.worker_memory_gb is None else round(1e9 * config.worker_memory_gb),
        image=WORKER_IMAGE,
        started=(lambda time: None) if profile is None else profile.add_start,
    )


def _loop(
    setup: Setup,
    store: Store,
    scorer: ZeroCostScorer,
    executor: Executor,
    termination: Termination,
    clock: CpuClock,
    observer: Observer,
) -> Loop:
    config, boards = setup.config, setup.boards
    gates = BoardGates({name: one.gate for name, one in boards.items()}) if setup.others else None
    proposals = Proposals(setup.space, gates or setup.gate, ceiling=setup.ceiling)

    def strategy_of(name: str, checked: Proposals) -> Strategy:
        return make_proposer(boards[name], store, checked, scorer, termination, observer)

    in_turn = BoardsInTurn(proposals, gates.gates, strategy_of) if gates else None
    return Loop(
        space=setup.space,
        strategy=in_turn or strategy_of(setup.board.name, proposals),
        proposals=proposals,
        first=setup.first,
        executor=executor,
        store=store,
        termination=termination,
        workers=config.workers,
        max_equal_failures=config.max_equal_failures,
        observer=observer,
        cpu_s=clock.spent_s,
        stop_without_board=config.on_board_failure == "stop",
        latency_gate=_latency_gate(setup),
        final_epochs=config.final_fit.epochs * config.training.fits_per_finalist,
        donors=Donors(setup.space) if config.estimator.warm_epochs is not None else None,
        sends=history_for(config),
        boards=gates,
        tell=in_turn.tell_record if in_turn else None,
        search=search_or_not(setup),
        speed=MachineSpeed(setup.space, len(setup.dataset.train)) if config.budget.is_timed else None,
    )


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


def cpu_before(store: Store) -> float:
    """CPU seconds of the stored trials; work interrupted by a kill is not included.

    The training of a supernet is included as far as the run folder holds it; later trials count it.
    """
    records = store.records()
    spent = [record.details.get(RUN_CPU_S) for record in records]
    trials_s = max((s for s in spent if isinstance(s, int | float)), default=0.0)
    counted = any(record.trial.origin == "strategy" for record in records)
    last = max((record.trial.number for record in records), default=-1)
    stages_s = 0.0 if counted else stage_cpu_s(store.folder)
    return trials_s + stages_s + supernets_cpu_s(store.folder, DIFFERENTIABLE, after=last)
