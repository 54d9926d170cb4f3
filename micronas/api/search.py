"""``search``: find a network that fits a board."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from micronas.api.run import Run, TrialFigures, figures_of
from micronas.board import Board
from micronas.config import SearchBudget, SearchConfig, find_config, load_config, parse_config
from micronas.host.plugin import Part, reference
from micronas.search import new_run, prepare, stored_setup
from micronas.search.run import free_run_name
from micronas.search.run import search as run_search
from micronas.store import Record, Store

Config: TypeAlias = str | Path | SearchConfig | Mapping[str, object]
Callback: TypeAlias = Callable[[TrialFigures], object]


class _Watcher:
    """Hands every trial to the user's callback; an ``Observer``."""

    def __init__(self, callback: Callback | None) -> None:
        self._callback = callback

    def trial(self, record: Record, replayed: bool, feasible_share: float, left: str) -> None:
        """See ``Observer``."""
        if self._callback is not None:
            self._callback(figures_of(record))

    def phase(self, text: str) -> None:
        """Not passed on."""


def search(
    config: Config | None = None,
    *,
    board: str | Path | Board | None = None,
    budget: SearchBudget | None = None,
    callback: Callback | None = None,
    settings: Mapping[str, object] | None = None,
    run: str | None = None,
    runs: str | Path = "runs",
    resume: str | Path | Run | None = None,
    source: object | None = None,
    metric: object | None = None,
    space: object | None = None,
    strategy: object | None = None,
    reward: object | None = None,
) -> Run:
    """Search for a network within the limits of ``board``; returns when the winner is built and tested.

    ``config`` is a shipped name, a YAML file, keys and values, or a ``SearchConfig``; ``settings`` overrides
    its keys by dotted name (``{"space.max_blocks": 4}``). ``callback`` gets every trial when it is known. An
    exception that it raises ends the search, and ``resume=RUN`` continues it. ``source``, ``metric``,
    ``space``, ``strategy`` and ``reward`` are parts of your own: see docs/guides/python_api.md. Raises
    ``MicronasError``.
    """
    if resume is not None:
        folder = resume.folder if isinstance(resume, Run) else Path(resume)
        with Store.resume(folder) as store:
            run_search(stored_setup(store), store, _Watcher(callback))
        return Run(folder)
    own = {
        Part.SOURCE: source,
        Part.METRIC: metric,
        Part.SPACE: space,
        Part.STRATEGY: strategy,
        Part.REWARD: reward,
    }
    plugged = {
        part.key: reference(thing, part, Path(runs) / "plugins")
        for part, thing in own.items()
        if thing is not None
    }
    limits = budget.model_dump(exclude_none=True) if budget is not None else {}
    overrides = {**(settings or {}), **plugged, **{f"budget.{key}": value for key, value in limits.items()}}
    if board is not None and not isinstance(board, Board):
        overrides["board"] = str(board)
    setup = prepare(
        _loaded({} if config is None else config, overrides), board if isinstance(board, Board) else None
    )
    folder = Path(runs) / (run or free_run_name(Path(runs), _stem(config)))
    with new_run(setup, folder) as store:
        try:
            run_search(setup, store, _Watcher(callback))
        finally:
            store.save_wall_time()
    return Run(folder)


def _loaded(config: Config, overrides: Mapping[str, object]) -> SearchConfig:
    if isinstance(config, str | Path):
        return load_config(config, overrides)
    raw = config.model_dump(exclude_defaults=True) if isinstance(config, SearchConfig) else config
    return parse_config(raw, overrides=overrides)


def _stem(config: Config | None) -> str:
    return find_config(config).stem if isinstance(config, str | Path) else "search"
