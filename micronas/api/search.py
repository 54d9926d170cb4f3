"""``search``: find a network that fits a board."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from micronas.api.run import Run, TrialFigures, figures_of, folder_of
from micronas.board import Board
from micronas.config import SearchBudget, SearchConfig, find_config, load_config, parse_config
from micronas.errors import ConfigError
from micronas.host.plugin import Part, reference
from micronas.search import Setup, new_run, prepare, stored_setup
from micronas.search.cpu_clock import tree_cpu_s
from micronas.search.run import new_run_folder
from micronas.search.run import search as run_search
from micronas.store import Record, Store

Config: TypeAlias = str | Path | SearchConfig | Mapping[str, object]
Callback: TypeAlias = Callable[[TrialFigures], object]
PhaseCallback: TypeAlias = Callable[[str], object]


class _Watcher:
    """Hands every trial and every phase to the user's callbacks; an ``Observer``."""

    def __init__(self, callback: Callback | None, on_phase: PhaseCallback | None) -> None:
        self._callback, self._on_phase = callback, on_phase

    def trial(self, record: Record, replayed: bool, feasible_share: float, left: str) -> None:
        """See ``Observer``."""
        if self._callback is not None:
            self._callback(figures_of(record))

    def phase(self, text: str) -> None:
        """See ``Observer``."""
        if self._on_phase is not None:
            self._on_phase(text)


def search(
    config: Config | None = None,
    *,
    board: str | Path | Board | Sequence[str | Path] | None = None,
    budget: SearchBudget | None = None,
    callback: Callback | None = None,
    on_phase: PhaseCallback | None = None,
    settings: Mapping[str, object] | None = None,
    run: str | None = None,
    runs: str | Path = "runs",
    resume: str | Path | Run | None = None,
    finish_now: bool = False,
    source: object | None = None,
    metric: object | None = None,
    space: object | None = None,
    strategy: object | None = None,
    estimator: object | None = None,
    reward: object | None = None,
) -> Run:
    """Search for a network within the limits of ``board``; returns after the winner is built and tested.

    Of several boards, every one has its own winner, and the run's figures are those of the first.
    ``config`` is a shipped name, a YAML file, keys and values, or a ``SearchConfig``; ``settings`` overrides
    its keys by dotted name (``{"space.max_blocks": 4}``). ``callback`` gets every trial when it is known, and
    ``on_phase`` a line when another phase begins, the first before the data are read. An exception that they
    raise ends the search. ``resume=RUN`` continues it; with ``finish_now``, the best so far is reported.
    ``source``, ``metric``, ``space``, ``strategy``, ``estimator`` and ``reward`` are your own parts,
    as objects or by ``module:name``. Raises ``MicronasError``.
    """
    watcher, start_cpu_s = _Watcher(callback, on_phase), tree_cpu_s()
    watcher.phase("reading the data and checking the tools")
    if resume is not None:
        folder = folder_of(resume)
        with Store.resume(folder) as store:
            _run(stored_setup(store), store, watcher, finish_now, start_cpu_s)
        return Run(folder)
    if finish_now:
        raise ConfigError("finish_now needs an interrupted run", remedy="name the run: resume=RUN")
    own = {
        Part.SOURCE: source,
        Part.METRIC: metric,
        Part.SPACE: space,
        Part.STRATEGY: strategy,
        Part.ESTIMATOR: estimator,
        Part.REWARD: reward,
    }
    plugged = {
        part.key: reference(thing, part, Path(runs) / "plugins")
        for part, thing in own.items()
        if thing is not None
    }
    limits = budget.model_dump(exclude_none=True) if budget is not None else {}
    overrides = {**(settings or {}), **plugged, **{f"budget.{key}": value for key, value in limits.items()}}
    if board and not isinstance(board, Board):
        first, *others = [board] if isinstance(board, str | Path) else board
        overrides |= {"board": str(first), "other_boards": [str(name) for name in others]}
    folder = new_run_folder(Path(runs), run, _stem(config))
    setup = prepare(
        _loaded({} if config is None else config, overrides), board if isinstance(board, Board) else None
    )
    with new_run(setup, folder) as store:
        _run(setup, store, watcher, False, start_cpu_s)
    return Run(folder)


def _run(setup: Setup, store: Store, watcher: _Watcher, finish_now: bool, start_cpu_s: float) -> None:
    try:
        run_search(setup, store, watcher, finish_now=finish_now, start_cpu_s=start_cpu_s)
    finally:
        store.save_wall_time()


def _loaded(config: Config, overrides: Mapping[str, object]) -> SearchConfig:
    if isinstance(config, str | Path):
        return load_config(config, overrides)
    raw = config.model_dump(exclude_defaults=True) if isinstance(config, SearchConfig) else config
    return parse_config(raw, overrides=overrides)


def _stem(config: Config | None) -> str:
    return find_config(config).stem if isinstance(config, str | Path) else "search"
