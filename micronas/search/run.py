"""A search from its configuration to its result."""

from __future__ import annotations

import itertools
from pathlib import Path

from micronas.data.front_end.file import front_end_file
from micronas.errors import ConfigError, MachineError, MicronasError, StoreError
from micronas.estimate.proxies import ZeroCostScorer
from micronas.host.machine_fault import machine_fault
from micronas.model.front_end import to_json
from micronas.report import has_report, write_report
from micronas.search.boards.winners import board_winners
from micronas.search.cpu_clock import CpuClock
from micronas.search.data_place import DATA_PLACE, place_of
from micronas.search.machine_stop import stopped_by
from micronas.search.make_loop import make_loop
from micronas.search.observer import Observer
from micronas.search.one_network import final_training, stored_alone
from micronas.search.outcome import conclude
from micronas.search.past import RUN_CPU_S, Past, TrialHistory
from micronas.search.predicted_latency.check import check_predictions, check_text
from micronas.search.profile import PROFILE_FACT, SearchProfile
from micronas.search.rank_agreement import agreement_text, rank_agreements
from micronas.search.result_json import has_summary, write_summary
from micronas.search.resume import CONFIG_FILE, config_text
from micronas.search.setup import Setup
from micronas.search.subnets.search import stage_cpu_s
from micronas.search.termination import make_termination
from micronas.search.workers.once import Once
from micronas.search.workers.search_executor import profiled, search_executor
from micronas.store import Final, Record, Store
from micronas.store.changes import DATA_DIGEST
from micronas.store.other_boards import OTHER_BOARDS
from micronas.store.stored_setup import FRONT_END_FACT
from micronas.strategy import DIFFERENTIABLE
from micronas.strategy.supernet_series import supernets_cpu_s
from micronas.trial import Json


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


def new_run_folder(runs: Path, run: str | None, stem: str) -> Path:
    """The folder of a new run in ``runs``, called ``run``, or ``STEM-1`` and so on.

    Raises ``ConfigError`` if ``run`` leads elsewhere: `micronas runs` would not find it.
    """
    if not run:
        return runs / free_run_name(runs, stem)
    if any(sign in run for sign in "/\\") or run in (".", ".."):
        raise ConfigError(
            f"run {run!r}: expected a name, not a path",
            remedy="name the run without slashes; --runs DIR chooses the folder that holds it",
        )
    return runs / run


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
        _write_files(store, final, summary=not has_summary(store.folder), page=not has_report(store.folder))
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
        executor = Once(profiled(workers, profile), final_training, stored_alone(store))
        if finish_now:
            records = _told(store, observer)
        else:
            observer.phase("training the first network")
            records = make_loop(setup, store, scorer, executor, termination, clock, observer).run()
        winners = board_winners(setup, records, executor, store, termination, observer.phase)
        agreement = rank_agreements(config, setup.space, scorer, store, records)
        executor.close()
    observer.phase("final build, measurement and test")
    try:
        final = conclude(setup, winners, store, agreement)
    except (MicronasError, OSError) as error:
        fault = machine_fault(error, store.folder)
        if fault is None or isinstance(error, StoreError):
            raise
        raise stopped_by(fault, "the final build") from error
    if config.latency.model:
        observer.phase(check_text(check_predictions(records)))
    for one in agreement:
        observer.phase(agreement_text(one))
    if profile is not None:
        store.amend({PROFILE_FACT: profile.to_json()})
    _write_files(store, final)
    return final


def _write_files(store: Store, final: Final, *, summary: bool = True, page: bool = True) -> None:
    """``result.json`` and the page of a stored result; if there is no room, a resumed search writes them."""
    try:
        if summary:
            write_summary(store, final)
        if page:
            write_report(store)
    except OSError as error:
        fault = machine_fault(error, store.folder)
        if fault is None:
            raise
        raise MachineError(
            f"{store.folder}: the result is stored, but not result.json and report.html: {fault.message}",
            remedy=f"{fault.remedy}; then continue with --resume, which writes them",
        ) from error


def _told(store: Store, observer: Observer) -> list[Record]:
    """Show the stored trials in the same way as those of a resumed run."""
    past = Past(TrialHistory.NOTHING)
    for number in store.numbers():
        record = store.record(number)
        past.add(record)
        observer.trial(record, True, past.feasible_share, "nothing")
    return past.records


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
